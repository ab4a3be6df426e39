//! The rules of judging, one test each, on whole runs.

use crate::story::*;
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::evidence::{Evidence, StepSeen};
use cc_ci_model::exit;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::build::{BackupPromise, Data, HasConnections, HasRoute, PlanFacts, plan};
use cc_ci_model::plan::step::{Action, Check, Operation};
use cc_ci_model::plan::{self as plans, Disposition};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::{Color, Status, judge, level};
use std::collections::BTreeMap;

fn statuses(story: &Story) -> [Status; 5] {
    let verdict = story.verdict();
    Tier::ALL.map(|tier| verdict.tier(tier).unwrap().status)
}

use Status::{Fail, Pass, Skip, Unver};

#[test]
fn when_everything_planned_passed_the_run_is_green_at_level_four() {
    let story = Story::green(&a_plan());
    let verdict = story.verdict();
    assert_eq!(verdict.color, Color::Green, "{:?}", verdict.reasons);
    assert!(verdict.is_green() && verdict.reasons.is_empty() && verdict.blame.is_none());
    assert_eq!((verdict.level, exit::of_verdict(&verdict)), (4, exit::GREEN));
    assert_eq!(verdict.budget.line(), "deploy-count = 1 (expect 1, engine saw 1)");
    assert_eq!(statuses(&story), [Pass; 5]);
}

#[test]
fn a_skipped_tier_is_neutral_and_is_not_earned() {
    let plan = plan(PlanFacts {
        backup: BackupPromise::Not { reason: "no backup labels".to_owned() },
        tests: BTreeMap::new(),
        data: Data::None,
        ..facts()
    })
    .plan;
    let story = Story::green(&plan);
    assert_eq!(statuses(&story), [Pass, Pass, Skip, Skip, Skip]);
    let verdict = story.verdict();
    assert_eq!((verdict.color, verdict.level), (Color::Green, 2));
    assert_eq!(verdict.tier(Tier::Backup).unwrap().reason.as_deref(), Some("no backup labels"));
}

#[test]
fn each_failing_step_fails_its_own_tier_and_leaves_the_later_ones_without_answer() {
    let plan = a_plan();
    for (at, tier) in Tier::ALL.into_iter().enumerate() {
        for step in &plan.tier(tier).unwrap().steps {
            for silent in [false, true] {
                let mut story = Story::green(&plan).but(&step.id, failed(Cause::NotServing));
                if silent {
                    story = story.silently();
                }
                let mut expected = [Pass; 5];
                expected[at] = Fail;
                expected[at + 1..].fill(Unver);
                assert_eq!(statuses(&story), expected, "{}", step.id);
                let verdict = story.verdict();
                assert_eq!(verdict.color, Color::Red, "{}", step.id);
                // A test is called by the name that its author knows.
                let called = step.action.as_test().map_or_else(|| step.id.to_string(), |path| format!("tests/{path}"));
                assert!(
                    verdict.reasons[0].starts_with(&format!("{tier} failed: {called}: app: ")),
                    "{:?}",
                    verdict.reasons
                );
                assert_eq!(verdict.level, [0, 1, 2, 2, 3][at], "{}", step.id);
                assert_eq!(exit::of_verdict(&verdict), exit::RED);
            }
        }
    }
}

#[test]
fn a_later_tier_that_was_not_reached_shares_the_blame_of_the_one_that_failed() {
    let plan = a_plan();
    let story = Story::green(&plan).but(&check(&plan, Tier::Install, Check::Converged), failed(Cause::CrashLoop));
    let verdict = story.verdict();
    for tier in Tier::ALL {
        assert_eq!(verdict.tier(tier).unwrap().blame, Some(Blame::Base), "{tier}");
    }
    assert_eq!(verdict.tier(Tier::Upgrade).unwrap().reason.as_deref(), Some("not reached: install did not pass"));
}

