//! Steps: what a tier consists of, as data. The run performs the list as it stands (see `docs/design/steps.md`).

use super::demands::{Probe, Verify};
use super::hook::{HookPlace, HookTime};
use super::origin::Origin;
use crate::ids::{RecipeName, StepId};
use crate::tier::Tier;
use serde::{Deserialize, Serialize};

/// One step of a tier. The tier passes only if each of its steps does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `<tier>/<what>`. It follows from the tier and from the other fields; a record keeps the one it was written with.
    pub id: StepId,
    /// What it does.
    pub action: Action,
    /// Which restore or restart it belongs to. Records that do not say were made when only the id told.
    #[serde(default, skip_serializing_if = "Pass::is_only")]
    pub pass: Pass,
}

impl Step {
    /// The step of `tier` that does `action`, in `pass`.
    #[must_use]
    pub fn new(tier: Tier, pass: Pass, action: Action) -> Self {
        let word = action.word();
        let what = match (pass, &action) {
            // The operation that begins a pass gives it its name.
            (Pass::Only, _)
            | (_, Action::Operate(Operation::RestoreInPlace | Operation::RestoreOntoEmpty | Operation::Restart)) => {
                word
            }
            (Pass::InPlace, _) => format!("in-place/{word}"),
            (Pass::OntoEmpty, _) => format!("onto-empty/{word}"),
            (Pass::Restarted, _) => format!("restart/{word}"),
        };
        Self { id: StepId::new(tier, &what), action, pass }
    }

    /// What is not reached when this step does not pass.
    #[must_use]
    pub fn gate(&self) -> Gate {
        match &self.action {
            Action::Dependency { .. }
            | Action::Operate(Operation::BringBack | Operation::Deploy | Operation::Redeploy | Operation::Restart)
            | Action::Check(Check::Converged)
            | Action::Hook {
                time: Some(HookTime::PreInstall | HookTime::InstallSteps | HookTime::PreUpgrade), ..
            } => Gate::App,
            Action::Operate(Operation::Snapshot | Operation::Mutate | Operation::RestoreOntoEmpty)
            | Action::Check(Check::Settled)
            | Action::Hook { time: Some(HookTime::PreBackup | HookTime::PreRestore), .. } => Gate::Tier,
            Action::Operate(Operation::RestoreInPlace) => Gate::Pass,
            Action::Operate(Operation::Seed)
            | Action::Check(
                Check::Serving
                | Check::Connects
                | Check::Listening
                | Check::Stable
                | Check::Moved
                | Check::Routed
                | Check::Markers
                | Check::Volumes
                | Check::Housed
                | Check::Covered
                | Check::SnapshotComplete,
            )
            | Action::Probe { .. }
            | Action::Verify { .. }
            | Action::Hook { time: Some(HookTime::BackupVerify) | None, .. }
            | Action::Test { .. } => Gate::Nothing,
        }
    }
}

/// What hangs on a step: what the run does not try any more when it does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Everything: the app is not up.
    App,
    /// The rest of its tier, and after the backup the restore.
    Tier,
    /// The rest of its pass.
    Pass,
    /// Nothing.
    Nothing,
}

/// Which restore or restart a step belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pass {
    /// To neither: its tier goes through its steps once.
    #[default]
    Only,
    /// The restore over the running app.
    InPlace,
    /// The restore onto empty volumes.
    OntoEmpty,
    /// The restart of an app that has everything.
    Restarted,
}

impl Pass {
    fn is_only(&self) -> bool {
        match self {
            Self::Only => true,
            Self::InPlace | Self::OntoEmpty | Self::Restarted => false,
        }
    }
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
        /// The recipe of the dependency.
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
        /// When it runs; records that do not say were made when only the file's name told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<HookTime>,
    },
    /// One of the recipe's own tests.
    Test {
        /// Path below the recipe's tests folder.
        path: String,
    },
}

impl Action {
    /// The path of the test, if this is one.
    #[must_use]
    pub fn as_test(&self) -> Option<&str> {
        match self {
            Self::Test { path } => Some(path),
            Self::Operate(_)
            | Self::Check(_)
            | Self::Probe { .. }
            | Self::Verify { .. }
            | Self::Dependency { .. }
            | Self::Hook { .. } => None,
        }
    }

