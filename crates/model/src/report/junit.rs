//! `junit.xml`: a test suite per tier, a test case per step, for CI systems that know nothing of us.

use super::{ReportView, StepRow, TierRow};
use crate::outcome::Finding;
use crate::verdict::Status;
use chrono::DateTime;
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// Draws the file. Fails only if the writer of the XML does.
pub fn render(view: &ReportView) -> Result<String, SerializeError> {
    let mut report = Report::new(format!("cc-ci {} {}", view.recipe, view.run));
    if let Some(ms) = view.due_ms {
        report.set_time(Duration::from_millis(ms));
    }
    if let Some(started) = view.started.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok()) {
        report.set_timestamp(started);
    }
    report.add_test_suites(view.tiers.iter().map(suite));
    report.add_test_suite(whole_run(view));
    report.to_string()
}

fn suite(row: &TierRow) -> TestSuite {
    let mut suite = TestSuite::new(row.tier.word());
    if let Some(ms) = row.span.ms() {
        suite.set_time(Duration::from_millis(ms));
    }
    if row.steps.is_empty() {
        let mut status = match row.status {
            Status::Skip => TestCaseStatus::skipped(),
            Status::Pass | Status::Fail | Status::Unver => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        if let Some(note) = &row.note {
            status.set_message(note.as_str());
        }
        suite.add_test_case(TestCase::new(row.tier.word(), status));
    }
    suite.add_test_cases(row.steps.iter().map(|step| case(row, step)));
    suite
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
    let mut case = TestCase::new(step.id.as_str(), status);
    case.set_classname(row.tier.word());
    if let Some(ms) = step.ms {
        case.set_time(Duration::from_millis(ms));
    }
    if let (Status::Pass, Some(note)) = (step.status, &step.note) {
        case.set_system_out(note.as_str());
    }
    case
}

/// What no single step stands for: the budget, leftovers, leaks, the way the run ended.
fn whole_run(view: &ReportView) -> TestSuite {
    let verdict = &view.verdict;
    let mut status = if verdict.reasons.is_empty() {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(verdict.reasons.join("; "));
        status
    };
    if let Some(blame) = verdict.blame {
        status.set_type(blame.word());
    }
    let mut case = TestCase::new("verdict", status);
    case.set_classname("run");
    case.set_system_out(format!("{}, level {}\n{}", verdict.color, verdict.level, verdict.budget.line()));
    let mut suite = TestSuite::new("run");
    suite.add_test_case(case);
    suite
}

fn message(finding: &Finding) -> String {
    match &finding.service {
        Some(service) => format!("{service}: {}", finding.summary),
        None => finding.summary.clone(),
    }
}
