//! The runs that these tests look at.

use crate::story::*;
use cc_ci_model::event::{Event, Stamped, Triage};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::Check;
use cc_ci_model::report::ReportView;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::judge;
use cc_ci_pages::page::{Attachments, FilesAt, Log};
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::source::Severity;

/// The view of a record.
pub(crate) fn view(plan: &Plan, events: &[Stamped]) -> ReportView {
    let evidence = Evidence::fold(events);
    ReportView::new(plan, &evidence, &judge(plan, &evidence))
}

/// Everything passed, lint too.
pub(crate) fn green() -> (Plan, Vec<Stamped>) {
    let plan = a_plan();
    let events = Story::green(&plan).linted(LintReport::default()).told();
    (plan, events)
}

/// The app never served after the upgrade.
pub(crate) fn red() -> (Plan, Vec<Stamped>) {
    let plan = a_plan();
    let step = check(&plan, Tier::Upgrade, Check::Serving);
    let finding =
        Finding::new(Cause::NotServing, "not serving within 60 s: status 503 on /, accepted are 200, 301 and 302")
            .of_service("app")
            .with_details(vec!["GET https://mini.ci.test/ -> 503".to_owned()]);
    let triage = Triage {
        step: step.clone(),
        service: "app".to_owned(),
        finding: finding.clone(),
        exit_code: Some(137),
        oom: true,
        health: Some("connection refused".to_owned()),
        log: vec!["starting".to_owned(), "fatal: schema 135 is newer than 104".to_owned()],
        then: vec!["web".to_owned()],
    };
    let story = Story::green(&plan).but(&step, Outcome::Failed(finding)).triaging(triage);
    let events = story.linted(found(Severity::Error)).told();
    (plan, events)
}

/// Nothing was published before, so the upgrade is skipped.
pub(crate) fn skips() -> (Plan, Vec<Stamped>) {
    let plan = a_plan_from_head();
    let mut events = Story::green(&plan).linted(found(Severity::Warning)).told();
    let converged = check(&plan, Tier::Install, Check::Converged);
    // Progress is no evidence, so it can be told anywhere.
    let at =
        events.iter().position(|one| matches!(&one.event, Event::StepStarted { step } if *step == converged)).unwrap();
    let ms = events[at].ms;
    let waiting = |on: &str| Event::Waiting { step: converged.clone(), on: on.to_owned(), limit: 300 };
    for (place, on) in [(1, "db: 0/1 starting; app: 0/1 pending"), (2, "app: 0/1 starting")] {
        events.insert(at + place, Stamped { seq: 0, ms: ms + place as u64, event: waiting(on) });
    }
    (plan, renumbered(events))
}

/// What a folder holds.
pub(crate) fn kept() -> Attachments {
    Attachments {
        logs: vec![
            Log { service: "app".to_owned(), file: "logs/app.log".to_owned(), text: "one\ntwo\n".to_owned(), cut: 0 },
            Log { service: "db".to_owned(), file: "logs/db.log".to_owned(), text: "three\n".to_owned(), cut: 4096 },
        ],
        effective_stack: Some("services: {}\n".to_owned()),
        screenshot: Some(b"\x89PNG".to_vec()),
        files: FilesAt::Beside,
    }
}