#[test]
fn a_base_that_does_not_come_up_is_not_the_heads_fault() {
    let plan = a_plan();
    let steps = [
        operation(&plan, Tier::Install, Operation::Deploy),
        check(&plan, Tier::Install, Check::Converged),
        check(&plan, Tier::Install, Check::Serving),
        check(&plan, Tier::Install, Check::Stable),
    ];
    for step in steps {
        let verdict = Story::green(&plan).but(&step, failed(Cause::NeverHealthy)).verdict();
        assert_eq!(verdict.blame, Some(Blame::Base), "{step}");
        assert_eq!(verdict.tier(Tier::Install).unwrap().status, Fail, "{step}");
        assert_eq!(exit::of_verdict(&verdict), exit::RED, "{step}");
    }
}

#[test]
fn an_app_that_starts_at_head_has_no_base_to_blame() {
    let plan = a_plan_from_head();
    let converged = check(&plan, Tier::Install, Check::Converged);
    let verdict = Story::green(&plan).but(&converged, failed(Cause::NeverHealthy)).verdict();
    assert_eq!(verdict.blame, Some(Blame::Recipe));
    assert_eq!(verdict.tier(Tier::Upgrade).unwrap().status, Skip);
}

#[test]
fn a_cause_is_blamed_by_the_table() {
    let plan = a_plan();
    let converged = check(&plan, Tier::Upgrade, Check::Converged);
    let table = [
        (Cause::NeverHealthy, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::CrashLoop, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::ImageMissing, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::TaskRejected, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::OutOfMemory, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::OneShotFailed, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::RolledBack, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::UpdatePaused, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::DeployRefused, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::Unstable, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::NotMoved, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::NotServing, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::DataLost, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::VolumeShrunk, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::VolumeReplaced, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::HookStrayed, Fail, Blame::Test, Color::Red, exit::RED),
        (Cause::HookFailed, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::BackupIncomplete, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::DumpTruncated, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::RestoreIncomplete, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::TestFailed, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::TestBroken, Fail, Blame::Test, Color::Red, exit::RED),
        (Cause::NothingToSeed, Fail, Blame::Recipe, Color::Red, exit::RED),
        (Cause::TimedOut, Fail, Blame::Test, Color::Red, exit::RED),
        (Cause::NotReached, Unver, Blame::Harness, Color::Unverified, exit::BUG),
        (Cause::DiskFull, Unver, Blame::Infrastructure, Color::Unverified, exit::INFRASTRUCTURE),
        (Cause::Registry, Unver, Blame::Infrastructure, Color::Unverified, exit::INFRASTRUCTURE),
        (Cause::EngineLost, Unver, Blame::Infrastructure, Color::Unverified, exit::INFRASTRUCTURE),
        (Cause::HostMemory, Unver, Blame::Infrastructure, Color::Unverified, exit::INFRASTRUCTURE),
        (Cause::CanonicalLost, Unver, Blame::Infrastructure, Color::Unverified, exit::INFRASTRUCTURE),
        (Cause::Harness, Unver, Blame::Harness, Color::Unverified, exit::BUG),
        (Cause::Cancelled, Unver, Blame::Cancelled, Color::Cancelled, exit::CANCELLED),
    ];
    for (cause, status, blame, color, code) in table {
        let verdict = Story::green(&plan).but(&converged, failed(cause)).verdict();
        let upgrade = verdict.tier(Tier::Upgrade).unwrap();
        assert_eq!((upgrade.status, verdict.blame), (status, Some(blame)), "{cause:?}");
        assert_eq!((verdict.color, exit::of_verdict(&verdict)), (color, code), "{cause:?}");
        // Without an answer the same cause never fails a tier, and never turns the run green.
        let verdict = Story::green(&plan).but(&converged, unverified(cause)).verdict();
        assert_eq!(verdict.tier(Tier::Upgrade).unwrap().status, Unver, "{cause:?}");
        assert_ne!(verdict.color, Color::Green, "{cause:?}");
        assert_ne!(verdict.color, Color::Red, "{cause:?}");
    }
}

#[test]
fn infrastructure_never_fails_a_tier() {
    let plan = a_plan();
    let end = RunEnd::Infrastructure { finding: Finding::new(Cause::EngineLost, "the engine stopped answering") };
    let snapshot = operation(&plan, Tier::Backup, Operation::Snapshot);
    let verdict = Story::green(&plan)
        .but(&snapshot, unverified(Cause::EngineLost))
        .counting(|budget| budget.unbroken = false)
        .ending(end)
        .verdict();
    assert_eq!((verdict.color, verdict.blame), (Color::Unverified, Some(Blame::Infrastructure)));
    assert_eq!(verdict.reasons[0], "the engine stopped answering");
    assert!(verdict.tiers.iter().all(|tier| tier.status != Fail));
    assert_eq!(verdict.level, 2);
}

