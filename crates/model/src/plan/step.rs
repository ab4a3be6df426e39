//! Steps: what a tier consists of, as data.

use super::demands::{Probe, Verify};
use super::hook::HookPlace;
use crate::ids::{RecipeName, StepId};
use serde::{Deserialize, Serialize};

/// One step of a tier. The tier passes only if each of its steps does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `<tier>/<what>`.
    pub id: StepId,
    /// What it is.
    pub action: Action,
}

/// What a step does: change the app, look at it, or run something of the recipe's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A mutating operation; happens exactly once (RUN-5).
    Operate(Operation),
    /// An assertion; has read-only access to the swarm by type.
    Check(Check),
    /// Waits until something besides the route is ready.
    Probe {
        /// What.
        probe: Probe,
    },
    /// Looks at what a backup left in the app.
    Verify {
        /// How.
        verify: Verify,
    },
    /// Brings up a dependency, looks at it, or takes something from it (DEP-1, DEP-3).
    Dependency {
        /// Which.
        recipe: RecipeName,
        /// What of it.
        part: Part,
    },
    /// One of the recipe's own hooks.
    Hook {
        /// Path below the recipe's tests folder.
        path: String,
        /// Where it runs.
        #[serde(default)]
        place: HookPlace,
    },
    /// One of the recipe's own tests.
    Test {
        /// Path below the recipe's tests folder.
        path: String,
    },
}

/// What a step does about a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Deploys it; only where it is cold.
    Deploy,
    /// Waits until every service of it runs as intended.
    Converged,
    /// Asks it over its route.
    Serving,
    /// Makes the run's namespace for a capability and takes its outputs.
    Capability {
        /// Its name.
        name: String,
    },
}

/// The mutating operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// The one deploy, at base.
    Deploy,
    /// The in-place redeploy of the head commit's tree; not a deploy (RUN-2).
    Redeploy,
    /// Seed markers: a file per backed-up path, a row per database (DATA-1).
    Seed,
    /// Hooks and snapshot (BAK-1).
    Snapshot,
    /// Change what was seeded, so that a restore has something to bring back.
    Mutate,
    /// Restore over the running app.
    RestoreInPlace,
    /// Stop the services, empty the volumes, start, restore.
    RestoreOntoEmpty,
}

/// The generic assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Every service runs its intended spec at N/N; one-shots completed.
    Converged,
    /// The app answers over its route with an accepted status.
    Serving,
    /// Nothing died within the stability window after convergence (SWARM-3); settled while later steps run.
    Stable,
    /// The running tasks carry the head's spec, the label is the head's commit, nothing was rolled back.
    Moved,
    /// The seeded rows and files are there.
    Markers,
    /// No data vanished from the volumes (DATA-2).
    Volumes,
    /// The snapshot holds every promised path, and dumps are complete.
    SnapshotComplete,
    /// No service is updating and databases answer (BAK-3).
    Settled,
}
