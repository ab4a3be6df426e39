//! The page of a sweep: what it says, and what hostile text cannot do to it.

#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

use crate::story::*;
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::{RecipeName, RunId, StackName};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::step::Check;
use cc_ci_model::report::ReportView;
use cc_ci_model::sweep::facts::{ANSWER_FORMAT, AnswerFacts, LastAnswer};
use cc_ci_model::sweep::guards::SweepCounts;
use cc_ci_model::sweep::plan::{Decision, PlannedProvider, PlannedRecipe, SweepPlan};
use cc_ci_model::sweep::report::{SweepEnd, SweepReport};
use cc_ci_model::sweep::rows::{ProviderCame, ProviderRow, RanRow, RowEnd, SweepRow};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, judge};

const HOSTILE: &str = "</td><script>alert(1)</script> \"><img src=x onerror=alert(1)>";

fn id(text: &str) -> RunId {
    RunId::parse(text).unwrap()
}

fn recipe(name: &str, decision: Decision) -> PlannedRecipe {
    PlannedRecipe { name: name.to_owned(), version: Some("1.1.0+2.2.6".to_owned()), commit: None, decision }
}

/// A run as its record has it, green or with a failed check.
fn ran(failed: bool) -> RanRow {
    let plan = a_plan();
    let serving = check(&plan, Tier::Upgrade, Check::Serving);
    let story = Story::green(&plan);
    let story = match failed {
        true => story.but(&serving, Outcome::Failed(Finding::new(Cause::NotServing, HOSTILE))),
        false => story,
    };
    let evidence = Evidence::fold(&story.told());
    let verdict = judge(&plan, &evidence);
    let code = cc_ci_model::exit::of_verdict(&verdict);
    RanRow::of(&ReportView::new(&plan, &evidence, &verdict), &evidence, code)
}

/// Two that ran, one that did not have to, and what was lent.
pub(crate) fn swept(failed: bool) -> SweepReport {
    let needs = || vec![RecipeName::parse("canaille").unwrap()];
    let run = |needs| Decision::Run { why: format!("image db:1 is b, and was a {HOSTILE}"), needs };
    let unchanged = Decision::Unchanged { run: id("r0"), at: "2026-11-22T03:00:00Z".to_owned(), level: Some(5) };
    let (stack, keeper) = (StackName::observed("cana-1"), RecipeName::parse("canaille").unwrap());
    let provider = PlannedProvider {
        recipe: keeper.clone(),
        version: "1.1.0+0.3.4".to_owned(),
        run: id("s1-d1"),
        stack: stack.clone(),
    };
    let recipes = vec![recipe("miniflux-sso", run(needs())), recipe("wiki", unchanged)];
    let plan = SweepPlan { sweep: id("s1"), expect: None, jobs: 1, recipes, providers: vec![provider] };
    let last = LastAnswer {
        format: ANSWER_FORMAT,
        recipe: RecipeName::parse("miniflux-sso").unwrap(),
        version: "1.0.0+2.2.6".to_owned(),
        commit: cc_ci_model::ids::Commit::parse(&"a".repeat(40)).unwrap(),
        run: id("r1"),
        sweep: id("s0"),
        at: "2026-11-22T03:00:00Z".to_owned(),
        color: Color::Green,
        level: Some(2),
        exit_code: 0,
        ms: 1,
        facts: AnswerFacts::default(),
    };
    let row = RanRow { given: vec![keeper.clone()], ..ran(failed) }.after(Some(&last), |_| failed);
    let seen = row.ledger.iter().map(|stack| (stack.clone(), None)).chain([(stack.clone(), None)]).collect();
    let counts = SweepCounts { ledger: vec![stack.clone()], seen, unbroken: true };
    let end = SweepEnd { counts, began: "2026-11-29T03:00:00Z".to_owned(), ms: 93_000, ..SweepEnd::default() };
    let made = vec![SweepRow::of_run(&plan.recipes[0], RowEnd::Ran(Box::new(row)))];
    let came = ProviderCame::Up { ms: 21_000 };
    let shared = ProviderRow { recipe: keeper, version: "1.1.0+0.3.4".to_owned(), stack, came };
    SweepReport::new(plan, made, vec![shared], end)
}

#[test]
fn a_page_says_what_changed_and_hostile_text_stays_text() {
    let page = cc_ci_pages::sweep::document(&swept(true)).unwrap();
    assert!(page.contains("<title>sweep of 2 recipes: red</title>"), "{page}");
    assert!(page.contains("green at 1.0.0+2.2.6</td><td>2</td><td>red</td>"), "{page}");
    assert!(page.contains("flaky: the very same was asked"), "{page}");
    assert!(page.contains("<td>brought up in 21.0 s</td><td>miniflux-sso</td>"), "{page}");
    assert!(page.contains("unchanged since 2026-11-22T03:00:00Z"), "{page}");
    assert!(page.contains("deploy-count = 2 (expect 2, engine saw 2)"), "{page}");
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert!(!page.contains("<img"), "{page}");
    let green = cc_ci_pages::sweep::document(&swept(false)).unwrap();
    assert!(green.contains("sweep of 2 recipes: green</title>") && !green.contains("flaky"), "{green}");
    let mut empty = swept(false);
    empty.rows.clear();
    let empty = cc_ci_pages::sweep::document(&empty).unwrap();
    assert!(empty.contains("<p>None was found.</p>") && empty.contains("no recipe was found"), "{empty}");
}
