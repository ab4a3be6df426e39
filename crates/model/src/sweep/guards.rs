//! The deploy budget of a sweep, `R + D`: its plan, the ledgers of everything it made, and one witness over all of it (DEP-5, RUN-3).

use super::plan::SweepPlan;
use super::rows::{ProviderCame, ProviderRow, RanRow, RowEnd, SweepRow};
use crate::ids::StackName;
use crate::report::text::count;
use crate::verdict::budget::{Agreement, beyond, tally};
use serde::Serialize;

/// What was counted over a whole sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SweepCounts {
    /// Deploys in the ledgers of what the sweep brought up itself; those of the runs are in their rows.
    pub ledger: Vec<StackName>,
    /// Stacks that the witness saw coming into being, each with the run that it names by a label.
    pub seen: Vec<(StackName, Option<String>)>,
    /// Whether the witness watched without a gap.
    pub unbroken: bool,
}

/// The three counts of a sweep, and whether they agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SweepGuards {
    /// Whether they agree.
    pub agreement: Agreement,
    /// Deploys that the plan states: `R + D`.
    pub planned: usize,
    /// Deploys in all ledgers.
    pub ledger: usize,
    /// Deploys that the one witness saw.
    pub witness: usize,
    /// Every disagreement, or why there is no answer, in words.
    pub words: Vec<String>,
    /// Stacks of strangers that came into being meanwhile: told, and not counted.
    pub strangers: Vec<StackName>,
}

impl SweepGuards {
    /// `deploy-count = N (expect M, engine saw K)`, as of one run.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { planned, ledger, witness, .. } = self;
        format!("deploy-count = {ledger} (expect {planned}, engine saw {witness})")
    }

    /// Holds the three counts against each other.
    ///
    /// A stack is the sweep's when it carries the label of the sweep or of anything in it, stands in one of its ledgers, or was
    /// counted by the witness of a run, as what a hook deployed is. Everything else is a stranger's.
    #[must_use]
    pub fn judge(plan: &SweepPlan, rows: &[SweepRow], providers: &[ProviderRow], counts: &SweepCounts) -> Self {
        let ran: Vec<&RanRow> = rows.iter().filter_map(|row| row.end.ran()).collect();
        let ledger: Vec<&StackName> = counts.ledger.iter().chain(ran.iter().flat_map(|run| &run.ledger)).collect();
        let testimony: Vec<&StackName> = ran.iter().flat_map(|run| &run.witness).collect();
        let ours = |(name, label): &&(StackName, Option<String>)| {
            label.as_deref().is_some_and(|label| plan.is_label(label))
                || ledger.contains(&name)
                || testimony.contains(&name)
        };
        let (witness, strangers): (Vec<_>, Vec<_>) = counts.seen.iter().partition(ours);
        let mut words = Vec::new();
        for run in &ran {
            words.extend(of_run(run));
        }
        let (noted, watched) = (tally(ledger.iter().copied()), tally(witness.iter().map(|(name, _)| name)));
        let unnoted = beyond(&watched, &noted).into_iter();
        words.extend(unnoted.map(|stack| format!("the engine saw stack {stack} being created, no ledger has it")));
        let unseen = beyond(&noted, &watched).into_iter();
        words.extend(unseen.map(|stack| format!("a ledger has a deploy of {stack} that the engine did not see")));
        let planned = plan.deploys();
        if ledger.len() > planned {
            words.push(format!("the ledgers have {}, the plan permits {planned}", ledger.len()));
        }
        if !counts.unbroken {
            words.push("the witness did not watch without a gap, so it cannot vouch for its count".to_owned());
        }
        let unspent = planned.saturating_sub(ledger.len());
        let excused = excused(rows, providers);
        if unspent > excused {
            words.push(format!("{} missing from the ledgers", count(unspent - excused, "deploy")));
        }
        let agreement = match (words.is_empty(), unspent) {
            (false, _) => Agreement::Disagreed,
            (true, 0) => Agreement::Agreed,
            (true, _) => {
                words.push(format!("{} not spent", count(unspent, "permit")));
                Agreement::Unknown
            }
        };
        let strangers = strangers.into_iter().map(|(name, _)| name.clone()).collect();
        Self { agreement, planned, ledger: ledger.len(), witness: witness.len(), words, strangers }
    }
}

/// What is wrong with the budget of one run.
fn of_run(run: &RanRow) -> Vec<String> {
    let mut words = Vec::new();
    match run.budget.agreement {
        Agreement::Agreed | Agreement::Unknown => {}
        Agreement::Disagreed => {
            let why = run.budget.words.first().map(String::as_str).unwrap_or_default();
            words.push(format!("run {}: {}: {why}", run.run, run.budget.line()));
        }
    }
    if run.budget.expected != 1 {
        words.push(format!("run {}: its plan holds {}, one was lent", run.run, count(run.budget.expected, "permit")));
    }
    words
}

/// How many permits may be left: those of runs and of others that did not come to their deploy.
fn excused(rows: &[SweepRow], providers: &[ProviderRow]) -> usize {
    let run = |row: &&SweepRow| match &row.end {
        RowEnd::Ran(run) => run.ledger.is_empty() && !run.is_green(),
        RowEnd::Unverified { .. } | RowEnd::NotBegun { .. } | RowEnd::NotReached => true,
        RowEnd::Unchanged { .. } | RowEnd::Skipped { .. } | RowEnd::Unaccounted { .. } => false,
    };
    let provider = |row: &&ProviderRow| match &row.came {
        ProviderCame::Up { .. } | ProviderCame::Died { .. } => false,
        ProviderCame::NotUp { deployed, .. } => !deployed,
        ProviderCame::NotReached => true,
    };
    rows.iter().filter(run).count() + providers.iter().filter(provider).count()
}
