//! `junit.xml`: a test suite per tier, a test case per step, for CI systems that know nothing of us.

use super::{ReportView, StepRow, TierRow, text};
use crate::outcome::{Cause, Finding};
use crate::testcase::{self as cases, CaseEnd, Count};
use crate::verdict::Status;
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// Draws the file. Fails only if the writer of the XML does.
pub fn render(view: &ReportView) -> Result<String, SerializeError> {
    let mut report = Report::new(format!("cc-ci {} {}", view.recipe, view.run));
    if let Some(ms) = view.due_ms {
        report.set_time(Duration::from_millis(ms));
    }
    report.add_test_suites(view.tiers.iter().map(|row| suite(view, row)));
    report.add_test_suite(whole_run(view));
    report.to_string()
}

fn suite(view: &ReportView, row: &TierRow) -> TestSuite {
    let mut suite = named_suite(view, row.tier.word(), row.span.began_ms.unwrap_or(0));
    suite.set_time(Duration::from_millis(row.span.ms().unwrap_or(0)));
    if row.steps.is_empty() {
        let mut status = match row.status {
            Status::Skip => TestCaseStatus::skipped(),
            Status::Pass | Status::Fail | Status::Unver => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        if let Some(note) = &row.note {
            status.set_message(note.as_str());
        }
        if row.status != Status::Skip {
            status.set_type(row.status.word());
        }
        suite.add_test_case(timed_case(row.tier.word(), row.tier.word(), None, status));
    }
    for step in &row.steps {
        if !told_by_cases(step) {
            suite.add_test_case(case(row, step));
        }
        suite.add_test_cases(step.cases.iter().map(|one| test_case(step, one)));
    }
    suite
}

/// Whether the test cases of a step say all that it says: then it is no case of its own, and nothing is counted twice.
fn told_by_cases(step: &StepRow) -> bool {
    let count = Count::of(&step.cases);
    match step.status {
        Status::Pass => count.passed > 0,
        Status::Skip => count.skipped > 0,
        Status::Fail => count.failed > 0 && step.finding.as_ref().is_some_and(|found| found.cause == Cause::TestFailed),
        Status::Unver => false,
    }
}

fn test_case(step: &StepRow, one: &cases::TestCase) -> TestCase {
    let status = match &one.end {
        CaseEnd::Passed => TestCaseStatus::success(),
        CaseEnd::Skipped { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.as_str());
            status
        }
        CaseEnd::Failed { message, details } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(message.as_str());
            status.set_type(Status::Fail.word());
            if !details.is_empty() {
                status.set_description(details.join("\n"));
            }
            status
        }
    };
    timed_case(step.id.as_str(), one.name.as_str(), Some(one.ms), status)
}

fn case(row: &TierRow, step: &StepRow) -> TestCase {
    let mut status = match step.status {
        Status::Pass => TestCaseStatus::success(),
        Status::Skip => TestCaseStatus::skipped(),
        Status::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Status::Unver => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if let (Status::Skip, Some(note)) = (step.status, &step.note) {
        status.set_message(note.as_str());
    }
    if let Some(finding) = &step.finding {
        status.set_message(message(finding));
        if !finding.details.is_empty() {
            status.set_description(finding.details.join("\n"));
        }
    }
    if !step.status.lets_pass() {
        status.set_type(step.status.word());
    }
    let mut case = timed_case(row.tier.word(), step.id.as_str(), step.ms, status);
    if let (Status::Pass, Some(note)) = (step.status, &step.note) {
        case.set_system_out(note.as_str());
    }
    case
}

/// What no single step stands for: the budget, leftovers, leaks, the way the run ended.
fn whole_run(view: &ReportView) -> TestSuite {
    let verdict = &view.verdict;
    let reasons: Vec<&str> = verdict.reasons.iter().map(String::as_str).chain(view.unfinished()).collect();
    let mut status = if reasons.is_empty() {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(reasons.join("; "));
        status
    };
    if let Some(blame) = verdict.blame {
        status.set_type(blame.word());
    }
    let mut case = timed_case("run", "verdict", None, status);
    case.set_system_out(format!("{}, {}\n{}", verdict.color, verdict.level_in_words(), verdict.budget.line()));
    let mut suite = named_suite(view, "run", 0);
    suite.set_time(Duration::from_millis(view.due_ms.unwrap_or(0)));
    suite.add_test_case(case);
    suite
}

/// A suite as the strict readers want it: a time without zone, in UTC, and the name of a host.
fn named_suite(view: &ReportView, name: &str, began_ms: u64) -> TestSuite {
    let mut suite = TestSuite::new(name);
    let began = view.started.as_deref().and_then(|started| text::later(started, began_ms));
    if let Some(began) = began.as_deref().and_then(|began| began.get(..19)) {
        suite.extra.insert("timestamp".into(), began.into());
    }
    suite.extra.insert("hostname".into(), "localhost".into());
    suite
}

/// A case with the class and the time that the strict readers want; one that never ran took none.
fn timed_case(class: &str, name: &str, ms: Option<u64>, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case.set_time(Duration::from_millis(ms.unwrap_or(0)));
    case
}

fn message(finding: &Finding) -> String {
    match &finding.service {
        Some(service) => format!("{service}: {}", finding.summary),
        None => finding.summary.clone(),
    }
}
