//! Judging is total and cannot be improved by losing evidence.

use crate::story::*;
use cc_ci_model::event::{Event, RunEnd, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::exit;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::report::{ReportView, summary};
use cc_ci_model::verdict::{Color, Status, Verdict, judge};
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::source::Severity;
use proptest::prelude::*;

const CAUSES: [Cause; 8] = [
    Cause::NeverHealthy,
    Cause::DataLost,
    Cause::TestBroken,
    Cause::NotReached,
    Cause::DiskFull,
    Cause::Harness,
    Cause::Cancelled,
    Cause::TimedOut,
];

fn outcome() -> impl Strategy<Value = Outcome> {
    let cause = prop::sample::select(&CAUSES[..]);
    prop_oneof![
        cause.clone().prop_map(failed),
        cause.prop_map(unverified),
        Just(Outcome::Skipped { reason: "so it said".to_owned() }),
        Just(Outcome::Passed { note: Some("seen".to_owned()) }),
    ]
}

fn end() -> impl Strategy<Value = RunEnd> {
    prop_oneof![
        4 => Just(RunEnd::Completed),
        1 => Just(RunEnd::Deadline),
        1 => Just(RunEnd::Cancelled { by: "SIGINT".to_owned() }),
        1 => Just(RunEnd::Broken { error: "a bug".to_owned() }),
        1 => Just(RunEnd::Infrastructure { finding: Finding::new(Cause::DiskFull, "no space left") }),
    ]
}

fn lint() -> impl Strategy<Value = Option<LintReport>> {
    let reports = [None, Some(LintReport::default()), Some(found(Severity::Warning)), Some(found(Severity::Error))];
    prop::sample::select(reports.to_vec())
}

/// A run in which zero to two steps go another way, and perhaps the end, the budget and the teardown do too.
fn story() -> impl Strategy<Value = (Plan, Vec<Stamped>)> {
    let twists = prop::collection::vec((any::<prop::sample::Index>(), outcome()), 0..3);
    (any::<bool>(), twists, end(), any::<bool>(), 0..6u8, lint()).prop_map(
        |(from_head, twists, end, silent, odd, lint)| {
            let plan = if from_head { a_plan_from_head() } else { a_plan() };
            let steps: Vec<_> = plan.tiers.iter().flat_map(|tier| &tier.steps).collect();
            let mut story = Story::green(&plan).ending(end);
            for (at, outcome) in twists {
                story = story.but(&steps[at.index(steps.len())].id, outcome);
            }
            if silent {
                story = story.silently();
            }
            story = match odd {
                0 => story.leaving(Object::new(ObjectKind::Secret, "x")),
                1 => story.leaking("a.log", "s"),
                2 => story.counting(|budget| budget.witness.clear()),
                _ => story,
            };
            if let Some(report) = lint {
                story = story.linted(report);
            }
            let events = story.told();
            (plan, events)
        },
    )
}

fn verdict(plan: &Plan, events: &[Stamped]) -> Verdict {
    judge(plan, &Evidence::fold(events))
}

/// Bad news: leaving these out of a renumbered record may of course look better.
fn is_bad_news(event: &Event) -> bool {
    matches!(
        event,
        Event::LeftBehind { .. }
            | Event::SecretLeaked { .. }
            | Event::StepEnded { outcome: Outcome::Skipped { .. }, .. }
            | Event::RunEnded { .. }
    )
}

fn consistent(verdict: &Verdict) -> Result<(), TestCaseError> {
    prop_assert!(verdict.level <= 5);
    prop_assert_eq!(verdict.color == Color::Green, verdict.reasons.is_empty());
    prop_assert_eq!(verdict.color == Color::Green, verdict.blame.is_none());
    prop_assert_eq!(verdict.is_green(), exit::of_verdict(verdict) == 0);
    if verdict.tiers.iter().any(|tier| tier.status == Status::Fail) {
        prop_assert_eq!(verdict.color, Color::Red);
    }
    if verdict.color == Color::Green {
        prop_assert!(verdict.tiers.iter().all(|tier| matches!(tier.status, Status::Pass | Status::Skip)));
    }
    Ok(())
}

proptest! {
    #[test]
    fn there_is_a_consistent_verdict_on_any_events_in_any_order(
        (plan, events) in story(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        renumber in any::<bool>(),
    ) {
        let picked: Vec<_> = picks.iter().map(|at| events[at.index(events.len())].clone()).collect();
        let picked = if renumber { renumbered(picked) } else { picked };
        let evidence = Evidence::fold(&picked);
        let verdict = judge(&plan, &evidence);
        consistent(&verdict)?;
        let text = summary::render(&ReportView::new(&plan, &evidence, &verdict));
        prop_assert!(text.starts_with("RUN SUMMARY"));
    }

    #[test]
    fn any_record_with_a_missing_event_is_not_green_and_stands_no_higher(
        (plan, events) in story(),
        at in any::<prop::sample::Index>(),
    ) {
        let whole = verdict(&plan, &events);
        consistent(&whole)?;
        let mut fewer = events.clone();
        fewer.remove(at.index(events.len()));
        let fewer = verdict(&plan, &fewer);
        prop_assert!(!fewer.is_green());
        prop_assert!(fewer.level <= whole.level);
    }

    #[test]
    fn an_event_that_was_never_made_does_not_improve_the_verdict_unless_it_was_bad_news(
        (plan, events) in story(),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(events.len());
        prop_assume!(!is_bad_news(&events[at].event));
        let whole = verdict(&plan, &events);
        let mut fewer = events.clone();
        fewer.remove(at);
        let fewer = verdict(&plan, &renumbered(fewer));
        prop_assert!(fewer.level <= whole.level, "{} > {} without {:?}", fewer.level, whole.level, events[at]);
        prop_assert!(!fewer.is_green() || whole.is_green(), "green without {:?}", events[at]);
    }

    #[test]
    fn teardown_never_improves_what_was_known_when_the_verdict_was_due((plan, events) in story()) {
        let due = events.iter().position(|stamped| stamped.event == Event::VerdictDue).unwrap();
        let first = verdict(&plan, &events[..=due]);
        let last = verdict(&plan, &events);
        prop_assert!(last.level <= first.level);
        prop_assert!(first.color == Color::Green || last.color != Color::Green);
        prop_assert_eq!(first.color == Color::Red && last.color != Color::Red, false);
    }
}
