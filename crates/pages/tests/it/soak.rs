//! The page of a soak: what it says, and what hostile text cannot do to it.

use crate::story::*;
use cc_ci_model::evidence::Evidence;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::step::Check;
use cc_ci_model::report::ReportView;
use cc_ci_model::soak::ObservedRun;
use cc_ci_model::soak::report::{SoakPlan, SoakReport};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::judge;

const HOSTILE: &str = "</td><script>alert(1)</script> \"><img src=x onerror=alert(1)>";

fn soaked(bad: usize) -> SoakReport {
    let plan = a_plan();
    let serving = check(&plan, Tier::Upgrade, Check::Serving);
    let run = |number: usize| {
        let failed = Outcome::Failed(Finding::new(Cause::NotServing, HOSTILE));
        let story = Story::green(&plan);
        let story = if number <= bad { story.but(&serving, failed) } else { story };
        let evidence = Evidence::fold(&story.told());
        let verdict = judge(&plan, &evidence);
        let code = cc_ci_model::exit::of_verdict(&verdict);
        ObservedRun::of(u32::try_from(number).unwrap(), &ReportView::new(&plan, &evidence, &verdict), code)
    };
    let asked = SoakPlan {
        recipe: plan.recipe.clone(),
        head: plan.head.clone(),
        base: Some("1.0.0+2.2.6".to_owned()),
        runs: 4,
        jobs: 1,
        deploys_each: 1,
    };
    SoakReport::new(asked, (1..=4).map(run).collect(), None, None)
}

#[test]
fn a_page_says_what_is_flaky_and_hostile_text_stays_text() {
    let page = cc_ci_pages::soak::document(&soaked(1)).unwrap();
    assert!(page.contains("<title>soak of miniflux bbbbbbbb: flaky</title>"), "{page}");
    assert!(page.contains("<th scope=\"row\">upgrade/serving</th><td>FLAKY</td><td>3</td><td>1</td>"), "{page}");
    assert!(page.contains("deploy-count = 4 (expect 4, engine saw 4)"), "{page}");
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert!(!page.contains("<img"), "{page}");
    let green = cc_ci_pages::soak::document(&soaked(0)).unwrap();
    assert!(green.contains("bbbbbbbb: green</title>") && green.contains("<p>None.</p>"), "{green}");
    let red = cc_ci_pages::soak::document(&soaked(4)).unwrap();
    assert!(red.contains("bbbbbbbb: not green</title>") && !red.contains("FLAKY"), "{red}");
}
