//! The deploys of several runs added up, so that what a command stated beforehand can be held against what was made.

use crate::ids::RunId;
use crate::verdict::budget::{Agreement, BudgetVerdict};
use serde::Serialize;

/// The three counts of several runs, added up. Each run's own guards count for themselves (RUN-3); adding hides no
/// disagreement, since the runs in which there is one are named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeployTally {
    /// How many runs were counted.
    pub runs: usize,
    /// Deploys that their plans permit.
    pub planned: usize,
    /// Deploys in their ledgers.
    pub ledger: usize,
    /// Deploys that the engine's event stream showed.
    pub witness: usize,
    /// Runs whose guards do not agree.
    pub disagreed: Vec<RunId>,
    /// Runs that ended before their deploys were made or counted.
    pub unknown: Vec<RunId>,
}

impl DeployTally {
    /// Adds what the guards of one run say.
    pub fn add(&mut self, run: &RunId, budget: &BudgetVerdict) {
        self.runs += 1;
        self.planned += budget.expected;
        self.ledger += budget.ledger.unwrap_or_default();
        self.witness += budget.witness.unwrap_or_default();
        match budget.agreement {
            Agreement::Agreed => {}
            Agreement::Disagreed => self.disagreed.push(run.clone()),
            Agreement::Unknown => self.unknown.push(run.clone()),
        }
    }

    /// Whether the guards of every run agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.disagreed.is_empty() && self.unknown.is_empty()
    }

    /// `deploy-count = N (expect M, engine saw K)`, as of one run.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { planned, ledger, witness, .. } = self;
        let named = |runs: &[RunId]| runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(", ");
        let mut line = format!("deploy-count = {ledger} (expect {planned}, engine saw {witness})");
        for (runs, what) in [(&self.disagreed, "the guards do not agree in"), (&self.unknown, "not counted in")] {
            if !runs.is_empty() {
                line = format!("{line}; {what} {}", named(runs));
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(expected: usize, ledger: Option<usize>, witness: Option<usize>, agreement: Agreement) -> BudgetVerdict {
        BudgetVerdict { agreement, expected, ledger, witness, words: Vec::new(), blame: None }
    }

    #[test]
    fn two_runs_that_are_wrong_in_opposite_ways_do_not_make_a_right_sum() {
        let run = |id: &str| RunId::parse(id).unwrap();
        let mut tally = DeployTally::default();
        tally.add(&run("r1"), &budget(1, Some(1), Some(2), Agreement::Disagreed));
        tally.add(&run("r2"), &budget(1, Some(1), Some(0), Agreement::Disagreed));
        assert_eq!((tally.planned, tally.ledger, tally.witness, tally.agrees()), (2, 2, 2, false));
        assert_eq!(tally.line(), "deploy-count = 2 (expect 2, engine saw 2); the guards do not agree in r1, r2");
    }

    #[test]
    fn a_run_that_was_not_counted_is_named() {
        let mut tally = DeployTally::default();
        tally.add(&RunId::parse("r1").unwrap(), &budget(1, None, None, Agreement::Unknown));
        assert!(!tally.agrees());
        assert_eq!(tally.line(), "deploy-count = 0 (expect 1, engine saw 0); not counted in r1");
    }
}
