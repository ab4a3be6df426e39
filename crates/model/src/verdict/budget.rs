//! The deploy budget: plan, ledger and witness held against each other (RUN-2, RUN-3).

use super::blame::Blame;
use crate::event::Budget;
use crate::evidence::Evidence;
use crate::ids::StackName;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::plan::permit::Purpose;
use crate::plan::step::{Action, Operation, Part};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the three guards say, and whether they agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetVerdict {
    /// Whether they agree.
    pub agreement: Agreement,
    /// Deploys the plan permits.
    pub expected: usize,
    /// Deploys in the ledger; `None` when the run never took the counts.
    pub ledger: Option<usize>,
    /// Deploys the engine's event stream showed; `None` when the run never took the counts.
    pub witness: Option<usize>,
    /// Every disagreement, or why there is no answer, in words.
    pub words: Vec<String>,
    /// Who is to blame if they do not agree.
    pub blame: Option<Blame>,
}

/// Whether the three guards agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// They do.
    Agreed,
    /// They do not: red.
    Disagreed,
    /// The run did not come far enough to tell.
    Unknown,
}

impl BudgetVerdict {
    /// `deploy-count = N (expect M, engine saw K)`.
    #[must_use]
    pub fn line(&self) -> String {
        let count = |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        format!("deploy-count = {} (expect {}, engine saw {})", count(self.ledger), self.expected, count(self.witness))
    }
}

/// Whether a run answers for a stack that came into being on the engine while it went on (RUN-3).
///
/// It does when the stack carries the run's label, stands in its ledger or is one of its plan, and when it came into being while
/// a hook of the plan ran on the host: such a hook can deploy what it likes, and nothing that it started outlives it. Nothing
/// else of a run reaches the engine, so all other stacks are a stranger's.
#[must_use]
pub fn answers_for(plan: &Plan, ledger: &[StackName], stack: &StackName, run_label: Option<&str>, came: Came) -> bool {
    let of_plan = *stack == plan.stack || plan.dependencies.iter().any(|one| one.stack == *stack);
    run_label == Some(plan.run.as_str()) || of_plan || ledger.contains(stack) || came == Came::WhileAHookRan
}

/// When a stack came into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// While a hook ran on the host, and nobody had seen the stack before.
    WhileAHookRan,
    /// At any other time.
    Otherwise,
}

/// Holds the three guards against each other.
///
/// Who is to blame: a stack the engine saw and that neither plan nor ledger knows, and an in-place change no operation of
/// the run explains, were made by the recipe's hooks or tests. Everything else is our own bookkeeping.
#[must_use]
pub fn judge(plan: &Plan, evidence: &Evidence) -> BudgetVerdict {
    let expected = plan.deploys_expected();
    let Some(budget) = &evidence.budget else {
        return BudgetVerdict {
            agreement: Agreement::Unknown,
            expected,
            ledger: None,
            witness: None,
            words: vec!["the run ended before the deploys were counted".to_owned()],
            blame: None,
        };
    };
    let mut found = Disagreements::default();
    counts(plan, evidence, budget, &mut found);
    purposes(plan, evidence, &mut found);
    for change in &budget.unexplained {
        found.add(Blame::Test, format!("the engine saw a change that no operation of the run explains: {change}"));
    }
    let blind = "the witness did not watch without a gap, so it cannot vouch for its count";
    if !budget.unbroken && !evidence.host_gave_out() {
        found.add(Blame::Harness, blind.to_owned());
    }

    let agreement = if !found.words.is_empty() {
        Agreement::Disagreed
    } else if !budget.unbroken {
        found.words.push(blind.to_owned());
        Agreement::Unknown
    } else if budget.ledger.len() == expected && budget.witness.len() == expected {
        Agreement::Agreed
    } else {
        found.words.push("the run ended before its deploy was made".to_owned());
        Agreement::Unknown
    };
    BudgetVerdict {
        agreement,
        expected,
        ledger: Some(budget.ledger.len()),
        witness: Some(budget.witness.len()),
        words: found.words,
        blame: found.blame,
    }
}