#[test]
fn a_missing_answer_is_not_a_pass() {
    let plan = a_plan();
    let last = plan.tier(Tier::Custom).unwrap().steps.last().unwrap().id.clone();
    let mut events = Story::green(&plan).told();
    events.retain(|stamped| !matches!(&stamped.event, Event::StepEnded { step, .. } if *step == last));
    let verdict = judge(&plan, &Evidence::fold(&renumbered(events)));
    assert_eq!(verdict.tier(Tier::Custom).unwrap().status, Unver);
    assert_eq!((verdict.color, verdict.level), (Color::Unverified, 3));
}

#[test]
fn only_tests_and_hooks_may_skip_themselves() {
    let plan = a_plan();
    let skipped = Outcome::Skipped { reason: "not today".to_owned() };
    for tier in &plan.tiers {
        for step in &tier.steps {
            let verdict = Story::green(&plan).but(&step.id, skipped.clone()).verdict();
            let allowed = match &step.action {
                // The upgrade tier has a single test, and the custom tier two.
                Action::Test { .. } => tier.tier == Tier::Custom,
                Action::Hook { .. } => true,
                Action::Operate(_)
                | Action::Check(_)
                | Action::Probe { .. }
                | Action::Verify { .. }
                | Action::Dependency { .. } => false,
            };
            assert_eq!(verdict.is_green(), allowed, "{}: {:?}", step.id, verdict.reasons);
        }
    }
}

#[test]
fn a_tier_whose_tests_were_all_skipped_has_no_answer() {
    let plan = a_plan();
    let skipped = Outcome::Skipped { reason: "no feeds".to_owned() };
    let steps = plan.tier(Tier::Custom).unwrap().steps.iter().filter(|step| step.action.as_test().is_some());
    let story = steps.fold(Story::green(&plan), |story, step| story.but(&step.id, skipped.clone()));
    let verdict = story.verdict();
    assert_eq!(verdict.tier(Tier::Custom).unwrap().status, Unver);
    assert_eq!(
        (verdict.color, verdict.blame, exit::of_verdict(&verdict)),
        (Color::Unverified, Some(Blame::Test), exit::RED)
    );
    assert!(verdict.reasons[0].contains("all 2 of its tests were skipped"), "{:?}", verdict.reasons);
}

#[test]
fn a_run_in_which_nothing_ran_is_red() {
    let mut plan = a_plan();
    for tier in &mut plan.tiers {
        tier.steps.clear();
        tier.disposition = Disposition::Skip { why: plans::Skip::Declared, reason: "not asked for".to_owned() };
    }
    let verdict = Story::green(&plan)
        .counting(|budget| {
            budget.ledger.clear();
            budget.witness.clear();
        })
        .verdict();
    assert_eq!((verdict.color, verdict.level), (Color::Red, 0));
    assert!(verdict.reasons[0].starts_with("nothing ran"), "{:?}", verdict.reasons);
}

#[test]
fn stages_bring_along_what_they_need() {
    let planned = |stages: &[Tier]| {
        let plan = plan(PlanFacts { stages: stages.iter().copied().collect(), ..facts() }).plan;
        let tiers: Vec<Tier> = Tier::ALL.into_iter().filter(|tier| plan.runs(*tier)).collect();
        (tiers, plan.notes.len())
    };
    assert_eq!(planned(&[Tier::Restore]), (vec![Tier::Install, Tier::Backup, Tier::Restore], 3));
    assert_eq!(planned(&[Tier::Custom]), (vec![Tier::Install, Tier::Custom], 2));
    assert_eq!(planned(&[]), (vec![Tier::Install], 2));
}

