//! What the end of a run and the state of its record do to the verdict, on whole runs.

use crate::story::*;
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::exit;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::step::{Check, Operation};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::budget::Agreement;
use cc_ci_model::verdict::{Color, Status, judge};

#[test]
fn a_leftover_is_red_and_blamed_on_whoever_made_it() {
    let plan = a_plan();
    let ours = Object::new(ObjectKind::Volume, format!("{}_db", plan.stack));
    let verdict = Story::green(&plan).leaving(ours).verdict();
    assert_eq!((verdict.color, verdict.blame, verdict.level), (Color::Red, Some(Blame::Harness), 4));
    let theirs = Object::new(ObjectKind::Network, "made-by-a-hook");
    let verdict = Story::green(&plan).leaving(theirs).verdict();
    assert_eq!((verdict.color, verdict.blame), (Color::Red, Some(Blame::Test)));
    assert_eq!(verdict.reasons, ["left behind: network made-by-a-hook"]);
}

#[test]
fn a_leaked_secret_is_red() {
    let verdict = Story::green(&a_plan()).leaking("logs/app.log", "db_password").verdict();
    assert_eq!((verdict.color, verdict.blame), (Color::Red, Some(Blame::Harness)));
    assert_eq!(verdict.reasons, ["the value of secret db_password stands in logs/app.log"]);
}

#[test]
fn a_run_without_a_count_of_its_objects_is_not_green() {
    let plan = a_plan();
    for position in 0..2 {
        let mut events = Story::green(&plan).told();
        let inventories: Vec<usize> = events
            .iter()
            .enumerate()
            .filter(|(_, s)| matches!(s.event, Event::Inventory { .. }))
            .map(|(at, _)| at)
            .collect();
        events.remove(inventories[position]);
        let verdict = judge(&plan, &Evidence::fold(&renumbered(events)));
        assert_eq!((verdict.color, verdict.blame), (Color::Unverified, Some(Blame::Harness)));
    }
}

#[test]
fn a_cancelled_run_is_cancelled_unless_something_had_failed() {
    let plan = a_plan();
    let seed = operation(&plan, Tier::Backup, Operation::Seed);
    for end in [RunEnd::Cancelled { by: "SIGTERM".to_owned() }, RunEnd::Deadline] {
        let story = Story::green(&plan).but(&seed, unverified(Cause::Cancelled)).ending(end.clone());
        let verdict = story.verdict();
        assert_eq!((verdict.color, exit::of_verdict(&verdict)), (Color::Cancelled, exit::CANCELLED), "{end:?}");
        assert_eq!(verdict.blame, Some(Blame::Cancelled));
        let process = exit::of_process(&verdict, Some(&end));
        assert_eq!(process, if end == RunEnd::Deadline { exit::DEADLINE } else { exit::SIGNALLED });
        let verdict = Story::green(&plan).but(&seed, failed(Cause::HookFailed)).ending(end).verdict();
        assert_eq!((verdict.color, verdict.blame), (Color::Red, Some(Blame::Recipe)));
    }
}

#[test]
fn a_defect_of_ours_is_never_green_and_never_the_recipes() {
    let verdict =
        Story::green(&a_plan()).ending(RunEnd::Broken { error: "cannot write the record".to_owned() }).verdict();
    assert_eq!(
        (verdict.color, verdict.blame, exit::of_verdict(&verdict)),
        (Color::Unverified, Some(Blame::Harness), exit::BUG)
    );
}

#[test]
fn before_teardown_the_verdict_is_provisional_and_not_yet_green() {
    let plan = a_plan();
    let mut events = Story::green(&plan).leaving(Object::new(ObjectKind::Volume, "x")).told();
    let due = events.iter().position(|stamped| stamped.event == Event::VerdictDue).unwrap();
    let last = judge(&plan, &Evidence::fold(&events));
    events.truncate(due + 1);
    let first = judge(&plan, &Evidence::fold(&events));
    assert_eq!((first.color, first.provisional, first.is_green()), (Color::Green, true, false));
    assert_eq!(exit::of_verdict(&first), exit::BUG);
    assert_eq!((last.color, last.provisional), (Color::Red, false));
}

#[test]
fn a_record_that_stops_before_the_verdict_is_not_green() {
    let plan = a_plan();
    let events = Story::green(&plan).told();
    let due = events.iter().position(|stamped| stamped.event == Event::VerdictDue).unwrap();
    for length in 0..=due {
        let verdict = judge(&plan, &Evidence::fold(&events[..length]));
        assert_eq!((verdict.color, verdict.blame), (Color::Unverified, Some(Blame::Harness)), "{length}");
        assert_eq!(exit::of_verdict(&verdict), exit::BUG);
    }
}

#[test]
fn a_record_judged_by_another_plan_earns_nothing() {
    let verdict = judge(&a_plan_from_head(), &Evidence::fold(&Story::green(&a_plan()).told()));
    assert_eq!((verdict.level, verdict.is_green()), (0, false));
}

#[test]
fn a_record_of_another_format_earns_nothing() {
    let plan = a_plan();
    let mut events = Story::green(&plan).told();
    let Event::RunStarted { format, .. } = &mut events[0].event else { panic!() };
    *format += 1;
    let verdict = judge(&plan, &Evidence::fold(&events));
    assert_eq!((verdict.level, verdict.is_green(), verdict.budget.agreement), (0, false, Agreement::Agreed));
}

#[test]
fn a_step_that_ends_twice_counts_as_the_worse_and_spoils_the_record() {
    let plan = a_plan();
    let serving = check(&plan, Tier::Upgrade, Check::Serving);
    for order in [0, 1] {
        let mut events = Story::green(&plan).told();
        let at =
            events.iter().position(|s| matches!(&s.event, Event::StepEnded { step, .. } if *step == serving)).unwrap();
        let mut twin = events[at].clone();
        twin.event = Event::StepEnded { step: serving.clone(), outcome: failed(Cause::NotServing), ms: 1 };
        events.insert(at + order, twin);
        let verdict = judge(&plan, &Evidence::fold(&renumbered(events)));
        assert_eq!((verdict.color, verdict.level), (Color::Red, 0));
        assert_eq!(verdict.tier(Tier::Upgrade).unwrap().status, Status::Fail);
    }
}
