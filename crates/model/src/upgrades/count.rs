//! The deploys of a whole series: what its plan states, what the ledgers of its runs hold, and what one witness over all of it saw.
//!
//! The guards of each run count for themselves (RUN-3). The witness of the series watches from before the first run to after the
//! last one, so it also sees what comes into being between two runs, when no run's own witness watches.

use super::plan::UpgradesPlan;
use super::tried::TriedUpgrade;
use crate::ids::StackName;
use crate::verdict::blame::Blame;
use crate::verdict::budget::{Agreement, Disagreements, beyond, tally};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the witness of the series saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesSeen {
    /// Stacks that came into being, in order, whoever made them.
    pub stacks: Vec<SeenStack>,
    /// Whether it watched without a gap.
    pub unbroken: bool,
}

/// A stack that came into being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenStack {
    /// Its name.
    pub name: StackName,
    /// The run that it names by a label.
    pub run: Option<String>,
}

/// The counts of a series, and whether they agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeriesCounts {
    /// Deploys that the plan of the series permits.
    pub stated: usize,
    /// Deploys in the ledgers of its runs.
    pub ledger: usize,
    /// Deploys that its own witness saw; `None` where it could not begin to watch.
    pub witness: Option<usize>,
    /// Whether they agree.
    pub agreement: Agreement,
    /// Every disagreement, or why there is no answer, in words.
    pub words: Vec<String>,
    /// Who is to blame if they do not agree.
    pub blame: Option<Blame>,
}

impl SeriesCounts {
    /// Holds the counts against each other, stack by stack. `seen` is `None` where the witness could not begin.
    #[must_use]
    pub fn of(plan: &UpgradesPlan, tried: &[TriedUpgrade], seen: Option<&SeriesSeen>) -> Self {
        let tallies = Tallies::of(plan, tried, seen);
        let mut found = Disagreements::default();
        tallies.disagree(&mut found);
        for tried in tried.iter().filter(|one| one.counted.verdict.agreement == Agreement::Disagreed) {
            let budget = &tried.counted.verdict;
            let words = budget.words.join("; ");
            found.add(budget.blame.unwrap_or(Blame::Harness), format!("in the run from {}: {words}", tried.version));
        }
        let is_lost = |one: &TriedUpgrade| one.answer.reason().is_some_and(|(_, by)| by == Some(Blame::Infrastructure));
        let blind = seen.is_none_or(|seen| !seen.unbroken);
        if blind && !tried.iter().any(is_lost) {
            let what = "the witness of the series did not watch without a gap, so it cannot vouch for its count";
            found.add(Blame::Harness, what.to_owned());
        }
        let (stated, ledger) = (sum(&tallies.stated), sum(&tallies.ledger));
        let witness = tallies.witness.as_ref().map(sum);
        let whole = ledger == stated && witness == Some(stated);
        let agreement = match (found.words.is_empty(), whole && !blind) {
            (false, _) => Agreement::Disagreed,
            (true, true) => Agreement::Agreed,
            (true, false) => Agreement::Unknown,
        };
        if agreement == Agreement::Unknown {
            found.words.push("not every deploy that was stated was made and counted".to_owned());
        }
        Self { stated, ledger, witness, agreement, words: found.words, blame: found.blame }
    }

    /// `deploy-count = N (expect M, engine saw K)`, as of one run.
    #[must_use]
    pub fn line(&self) -> String {
        let seen = self.witness.map_or_else(|| "?".to_owned(), |count| count.to_string());
        format!("deploy-count = {} (expect {}, engine saw {seen})", self.ledger, self.stated)
    }
}

/// How often each stack was deployed, by each count.
struct Tallies<'a> {
    stated: Tally<'a>,
    ledger: Tally<'a>,
    /// By the witnesses of the runs.
    runs: Tally<'a>,
    /// By that of the series, as far as it answers for a stack.
    witness: Option<Tally<'a>>,
}

type Tally<'a> = BTreeMap<&'a StackName, usize>;

impl<'a> Tallies<'a> {
    fn of(plan: &'a UpgradesPlan, tried: &'a [TriedUpgrade], seen: Option<&'a SeriesSeen>) -> Self {
        let stated = tally(plan.stacks());
        let ledger = tally(tried.iter().flat_map(|one| &one.counted.ledger));
        let runs = tally(tried.iter().flat_map(|one| &one.counted.witness));
        let ours = |stack: &&SeenStack| {
            let labelled = stack.run.as_deref().is_some_and(|run| plan.has_run(run));
            labelled || [&stated, &ledger, &runs].iter().any(|known| known.contains_key(&stack.name))
        };
        let witness = seen.map(|seen| tally(seen.stacks.iter().filter(ours).map(|stack| &stack.name)));
        Self { stated, ledger, runs, witness }
    }

    fn disagree(&self, found: &mut Disagreements) {
        let Self { stated, ledger, runs, witness } = self;
        for stack in beyond(ledger, stated) {
            let what = format!("a ledger has a deploy of {stack} that the plan of the series does not permit");
            found.add(Blame::Harness, what);
        }
        let Some(witness) = witness else { return };
        // A stack that a run's own witness saw stands in that run's verdict already.
        for stack in beyond(witness, runs) {
            let blame = if stated.contains_key(stack) { Blame::Harness } else { Blame::Test };
            found
                .add(blame, format!("the witness of the series saw stack {stack} being created, and no run's own did"));
        }
        for stack in beyond(runs, witness) {
            let what = format!("a run saw stack {stack} being created, the witness of the series did not");
            found.add(Blame::Harness, what);
        }
    }
}

fn sum(tally: &Tally<'_>) -> usize {
    tally.values().sum()
}