#[test]
fn without_a_router_no_step_asks_over_http_and_the_plan_says_so() {
    let serving = |plan: &plans::Plan| {
        let steps = plan.tiers.iter().flat_map(|tier| &tier.steps);
        steps.filter(|step| step.action == Action::Check(Check::Serving)).count()
    };
    let (with, without) = (a_plan(), plan(PlanFacts { route: HasRoute::None, ..facts() }).plan);
    assert_eq!((serving(&with), serving(&without)), (6, 0));
    let said: Vec<&String> = without.notes.iter().filter(|note| !with.notes.contains(note)).collect();
    assert_eq!(
        said,
        [
            "the steps `serving` are left out: no router of the recipe speaks HTTP, so only its own tests can show what it answers"
        ]
    );
}

#[test]
fn tcp_routes_are_tried_wherever_the_app_came_up() {
    let connects = |connections, route| {
        let plan = plan(PlanFacts { connections, route, ..facts() }).plan;
        let steps = plan.tiers.iter().flat_map(|tier| &tier.steps);
        steps.filter(|step| step.action == Action::Check(Check::Connects)).count()
    };
    assert_eq!(connects(HasConnections::None, HasRoute::Http), 0);
    assert_eq!(connects(HasConnections::Some, HasRoute::Http), 6);
    assert_eq!(connects(HasConnections::Some, HasRoute::None), 6);
}

#[test]
fn what_an_app_answers_that_nobody_asks_is_not_known() {
    for (route, tests, capped) in
        [(HasRoute::Http, false, false), (HasRoute::None, true, false), (HasRoute::None, false, true)]
    {
        let facts = PlanFacts { route, connections: HasConnections::Some, ..facts() };
        let tests = if tests { facts.tests.clone() } else { BTreeMap::new() };
        let (ladder, left_out) = level::ladder(&plan(PlanFacts { tests, ..facts }).plan);
        assert_eq!(left_out.contains(&Tier::Custom), capped, "{route:?}");
        assert_eq!(matches!(ladder, level::Ladder::Capped { .. }), capped, "{route:?}");
    }
}

#[test]
fn several_tests_that_failed_are_named_together_by_their_authors_names() {
    let plan = a_plan();
    let tests: Vec<_> =
        plan.tier(Tier::Custom).unwrap().steps.iter().filter(|step| step.action.as_test().is_some()).collect();
    let [first, second] = tests[..] else { panic!("{tests:?}") };
    let failed = |path: &str, said: &str| Outcome::Failed(Finding::new(Cause::TestFailed, format!("{path}{said}")));
    let path = |step: &plans::step::Step| step.action.as_test().unwrap().to_owned();
    let (one, other) = (path(first), path(second));
    let story = Story::green(&plan).but(&first.id, failed(&one, ":2: Assert status code"));
    assert_eq!(story.verdict().reasons[0], format!("custom failed: tests/{one}:2: Assert status code"));
    // A test that fails does not keep the next one from running.
    let mut evidence = Evidence::fold(&story.told());
    evidence.steps.get_mut(&second.id).unwrap().outcome = Some(failed(&other, " ended with exit code 1"));
    assert_eq!(
        judge(&plan, &evidence).reasons[0],
        format!("custom failed: 2 of 2 tests failed: {one}, {other}; the first: tests/{one}:2: Assert status code")
    );
}

#[test]
fn a_test_found_broken_before_the_deploy_is_why_nothing_was_reached() {
    let plan = a_plan();
    let path = "custom/login.hurl".to_owned();
    let step = step_of(&plan, Tier::Custom, &Action::Test { path });
    let finding = Finding::new(Cause::TestBroken, "custom/login.hurl:2: Parsing method");
    let seen = StepSeen { outcome: Some(Outcome::Failed(finding)), ..StepSeen::default() };
    let mut evidence = Evidence::default();
    evidence.steps.insert(step, seen);
    let verdict = judge(&plan, &evidence);
    assert_eq!((verdict.color, verdict.blame), (Color::Red, Some(Blame::Test)));
    for tier in [Tier::Install, Tier::Upgrade, Tier::Backup, Tier::Restore] {
        let tier = verdict.tier(tier).unwrap();
        assert_eq!((tier.status, tier.blame, tier.inherited), (Status::Unver, Some(Blame::Test), true));
        assert_eq!(tier.reason.as_deref(), Some("not reached: custom did not pass"));
    }
}
