//! What pytest left of one file, read: its JUnit file as test cases, and with its exit code as the outcome of the step.
//!
//! The file was written where the tests run, so everything in it is bounded, no entity but XML's own five is known, and
//! whatever does not fit together makes the test a broken one, never a passed one.

mod read;

pub use read::{JunitError, read};

use crate::outcome::{Cause, Finding, Outcome};
use crate::testcase::{CaseEnd, Count, TestCase};

/// The longest JUnit file that is read, in bytes.
pub const MOST_BYTES: usize = 4 << 20;

/// The most test cases one file may have.
pub const MOST_CASES: usize = 2000;

/// How many failing cases a summary names.
const NAMED: usize = 3;

/// How many lines of details a finding keeps of all its cases.
const KEPT: usize = 40;

/// The outcome of a file that pytest ran to an exit code.
///
/// `path` is the file, `last` the last line it printed, for the reader.
#[must_use]
pub fn conclude(path: &str, code: i64, junit: &Result<Vec<TestCase>, JunitError>, last: Option<&str>) -> Outcome {
    let said = last.map(|last| format!(": {last}")).unwrap_or_default();
    let broken = |summary: String| Outcome::Failed(Finding::new(Cause::TestBroken, summary));
    let cases = match junit {
        Ok(cases) => cases,
        Err(error) => return broken(format!("{path} ended with exit code {code}, and {error}{said}")),
    };
    let count = Count::of(cases);
    match (code, count) {
        (0 | 5, Count { passed: 0, failed: 0, skipped: 0 }) => broken(format!("{path} holds no test")),
        // A file that leaves the choice to what it finds, as `importorskip` does, ends with 5.
        (0 | 5, Count { passed: 0, failed: 0, .. }) => Outcome::Skipped { reason: skipped(cases) },
        (0, Count { failed: 0, .. }) => Outcome::Passed { note: Some(count.words()) },
        (1, Count { failed: 1.., .. }) => {
            let finding = Finding::new(Cause::TestFailed, format!("{path}: {}: {}", count.words(), failed(cases)));
            Outcome::Failed(finding.with_details(details(cases)))
        }
        (2, Count { failed: 1.., .. }) => {
            let why = details(cases).into_iter().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let finding = Finding::new(Cause::TestBroken, format!("{path} cannot be collected: {}", why.trim()));
            Outcome::Failed(finding.with_details(details(cases)))
        }
        (77, Count { failed: 0, .. }) => {
            Outcome::Skipped { reason: last.unwrap_or("the test gave no reason").to_owned() }
        }
        (0 | 1 | 5 | 77, _) => {
            let told = if cases.is_empty() { "no test at all".to_owned() } else { count.words() };
            broken(format!("{path} ended with exit code {code}, but its JUnit file says {told}{said}"))
        }
        (_, _) => broken(format!("{path} was not run to its end: pytest ended with exit code {code}{said}")),
    }
}

fn skipped(cases: &[TestCase]) -> String {
    let all = cases.iter().filter_map(|case| match &case.end {
        CaseEnd::Skipped { reason } => Some(format!("{}: {reason}", case.name)),
        CaseEnd::Passed | CaseEnd::Failed { .. } => None,
    });
    let some: Vec<String> = all.take(NAMED).collect();
    let more = cases.len().saturating_sub(some.len());
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{} skipped: {}{more}", cases.len(), some.join("; "))
}

fn failed(cases: &[TestCase]) -> String {
    let all: Vec<String> = cases
        .iter()
        .filter_map(|case| match &case.end {
            CaseEnd::Failed { message, .. } => Some(format!("{}: {message}", case.name)),
            CaseEnd::Passed | CaseEnd::Skipped { .. } => None,
        })
        .collect();
    let more = all.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{}{more}", all.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; "))
}

fn details(cases: &[TestCase]) -> Vec<String> {
    let lines = cases.iter().flat_map(|case| match &case.end {
        CaseEnd::Failed { details, .. } => details.iter().map(|line| format!("{}: {line}", case.name)).collect(),
        CaseEnd::Passed | CaseEnd::Skipped { .. } => Vec::new(),
    });
    lines.take(KEPT).collect()
}
