//! A quick run: which tiers it tries, how far its level comes, and what is said of it.

#![expect(clippy::unwrap_used, reason = "facts that cannot be made fail their test")]

use crate::story::*;
use cc_ci_model::canonical::Canonical;
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::{Commit, Domain, RunId, StackName};
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::build::{BackupPromise, PlanFacts, plan};
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::plan::permit::Purpose;
use cc_ci_model::plan::scrutiny::{Scrutiny, TreeState};
use cc_ci_model::plan::step::Check;
use cc_ci_model::plan::{Disposition, Plan, Skip};
use cc_ci_model::report::plan as drawn;
use cc_ci_model::report::{ReportView, summary};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::promotion;
use std::collections::{BTreeMap, BTreeSet};

fn quick() -> PlanFacts {
    let stack = StackName::observed("mini-abc123");
    let canonical = Canonical {
        version: "1.0.0+2.2.6".to_owned(),
        commit: Commit::parse(&"2".repeat(40)).unwrap(),
        run: RunId::parse("r7").unwrap(),
        promoted: "2026-11-29T12:00:00Z".to_owned(),
        domain: Domain::of_stack(&stack, "cc-ci.test"),
        stack,
        secrets: BTreeSet::from(["mini-abc123_pw_v1".to_owned()]),
        data: None,
    };
    PlanFacts { kind: Kind::Quick { canonical: Box::new(canonical) }, ..facts() }
}

fn skip(plan: &Plan, tier: Tier) -> Option<Skip> {
    match plan.tier(tier).unwrap().disposition {
        Disposition::Skip { why, .. } => Some(why),
        Disposition::Run => None,
    }
}

#[test]
fn it_has_one_permit_for_the_canonical_in_its_own_place() {
    let made = plan(quick());
    let purposes: Vec<&Purpose> = made.plan.permits.iter().map(|grant| &grant.purpose).collect();
    assert_eq!(purposes, [&Purpose::Canonical]);
    assert_eq!(
        (made.plan.stack.as_str(), made.plan.domain.to_string().as_str()),
        ("mini-abc123", "mini-abc123.cc-ci.test")
    );
    let (mut permits, other) = (made.permits, Purpose::Base);
    assert!(permits.take(&other).is_none() && permits.take(&Purpose::Canonical).is_some());
    assert!(permits.take(&Purpose::Canonical).is_none());
}

#[test]
fn backup_and_restore_are_left_out_and_everything_else_is_tried() {
    let made = plan(quick()).plan;
    let skips = Tier::ALL.map(|tier| skip(&made, tier));
    assert_eq!(skips, [None, None, Some(Skip::Quick), Some(Skip::Quick), None]);
    // Also where the recipe promises no backup, or its settings skip it: what a quick run leaves out caps its level.
    let nothing = BackupPromise::Not { reason: "no labels".to_owned() };
    let skips = BTreeMap::from([(Tier::Backup, "later".to_owned())]);
    let made = plan(PlanFacts { backup: nothing, skips, uncovered: vec!["all".to_owned()], ..quick() }).plan;
    assert_eq!([Tier::Backup, Tier::Restore].map(|tier| skip(&made, tier)), [Some(Skip::Quick); 2]);
    assert_eq!(Story::green(&made).verdict().level, 2);
    // Own tests of which none can run are no lack of the recipe.
    let untested = BTreeSet::from([Tier::Custom]);
    let made = plan(PlanFacts { untested, tests: BTreeMap::new(), ..quick() }).plan;
    assert_eq!(skip(&made, Tier::Custom), Some(Skip::Quick));
    let made = plan(PlanFacts { tests: BTreeMap::new(), ..quick() }).plan;
    assert_eq!(skip(&made, Tier::Custom), Some(Skip::Structural));
}

#[test]
fn a_green_one_is_at_level_two_at_most_without_a_badge_and_promotes_nothing() {
    let made = plan(quick()).plan;
    let story = Story::green(&made);
    let verdict = story.verdict();
    assert_eq!((verdict.color, verdict.shown_level()), (Color::Green, Some(2)));
    assert_eq!(verdict.capped_by(), Some("quick, at most level 2"));
    assert!(!verdict.has_badge() && Story::green(&plan(facts()).plan).verdict().has_badge());
    let lost = Story::green(&made).but(&check(&made, Tier::Upgrade, Check::Volumes), failed(Cause::VolumeShrunk));
    assert_eq!((lost.verdict().color, lost.verdict().level), (Color::Red, 1));
    let scrutiny = Scrutiny { state: TreeState::Uncommitted, ..Scrutiny::default() };
    let verdict = Story::green(&plan(PlanFacts { scrutiny, ..quick() }).plan).verdict();
    assert_eq!((verdict.shown_level(), verdict.has_badge()), (None, false));
    assert_eq!(verdict.capped_by(), Some("the work tree was tested, not a commit; quick, at most level 2"));
    let cold = cc_ci_model::plan::promotion::Promotion::IfGreen { version: "1".to_owned() };
    let made = plan(PlanFacts { promotion: cold, ..quick() }).plan;
    let (evidence, verdict) = (Evidence::fold(&Story::green(&made).told()), Story::green(&made).verdict());
    // Even if a plan said so by mistake.
    assert_eq!(promotion::due(&made, &evidence, &verdict), Err("backup did not pass".to_owned()));
}

#[test]
fn the_plan_says_what_it_is() {
    let text = drawn::render(&plan(quick()).plan);
    let said = |line: &str| text.lines().any(|one| one.starts_with(line));
    assert!(said("kind     quick, at most level 2"), "{text}");
    assert!(said("         backup   skipped: a quick run does not try it"), "{text}");
    assert!(
        said("         canonical: every tier needs the app running; the canonical 1.0.0+2.2.6 is brought back"),
        "{text}"
    );
}

#[test]
fn a_cold_run_that_was_to_be_quick_says_so_in_plan_and_summary_and_is_whole() {
    let told = "quick was asked for, but the recipe has no canonical: runs cold";
    let made = plan(PlanFacts { cold_after_all: Some(told.to_owned()), ..facts() }).plan;
    assert!(drawn::render(&made).contains(&format!("kind     {told}\n")));
    let story = Story::green(&made);
    let view = ReportView::new(&made, &Evidence::fold(&story.told()), &story.verdict());
    assert!(summary::render(&view).contains(&format!("note: {told}\n")));
    let plain = Story::green(&plan(facts()).plan).verdict();
    assert_eq!((view.verdict.level, view.verdict.has_badge()), (plain.level, true));
    assert!(plain.level > 2);
}

#[test]
fn its_plan_is_written_and_read_back() {
    let made = plan(quick()).plan;
    let text = serde_json::to_string(&made).unwrap();
    assert!(text.contains(r#""kind":{"kind":"quick""#));
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), made);
}
