//! Test cases: what one file of tests consists of, when its runner tells them apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One test function of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestCase {
    /// As its runner names it, without the file: `test_login`, `TestFeeds::test_add[atom]`.
    pub name: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// How it ended.
    #[serde(flatten)]
    pub end: CaseEnd,
}

/// How a test case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum CaseEnd {
    /// Its assertions held.
    Passed,
    /// They did not, or its fixtures failed.
    Failed {
        /// One line.
        message: String,
        /// The place in the file with what stood there.
        details: Vec<String>,
    },
    /// It did not run, or was expected to fail and did.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// How many cases ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Skipped.
    pub skipped: usize,
}

impl Count {
    /// Counts.
    #[must_use]
    pub fn of(cases: &[TestCase]) -> Self {
        cases.iter().fold(Self::default(), |count, case| match &case.end {
            CaseEnd::Passed => Self { passed: count.passed + 1, ..count },
            CaseEnd::Failed { .. } => Self { failed: count.failed + 1, ..count },
            CaseEnd::Skipped { .. } => Self { skipped: count.skipped + 1, ..count },
        })
    }

    /// `7 passed, 1 skipped`; ways that none ended in are left out.
    #[must_use]
    pub fn words(self) -> String {
        let ways = [(self.passed, "passed"), (self.failed, "failed"), (self.skipped, "skipped")];
        let words = ways.iter().filter(|(count, _)| *count > 0).map(|(count, way)| format!("{count} {way}"));
        words.collect::<Vec<_>>().join(", ")
    }
}
