//! The fifth rung: lint raises the level to five or leaves it where it is, and never touches the colour.

use crate::story::*;
use cc_ci_model::event::{Event, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::exit;
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::step::Check;
use cc_ci_model::redact::Vault;
use cc_ci_model::report::{ReportView, results, summary};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, Status, judge};
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::source::Severity;

#[test]
fn lint_decides_the_fifth_rung_and_nothing_else() {
    let plan = a_plan();
    let table = [
        (None, Status::Unver, 4),
        (Some(LintReport::default()), Status::Pass, 5),
        (Some(found(Severity::Warning)), Status::Pass, 5),
        (Some(found(Severity::Error)), Status::Fail, 4),
    ];
    for (report, rung, level) in table {
        let story = report.iter().fold(Story::green(&plan), |story, report| story.linted(report.clone()));
        let verdict = story.verdict();
        assert_eq!((verdict.rungs.lint, verdict.level), (rung, level), "{report:?}");
        assert_eq!(
            (verdict.color, exit::of_verdict(&verdict), verdict.is_green()),
            (Color::Green, 0, true),
            "{report:?}"
        );
    }
}

#[test]
fn lint_does_not_lift_a_run_over_a_tier_that_failed() {
    let plan = a_plan();
    let serving = check(&plan, Tier::Upgrade, Check::Serving);
    let verdict = Story::green(&plan).but(&serving, failed(Cause::NotServing)).linted(LintReport::default()).verdict();
    assert_eq!((verdict.level, verdict.color, verdict.rungs.lint), (1, Color::Red, Status::Pass));
}

#[test]
fn a_record_without_lint_never_stands_higher_than_with_it() {
    let plan = a_plan();
    for report in [LintReport::default(), found(Severity::Warning), found(Severity::Error)] {
        let events = Story::green(&plan).linted(report).told();
        let without: Vec<Stamped> =
            events.iter().filter(|stamped| !matches!(stamped.event, Event::Linted(_))).cloned().collect();
        assert_eq!(without.len() + 1, events.len());
        let level = |events: &[Stamped]| judge(&plan, &Evidence::fold(events)).level;
        assert!(level(&renumbered(without)) <= level(&events));
    }
}

#[test]
fn a_recipe_that_is_linted_twice_proves_nothing() {
    let plan = a_plan();
    let mut events = Story::green(&plan).linted(LintReport::default()).told();
    let at = events.iter().position(|stamped| matches!(stamped.event, Event::Linted(_))).unwrap();
    events.insert(at, events[at].clone());
    let verdict = judge(&plan, &Evidence::fold(&renumbered(events)));
    assert_eq!((verdict.level, verdict.color), (0, Color::Unverified));
    assert_eq!(verdict.reasons, ["the recipe was linted twice"]);
}

#[test]
fn the_reports_say_what_lint_found() {
    let plan = a_plan();
    let story = Story::green(&plan).linted(found(Severity::Error));
    let evidence = Evidence::fold(&story.told());
    let view = ReportView::new(&plan, &evidence, &story.verdict());
    let text = summary::render(&view);
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("level")).take(3).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    level 4 of 5: install pass, upgrade pass, backup_restore pass, functional pass, lint fail
    lint: 1 error (CC101)
      abra.sh:2: error CC101: `a.conf` changed since 1.0.0+2.2.6, but config `a` still has the version v1
    ");
    let mut many = found(Severity::Error);
    many.findings = vec![many.findings[0].clone(); 12];
    let story = Story::green(&plan).linted(many);
    let text = summary::render(&ReportView::new(&plan, &Evidence::fold(&story.told()), &story.verdict()));
    assert_eq!((text.matches("error CC101").count(), text.matches("  and 2 more in lint.txt\n").count()), (10, 1));
    let results = results::Results::new(&view);
    assert_eq!((results.lint.status, results.lint.rules_failed), (Status::Fail, vec!["CC101".to_owned()]));
    assert_eq!((results.lint.detail.as_str(), results.lint.findings.len()), ("1 error (CC101)", 1));
}

#[test]
fn results_of_schema_two_and_early_three_are_still_read() {
    let lint: results::Lint =
        serde_json::from_str(r#"{"status":"fail","detail":"R011","rules_failed":["R011"]}"#).unwrap();
    assert_eq!((lint.status, lint.findings.len(), lint.rules_warned.len()), (Status::Fail, 0, 0));
}

#[test]
fn a_secret_in_a_finding_is_masked() {
    let vault = Vault::new(vec![("pin".to_owned(), "a.conf".to_owned())]);
    let masked = vault.redactor().event(Event::Linted(found(Severity::Error)));
    let text = serde_json::to_string(&masked).unwrap();
    assert!(text.contains("`*****` changed") && !text.contains("a.conf"), "{text}");
}
