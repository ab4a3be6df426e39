//! Which stacks on the engine are the business of another live run, so that a witness does not count them.

use crate::prepare::warmth;
use cc_ci_engine::ledger::{self, LedgerEntry};
use cc_ci_engine::witness::OtherRuns;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::sync::Arc;

/// A stack belongs to another run if its label names one, that run is alive, and its own ledger has the stack. A label
/// alone would let a hook hide a deploy behind somebody else's name.
pub(crate) fn live_runs(state: &StateFolder, own: &RunId) -> OtherRuns {
    let own = own.clone();
    beside(state, move |run| *run == own)
}

/// The same for whoever answers for several runs.
pub(crate) fn beside(state: &StateFolder, own: impl Fn(&RunId) -> bool + Send + Sync + 'static) -> OtherRuns {
    let state = state.clone();
    Arc::new(move |label: &str, stack: &StackName| {
        let Ok(run) = RunId::parse(label) else { return false };
        if own(&run) {
            return false;
        }
        let Ok(dir) = RunDir::open(&state, &run) else { return is_warm(&state, &run, stack) };
        let deployed = || ledger::read(&dir.file(ledger::FILE)).map(|entries| ledger::deploys(&entries));
        dir.is_running().unwrap_or(false) && deployed().is_ok_and(|stacks| stacks.contains(stack))
    })
}

/// Whether the stack is a warm provider's, by that one's own ledger: somebody brings it up while the run goes on.
fn is_warm(state: &StateFolder, label: &RunId, stack: &StackName) -> bool {
    warmth::all(state).unwrap_or_default().iter().any(|recipe| {
        let entries = ledger::read(&warmth::folder(state, recipe).join(ledger::FILE)).unwrap_or_default();
        let its = entries.first().is_some_and(|entry| matches!(entry, LedgerEntry::Opened { run, .. } if run == label));
        its && ledger::deploys(&entries).contains(stack)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_engine::ledger::Ledger;
    use cc_ci_model::plan::permit::Purpose;

    #[test]
    fn only_a_live_run_with_the_stack_in_its_ledger_counts() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        let (own, other) = (RunId::parse("own").unwrap(), RunId::parse("other").unwrap());
        let (stack, foreign) = (StackName::observed("shop-abc123"), StackName::observed("sneaky"));
        let others = live_runs(&state, &own);
        assert!(!others("other", &stack), "there is no such run");
        let (dir, lock) = RunDir::create(&state, &other).unwrap();
        let ledger = Ledger::create(dir.path(), &other).unwrap();
        assert!(!others("other", &stack), "it has deployed nothing");
        ledger.write(&LedgerEntry::Deploying { stack: stack.clone(), purpose: Purpose::Base }).unwrap();
        assert!(others("other", &stack));
        assert!(!others("other", &foreign), "the label alone hides nothing");
        assert!(!others("own", &stack) && !others("../other", &stack));
        drop(lock);
        assert!(!others("other", &stack), "it is dead");
    }
}