    /// Whether it is a program of the recipe's.
    #[must_use]
    pub fn is_own(&self) -> bool {
        match self {
            Self::Verify { .. } | Self::Hook { .. } | Self::Test { .. } => true,
            Self::Operate(_) | Self::Check(_) | Self::Probe { .. } | Self::Dependency { .. } => false,
        }
    }

    /// In whose sandbox it is done, if it is done in one. Ports are asked from that of the recipe.
    #[must_use]
    pub fn sandbox(&self) -> Option<Origin> {
        match self {
            Self::Test { path } | Self::Hook { place: HookPlace::Sandbox, path, .. } => Some(Origin::of(path)),
            Self::Probe { probe: Probe::Tcp { .. } } => Some(Origin::Recipe),
            Self::Operate(_)
            | Self::Check(_)
            | Self::Probe { probe: Probe::Http { .. } }
            | Self::Verify { .. }
            | Self::Dependency { .. }
            | Self::Hook { place: HookPlace::Host, .. } => None,
        }
    }

    /// The step's name below its tier and pass.
    fn word(&self) -> String {
        match self {
            Self::Operate(operation) => operation.word().to_owned(),
            Self::Check(check) => check.word().to_owned(),
            Self::Probe { probe } => format!("ready/{}", probe.name()),
            Self::Verify { .. } => "verified".to_owned(),
            Self::Dependency { recipe, part } => format!("dependency/{recipe}/{}", part.word()),
            Self::Hook { path, .. } | Self::Test { path } => path.clone(),
        }
    }
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

impl Part {
    fn word(&self) -> &str {
        match self {
            Self::Deploy => "deploy",
            Self::Converged => "converged",
            Self::Serving => "serving",
            Self::Capability { name } => name,
        }
    }
}

/// The mutating operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Bring what the recipe's canonical kept into an empty place: its volumes and its secrets (WARM-3).
    BringBack,
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
    /// Stop the services and start them again, with all that they have.
    Restart,
}

impl Operation {
    fn word(self) -> &'static str {
        match self {
            Self::BringBack => "brought-back",
            Self::Deploy => "deploy",
            Self::Redeploy => "redeploy",
            Self::Seed => "seed",
            Self::Snapshot => "snapshot",
            Self::Mutate => "mutate",
            Self::RestoreInPlace => "in-place",
            Self::RestoreOntoEmpty => "onto-empty",
            Self::Restart => "restart",
        }
    }
}

/// The generic assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Every service runs its intended spec at N/N; one-shots completed.
    Converged,
    /// The app answers over its route with an accepted status.
    Serving,
    /// Its TCP routes lead to ports that take connections.
    Connects,
    /// Something listens at head on the published ports, and behind the UDP routers, on which it did at base.
    Listening,
    /// Nothing died within the stability window after convergence (SWARM-3); settled while later steps run.
    Stable,
    /// The running tasks carry the head's spec, the label is the head's commit, nothing was rolled back.
    Moved,
    /// Head can be reached wherever base could (APP-1); planned only where it cannot.
    Routed,
    /// The seeded rows and files are there.
    Markers,
    /// No data vanished from the volumes (DATA-2).
    Volumes,
    /// What the app keeps lies in named volumes, where the next update finds it (DATA-2).
    Housed,
    /// Head's backup covers what base's does (BAK-1); planned only where it does not.
    Covered,
    /// The snapshot holds every promised path, and dumps are complete.
    SnapshotComplete,
    /// No service is updating and databases answer (BAK-3).
    Settled,
}

impl Check {
    fn word(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Serving => "serving",
            Self::Connects => "connects",
            Self::Listening => "listening",
            Self::Stable => "stable",
            Self::Moved => "moved",
            Self::Routed => "routed",
            Self::Markers => "markers",
            Self::Volumes => "volumes",
            Self::Housed => "housed",
            Self::Covered => "covered",
            Self::SnapshotComplete => "complete",
            Self::Settled => "settled",
        }
    }
}
