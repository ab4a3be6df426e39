//! What one run says to a search and to a soak: about one tier, and about every check.

use crate::story::*;
use cc_ci_model::bisect::answer::{ProbeAnswer, TierQuestion};
use cc_ci_model::bisect::reuse::WantedRun;
use cc_ci_model::event::{Event, RunEnd, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::{Commit, RunId, StackName};
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::plan::step::{Check, Operation};
use cc_ci_model::report::ReportView;
use cc_ci_model::soak::{CheckName, CheckSeen, ObservedRun};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::judge;
use std::collections::BTreeSet;

fn answer_of(question: &TierQuestion, plan: &Plan, events: &[Stamped]) -> ProbeAnswer {
    let evidence = Evidence::fold(events);
    question.answered(plan, &evidence, &judge(plan, &evidence))
}

fn upgrade(plan: &Plan) -> TierQuestion {
    TierQuestion { tier: Tier::Upgrade, head: plan.head.clone(), base: plan.base.commit().cloned() }
}

/// The upgrade tier's answer in a story.
fn said(story: &Story, plan: &Plan) -> ProbeAnswer {
    answer_of(&upgrade(plan), plan, &story.told())
}

fn is_none(answer: &ProbeAnswer, words: &str) {
    match answer {
        ProbeAnswer::None { why } => assert!(why.contains(words), "{why}"),
        ProbeAnswer::Passes | ProbeAnswer::Fails => panic!("{answer:?}"),
    }
}

#[test]
fn a_run_answers_for_the_one_tier_and_other_tiers_do_not_matter() {
    let plan = a_plan();
    let (moved, serving) = (check(&plan, Tier::Upgrade, Check::Moved), check(&plan, Tier::Upgrade, Check::Serving));
    let backup = operation(&plan, Tier::Backup, Operation::Snapshot);
    assert_eq!(said(&Story::green(&plan), &plan), ProbeAnswer::Passes);
    assert_eq!(said(&Story::green(&plan).but(&backup, failed(Cause::HookFailed)), &plan), ProbeAnswer::Passes);
    assert_eq!(said(&Story::green(&plan).but(&serving, failed(Cause::NotServing)), &plan), ProbeAnswer::Fails);
    is_none(&said(&Story::green(&plan).but(&moved, failed(Cause::EngineLost)), &plan), "EngineLost");
}

#[test]
fn a_base_that_does_not_come_up_says_nothing_about_the_commit() {
    let plan = a_plan();
    let converged = check(&plan, Tier::Install, Check::Converged);
    let story = Story::green(&plan).but(&converged, failed(Cause::CrashLoop));
    is_none(&said(&story, &plan), "install failed: install/converged: app: it went wrong: CrashLoop");
    let install = TierQuestion { tier: Tier::Install, ..upgrade(&plan) };
    is_none(&answer_of(&install, &plan, &story.told()), "CrashLoop");
}

#[test]
fn what_cannot_be_trusted_or_is_about_something_else_is_no_answer() {
    let plan = a_plan();
    let green = Story::green(&plan);
    let sneaky = green.clone().counting(|budget| budget.witness.push(StackName::observed("sneaky")));
    is_none(&said(&sneaky, &plan), "do not agree");
    let cancelled = RunEnd::Cancelled { by: "SIGINT".to_owned() };
    let serving = check(&plan, Tier::Install, Check::Serving);
    let ended = green.clone().but(&serving, unverified(Cause::Cancelled)).ending(cancelled);
    is_none(&said(&ended, &plan), "cancelled by SIGINT");
    let mut torn = green.told();
    torn.pop();
    is_none(&answer_of(&upgrade(&plan), &plan, &torn), "never ended");
    let mut gap = green.told();
    gap.remove(3);
    is_none(&answer_of(&upgrade(&plan), &plan, &gap), "cannot be trusted");
    let other = Commit::parse(&"c".repeat(40)).unwrap();
    let head = TierQuestion { head: other.clone(), ..upgrade(&plan) };
    is_none(&answer_of(&head, &plan, &green.told()), "another commit");
    let base = TierQuestion { base: Some(other), ..upgrade(&plan) };
    is_none(&answer_of(&base, &plan, &green.told()), "another base");
    let from_head = a_plan_from_head();
    is_none(&said(&Story::green(&from_head), &from_head), "no published version");
}

/// Whether the stored run of a plan stands for one that would be made by `wanted`.
fn stands(stored: &Plan, wanted: &Plan, program: &str, engine: &str) -> bool {
    let mut events = Story::green(stored).told();
    let fact = Event::HostFact { name: "engine".to_owned(), value: "Docker 20.10".to_owned() };
    events.insert(2, Stamped { seq: 0, ms: 0, event: fact });
    let evidence = Evidence::fold(&renumbered(events));
    let program = if program == "same" { evidence.start.as_ref().unwrap().program.clone() } else { program.to_owned() };
    let wanted = WantedRun { plan: wanted, tier: Tier::Upgrade, engine, program: &program };
    wanted.is_stored_as(stored, &evidence)
}

#[test]
fn a_stored_run_stands_for_one_of_the_same_that_ends_earlier_and_for_nothing_else() {
    let part = |facts: PlanFacts| {
        let stages = BTreeSet::from([Tier::Install, Tier::Upgrade]);
        plan(PlanFacts { stages, run: RunId::parse("r2").unwrap(), ..facts }).plan
    };
    let (whole, wanted) = (a_plan(), part(facts()));
    assert!(stands(&whole, &wanted, "same", "Docker 20.10"));
    assert!(!stands(&whole, &wanted, "0.0.0-other", "Docker 20.10"), "another program judged it");
    assert!(!stands(&whole, &wanted, "same", "Docker 29.0"), "another engine ran it");
    let mut other = facts();
    other.head = Commit::parse(&"c".repeat(40)).unwrap();
    assert!(!stands(&whole, &part(other), "same", "Docker 20.10"), "another commit");
    let mut other = facts();
    other.tests.insert(Tier::Upgrade, vec!["upgrade.hurl".to_owned(), "upgrade.sh".to_owned()]);
    assert!(!stands(&whole, &part(other), "same", "Docker 20.10"), "another test");
    let mut other = facts();
    other.customization.insert("env.install".to_owned(), "LANG=de".to_owned());
    assert!(!stands(&whole, &part(other), "same", "Docker 20.10"), "another setting");
    let mut other = facts();
    other.limits.converge += 1;
    assert!(!stands(&whole, &part(other), "same", "Docker 20.10"), "another limit");
    assert!(!stands(&a_plan_from_head(), &wanted, "same", "Docker 20.10"), "another base");
}

#[test]
fn a_soak_tells_what_failed_from_what_it_kept_from_being_reached() {
    let plan = a_plan();
    let serving = check(&plan, Tier::Install, Check::Serving);
    let evidence = Evidence::fold(&Story::green(&plan).but(&serving, failed(Cause::NotServing)).told());
    let view = ReportView::new(&plan, &evidence, &judge(&plan, &evidence));
    let run = ObservedRun::of(1, &view, 10);
    let seen = |name: CheckName| run.checks.iter().find(|(one, _)| *one == name).map(|(_, seen)| seen.clone()).unwrap();
    assert!(matches!(seen(CheckName::Step(serving)), CheckSeen::Failed { .. }));
    assert!(matches!(seen(CheckName::Tier(Tier::Install)), CheckSeen::Failed { .. }));
    assert_eq!(seen(CheckName::Budget), CheckSeen::Passed);
    assert_eq!(seen(CheckName::Clean), CheckSeen::Passed);
    assert!(!run.is_green() && run.cause.as_deref().is_some_and(|cause| cause.starts_with("install failed")));
}

#[test]
fn a_run_that_leaves_something_is_seen_by_a_check_of_its_own() {
    let plan = a_plan();
    let object = cc_ci_model::object::Object::new(cc_ci_model::object::ObjectKind::Volume, "mini-1_data");
    let evidence = Evidence::fold(&Story::green(&plan).leaving(object).told());
    let view = ReportView::new(&plan, &evidence, &judge(&plan, &evidence));
    let run = ObservedRun::of(1, &view, 1);
    let clean = run.checks.iter().find(|(name, _)| *name == CheckName::Clean).map(|(_, seen)| seen);
    assert_eq!(clean, Some(&CheckSeen::Failed { why: "volume mini-1_data".to_owned() }));
    let ended = Evidence::fold(&Story::green(&plan).ending(RunEnd::Deadline).told());
    let view = ReportView::new(&plan, &ended, &judge(&plan, &ended));
    assert!(!ObservedRun::of(2, &view, 142).is_green());
}