/// Holds plan, record, ledger and witness against each other, stack by stack.
fn counts(plan: &Plan, evidence: &Evidence, budget: &Budget, found: &mut Disagreements) {
    let expected = plan.deploys_expected();
    let ledger = tally(budget.ledger.iter());
    let witness = tally(budget.witness.iter());
    let record = tally(evidence.deploys.iter().map(|(stack, _)| stack));

    // A deploy that was refused or interrupted is in the ledger, and the engine may have seen nothing of it; one that
    // was never reached is in neither. The install tier says what happened; here it is only not an answer.
    let short = !deployed(plan, evidence, &plan.stack);

    if budget.ledger.len() > expected {
        found.add(Blame::Harness, format!("the ledger has {}, the plan permits {expected}", budget.ledger.len()));
    } else if budget.ledger.len() < expected && !(short && ledger == record) {
        found.add(Blame::Harness, format!("the plan permits {expected}, the ledger has only {}", budget.ledger.len()));
    }
    for stack in beyond(&record, &ledger) {
        found.add(Blame::Harness, format!("the record announces a deploy of {stack} that the ledger on disk lacks"));
    }
    for stack in beyond(&ledger, &record) {
        found.add(
            Blame::Harness,
            format!("the ledger on disk has a deploy of {stack} that the record does not announce"),
        );
    }
    for stack in beyond(&witness, &ledger) {
        let ours = *stack == plan.stack || plan.dependencies.iter().any(|one| one.stack == *stack);
        let blame = if record.contains_key(stack) || ours { Blame::Harness } else { Blame::Test };
        found.add(blame, format!("the engine saw stack {stack} being created, the ledger does not have it"));
    }
    for stack in beyond(&ledger, &witness) {
        let excused = (!budget.unbroken && evidence.host_gave_out()) || (!deployed(plan, evidence, stack));
        if !excused {
            found.add(Blame::Harness, format!("the ledger has a deploy of {stack} that the engine did not see"));
        }
    }
}

#[derive(Default)]
pub(crate) struct Disagreements {
    pub(crate) words: Vec<String>,
    pub(crate) blame: Option<Blame>,
}

impl Disagreements {
    pub(crate) fn add(&mut self, blame: Blame, words: String) {
        // The recipe's side outweighs ours: whoever deployed behind our back is named.
        self.blame = Some(self.blame.map_or(blame, |known| known.min(blame)));
        self.words.push(words);
    }
}

/// Whether each announced deploy spends a permit of the plan, and on the stack that it is for.
fn purposes(plan: &Plan, evidence: &Evidence, found: &mut Disagreements) {
    let mut permits: BTreeMap<&Purpose, usize> = BTreeMap::new();
    for grant in &plan.permits {
        *permits.entry(&grant.purpose).or_default() += 1;
    }
    for (stack, purpose) in &evidence.deploys {
        match permits.get_mut(purpose) {
            Some(left) if *left > 0 => *left -= 1,
            Some(_) | None => {
                found.add(Blame::Harness, format!("stack {stack} was deployed for `{purpose}` without a permit left"));
            }
        }
        let meant = match purpose {
            Purpose::Base | Purpose::Canonical => Some(&plan.stack),
            Purpose::Dependency { recipe } => {
                plan.cold().find(|one| one.recipe.as_str() == recipe).map(|dependency| &dependency.stack)
            }
        };
        if let Some(meant) = meant.filter(|meant| *meant != stack) {
            found.add(Blame::Harness, format!("the {purpose} deploy went to stack {stack}, the plan says {meant}"));
        }
    }
}

/// Whether the deploy of one of the plan's stacks passed. A stack that is none of them was never to be deployed, which
/// excuses nothing.
fn deployed(plan: &Plan, evidence: &Evidence, stack: &StackName) -> bool {
    let dependency = plan.dependencies.iter().find(|dependency| dependency.stack == *stack);
    if dependency.is_none() && *stack != plan.stack {
        return true;
    }
    let deploy = match dependency {
        None => Action::Operate(Operation::Deploy),
        Some(dependency) => Action::Dependency { recipe: dependency.recipe.clone(), part: Part::Deploy },
    };
    let steps = plan.tiers.iter().flat_map(|tier| &tier.steps);
    let mut ended = steps.filter(|step| step.action == deploy).map(|step| evidence.outcome(&step.id));
    ended.any(|outcome| matches!(outcome, Some(Outcome::Passed { .. })))
}

pub(crate) fn tally<'a>(stacks: impl Iterator<Item = &'a StackName>) -> BTreeMap<&'a StackName, usize> {
    let mut counts = BTreeMap::new();
    for stack in stacks {
        *counts.entry(stack).or_default() += 1;
    }
    counts
}

/// The stacks `one` has more often than `other`, once per surplus.
pub(crate) fn beyond<'a>(
    one: &BTreeMap<&'a StackName, usize>,
    other: &BTreeMap<&'a StackName, usize>,
) -> Vec<&'a StackName> {
    one.iter()
        .flat_map(|(stack, count)| {
            let surplus = count.saturating_sub(other.get(stack).copied().unwrap_or(0));
            std::iter::repeat_n(*stack, surplus)
        })
        .collect()
}
