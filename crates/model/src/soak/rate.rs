//! How often a check passes, and whether that is one answer or several.

use super::{CheckName, CheckSeen, ObservedRun};
use serde::Serialize;

/// How one check ended over all runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRate {
    /// Which.
    pub check: CheckName,
    /// In one word.
    pub steadiness: Steadiness,
    /// Runs in which it passed.
    pub passed: usize,
    /// In which it failed.
    pub failed: usize,
    /// In which it was skipped.
    pub skipped: usize,
    /// In which it should have given an answer and did not.
    pub silent: usize,
    /// In which something before it did not pass, or the record does not have it.
    pub not_reached: usize,
    /// The numbers of the runs in which it failed or was silent.
    pub runs: Vec<u32>,
    /// Why it did in the first of them.
    pub why: Option<String>,
}

/// What a check does over many runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steadiness {
    /// It passes whenever it gives an answer.
    Passes,
    /// It fails whenever it does.
    Fails,
    /// It is skipped in every run.
    Skipped,
    /// It gives different answers about the same commit.
    Flaky,
    /// It never gives an answer.
    Silent,
}

impl CheckRate {
    fn of(check: &CheckName, runs: &[ObservedRun]) -> Self {
        let mut rate = Self {
            check: check.clone(),
            steadiness: Steadiness::Silent,
            passed: 0,
            failed: 0,
            skipped: 0,
            silent: 0,
            not_reached: 0,
            runs: Vec::new(),
            why: None,
        };
        for run in runs {
            let seen = run.checks.iter().find(|(name, _)| name == check).map(|(_, seen)| seen);
            match seen {
                Some(CheckSeen::Passed) => rate.passed += 1,
                Some(CheckSeen::Skipped) => rate.skipped += 1,
                Some(CheckSeen::NotReached) | None => rate.not_reached += 1,
                Some(CheckSeen::Failed { why }) => {
                    rate.failed += 1;
                    rate.bad(run.number, why);
                }
                Some(CheckSeen::Silent { why }) => {
                    rate.silent += 1;
                    rate.bad(run.number, why);
                }
            }
        }
        Self { steadiness: Steadiness::of(rate.passed, rate.failed, rate.skipped), ..rate }
    }

    fn bad(&mut self, run: u32, why: &str) {
        self.runs.push(run);
        self.why.get_or_insert_with(|| why.to_owned());
    }

    /// Whether a reader should look at it.
    #[must_use]
    pub fn is_odd(&self) -> bool {
        self.failed > 0 || self.silent > 0 || self.steadiness == Steadiness::Flaky
    }
}

impl Steadiness {
    /// What so many answers of each kind come to. What was not reached is no answer of the check.
    fn of(passed: usize, failed: usize, skipped: usize) -> Self {
        match (passed > 0, failed > 0, skipped > 0) {
            (true, false, false) => Self::Passes,
            (false, true, false) => Self::Fails,
            (false, false, true) => Self::Skipped,
            (false, false, false) => Self::Silent,
            (true, true, _) | (true, _, true) | (_, true, true) => Self::Flaky,
        }
    }

    /// As readers see it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Fails => "fails",
            Self::Skipped => "skipped",
            Self::Flaky => "FLAKY",
            Self::Silent => "no answer",
        }
    }
}

/// Every check of every run, in the order in which they were met.
#[must_use]
pub fn rates(runs: &[ObservedRun]) -> Vec<CheckRate> {
    let mut order: Vec<&CheckName> = Vec::new();
    for (name, _) in runs.iter().flat_map(|run| &run.checks) {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    order.into_iter().map(|check| CheckRate::of(check, runs)).collect()
}
