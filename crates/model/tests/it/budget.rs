//! The deploy budget: what each disagreement among plan, ledger and witness is called (RUN-3).

use crate::story::*;
use cc_ci_model::event::Event;
use cc_ci_model::evidence::Evidence;
use cc_ci_model::exit;
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::step::Operation;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::budget::{Agreement, Came, answers_for};
use cc_ci_model::verdict::{Color, Verdict, judge};

fn red(verdict: &Verdict, line: &str, words: &[&str], blame: Blame) {
    assert_eq!(verdict.color, Color::Red, "{:?}", verdict.reasons);
    assert_eq!(verdict.budget.agreement, Agreement::Disagreed);
    assert_eq!(verdict.budget.line(), line);
    assert_eq!(verdict.budget.words, words);
    assert_eq!(verdict.blame, Some(blame));
    assert!(verdict.reasons[0].starts_with(line), "{:?}", verdict.reasons);
    // Green tiers or not: the level stays what the rungs say, the run is red.
    assert_eq!(verdict.level, 4);
}

#[test]
fn a_hook_that_deploys_a_stack_of_its_own_is_named() {
    let plan = a_plan();
    let verdict = Story::green(&plan).counting(|b| b.witness.push(StackName::observed("sneaky"))).verdict();
    red(
        &verdict,
        "deploy-count = 1 (expect 1, engine saw 2)",
        &["the engine saw stack sneaky being created, the ledger does not have it"],
        Blame::Test,
    );
    assert_eq!(exit::of_verdict(&verdict), exit::RED);
}

#[test]
fn a_change_of_the_app_that_nobody_announced_is_named() {
    let verdict = Story::green(&a_plan()).counting(|b| b.unexplained.push("mini-1: app (image)".to_owned())).verdict();
    red(
        &verdict,
        "deploy-count = 1 (expect 1, engine saw 1)",
        &["the engine saw a change that no operation of the run explains: mini-1: app (image)"],
        Blame::Test,
    );
}

#[test]
fn a_runner_that_deploys_twice_is_named() {
    let plan = a_plan();
    let twice = vec![plan.stack.clone(), plan.stack.clone()];
    let mut events = Story::green(&plan).counting(|b| (b.ledger, b.witness) = (twice.clone(), twice.clone())).told();
    let at = events.iter().position(|s| matches!(s.event, Event::Deploying { .. })).unwrap();
    events.insert(at, events[at].clone());
    let verdict = judge(&plan, &Evidence::fold(&renumbered(events)));
    let again = format!("stack {} was deployed for `base` without a permit left", plan.stack);
    red(
        &verdict,
        "deploy-count = 2 (expect 1, engine saw 2)",
        &["the ledger has 2, the plan permits 1", &again],
        Blame::Harness,
    );
    assert_eq!(exit::of_verdict(&verdict), exit::BUG);
}

#[test]
fn a_ledger_with_a_missing_line_is_named() {
    let plan = a_plan();
    let verdict = Story::green(&plan).counting(|b| b.ledger.clear()).verdict();
    let record = format!("the record announces a deploy of {} that the ledger on disk lacks", plan.stack);
    let engine = format!("the engine saw stack {} being created, the ledger does not have it", plan.stack);
    red(
        &verdict,
        "deploy-count = 0 (expect 1, engine saw 1)",
        &["the plan permits 1, the ledger has only 0", &record, &engine],
        Blame::Harness,
    );
}

#[test]
fn a_ledger_line_that_nothing_else_knows_is_named() {
    let plan = a_plan();
    let verdict = Story::green(&plan).counting(|b| b.ledger.push(StackName::observed("ghost"))).verdict();
    red(
        &verdict,
        "deploy-count = 2 (expect 1, engine saw 1)",
        &[
            "the ledger has 2, the plan permits 1",
            "the ledger on disk has a deploy of ghost that the record does not announce",
            "the ledger has a deploy of ghost that the engine did not see",
        ],
        Blame::Harness,
    );
}

#[test]
fn a_witness_that_saw_nothing_disagrees() {
    let plan = a_plan();
    let verdict = Story::green(&plan).counting(|b| b.witness.clear()).verdict();
    let words = format!("the ledger has a deploy of {} that the engine did not see", plan.stack);
    red(&verdict, "deploy-count = 1 (expect 1, engine saw 0)", &[&words], Blame::Harness);
}

#[test]
fn a_witness_with_a_gap_cannot_vouch() {
    let verdict = Story::green(&a_plan()).counting(|b| b.unbroken = false).verdict();
    red(
        &verdict,
        "deploy-count = 1 (expect 1, engine saw 1)",
        &["the witness did not watch without a gap, so it cannot vouch for its count"],
        Blame::Harness,
    );
}

#[test]
fn a_deploy_that_was_refused_is_not_a_disagreement() {
    let plan = a_plan();
    let deploy = operation(&plan, Tier::Install, Operation::Deploy);
    let verdict =
        Story::green(&plan).but(&deploy, failed(Cause::DeployRefused)).counting(|b| b.witness.clear()).verdict();
    assert_eq!(verdict.budget.agreement, Agreement::Unknown);
    assert_eq!((verdict.color, verdict.blame), (Color::Red, Some(Blame::Base)));
}

#[test]
fn a_run_that_ended_before_the_count_is_not_green_and_does_not_hide_why() {
    let plan = a_plan();
    let mut events = Story::green(&plan).told();
    events.retain(|stamped| !matches!(stamped.event, Event::Budget(_)));
    let verdict = judge(&plan, &Evidence::fold(&renumbered(events)));
    assert_eq!(verdict.budget.line(), "deploy-count = ? (expect 1, engine saw ?)");
    assert_eq!((verdict.color, verdict.blame), (Color::Unverified, Some(Blame::Harness)));
}

#[test]
fn a_run_answers_for_what_is_its_own_and_for_what_came_while_a_hook_ran_on_the_host() {
    let (plan, name) = (a_plan(), StackName::observed);
    let answers = |stack: &StackName, label| answers_for(&plan, &[name("written")], stack, label, Came::Otherwise);
    assert!(answers(&name("any"), Some("r1")), "its label");
    assert!(answers(&name("written"), None), "its ledger");
    assert!(answers(&plan.stack, None), "its stack, removed before anybody saw its label");
    for label in [None, Some("r2"), Some(""), Some("r1 ")] {
        assert!(!answers(&name("strange"), label), "{label:?}");
        assert!(answers_for(&plan, &[], &name("strange"), label, Came::WhileAHookRan), "{label:?}");
    }
    assert!(!answers(&name(&format!("{}-2", plan.stack)), None), "a like name is not the name");
}
