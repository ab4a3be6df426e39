//! One witness over the whole series, beside those of its runs.

use cc_ci_engine::swarm::Observe;
use cc_ci_engine::witness::{Seen, StackSeen, Witness};
use cc_ci_model::upgrades::count::{SeenStack, SeriesSeen};
use std::sync::Arc;

/// Watches from before the first run to after the last one.
pub(super) struct SeriesWitness {
    witness: Witness,
}

impl SeriesWitness {
    /// Begins to watch. Which stacks the series answers for is decided when everything is known.
    pub(super) fn start(observe: Arc<dyn Observe>) -> Self {
        Self { witness: Witness::start(observe, Arc::new(|_, _| false)) }
    }

    /// Ends the watch.
    pub(super) async fn testify(self) -> SeriesSeen {
        let Seen { stacks, gaps } = self.witness.testify().await;
        let seen = |StackSeen { name, run, .. }| SeenStack { name, run };
        SeriesSeen { stacks: stacks.into_iter().map(seen).collect(), unbroken: gaps == 0 }
    }
}
