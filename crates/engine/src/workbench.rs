//! The run's workbench: one container with every volume of the stack, where files are indexed, marked, saved and restored.
//!
//! It has no network and none of the app's code, so work on the app's data needs neither a shell in the app's image nor
//! its services to run.

use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use std::collections::BTreeSet;

use crate::exec::{ExecCommand, ExecError, ExecOutput};
use crate::ledger::{Ledger, LedgerError};
use crate::swarm::{Containers, Launch, Node, SwarmError};

/// The folder in the bench below which each volume is mounted under its own name.
pub const VOLUMES: &str = "/volumes";

/// Where the backup repository is mounted in the bench.
pub const REPOSITORY: &str = "/repo";

/// Why work on the app's data could not be done. A recipe that fails is not one of these.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The engine refused or did not answer.
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    /// The object could not be entered in the ledger, so it was not made.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A command in a container of ours had no answer.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// A command of ours failed where it never should.
    #[error("cannot {what}: {ending}: {tail}")]
    Failed {
        /// What was being done.
        what: String,
        /// `exit code 3`.
        ending: String,
        /// The last lines it wrote.
        tail: String,
    },
    /// A command of ours answered in a form that was not expected.
    #[error("cannot {what}: the answer is not understood: {text}")]
    Answer {
        /// What was being done.
        what: String,
        /// The part that is not understood.
        text: String,
    },
    /// Something that is not this run's or this stack's was about to be changed.
    #[error("refused to {what}: {why}")]
    NotOurs {
        /// What was asked.
        what: String,
        /// Which label is missing or different.
        why: String,
    },
}

impl WorkError {
    /// The error as a finding, with whose fault it is.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let cause = match self {
            Self::Swarm(error) => error.cause(),
            Self::Exec(_) => Cause::EngineLost,
            Self::Failed { tail, .. } if tail.to_lowercase().contains("no space left on device") => Cause::DiskFull,
            Self::Failed { .. } | Self::Ledger(_) | Self::Answer { .. } | Self::NotOurs { .. } => Cause::Harness,
        };
        Finding::new(cause, self.to_string())
    }

    pub(crate) fn failed(what: impl Into<String>, output: &ExecOutput) -> Self {
        Self::Failed { what: what.into(), ending: output.ending(), tail: output.tail(8).join(" | ") }
    }
}

/// A running workbench.
#[derive(Clone)]
pub struct Workbench {
    containers: Containers,
    container: String,
    volumes: BTreeSet<String>,
}

/// The container of a workbench.
pub(crate) fn launch_of(run: &RunId, image: &str, volumes: &BTreeSet<String>, repository: &str) -> Launch {
    let mounted = volumes.iter().map(|volume| (Workbench::path(volume), volume.clone()));
    Launch {
        user: Some("0:0"),
        volumes: mounted.chain([(REPOSITORY.to_owned(), repository.to_owned())]).collect(),
        ..Launch::idle(run, image)
    }
}

impl Workbench {
    /// Starts a bench from `image` with `volumes` (full names, which must exist) and the run's repository volume, which is
    /// made when it is not there yet.
    pub async fn start(
        containers: &Containers,
        ledger: &Ledger,
        run: &RunId,
        image: &str,
        volumes: &BTreeSet<String>,
    ) -> Result<Self, WorkError> {
        let node = containers.node.as_ref();
        let repository = run_volume(node, ledger, run, "repo").await?;
        let name = format!("cc-ci-{run}-bench-{:08x}", rand::random::<u32>());
        launch(node, ledger, &name, &launch_of(run, image, volumes, &repository)).await?;
        Ok(Self { containers: containers.clone(), container: name, volumes: volumes.clone() })
    }

    /// A bench that has at least `volumes`: this one, or a new one in its place.
    pub async fn covering(
        self,
        ledger: &Ledger,
        run: &RunId,
        image: &str,
        volumes: &BTreeSet<String>,
    ) -> Result<Self, WorkError> {
        if volumes.is_subset(&self.volumes) {
            return Ok(self);
        }
        let (old, new) = tokio::join!(self.remove(), Self::start(&self.containers, ledger, run, image, volumes));
        old?;
        new
    }

    /// The volumes it has, by full name.
    #[must_use]
    pub fn volumes(&self) -> &BTreeSet<String> {
        &self.volumes
    }

    /// The way to the app's own containers beside it.
    #[must_use]
    pub fn containers(&self) -> &Containers {
        &self.containers
    }

    /// Where a volume's root is in the bench.
    #[must_use]
    pub fn path(volume: &str) -> String {
        format!("{VOLUMES}/{volume}")
    }

    /// Runs a command on the bench; it may fail.
    pub async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        self.containers.node.exec(&self.container, command).await
    }

    /// Runs a command of ours that has no reason to fail; `what` continues "cannot".
    pub async fn must(&self, what: &str, command: &ExecCommand) -> Result<ExecOutput, WorkError> {
        let output = self.exec(command).await?;
        if !output.succeeded() {
            return Err(WorkError::failed(what, &output));
        }
        if output.dropped > 0 {
            let text = format!("{} bytes more than the output cap", output.dropped);
            return Err(WorkError::Answer { what: what.to_owned(), text });
        }
        Ok(output)
    }

    /// Removes the bench; its volumes stay. Removing it twice is fine.
    pub async fn remove(&self) -> Result<(), WorkError> {
        Ok(self.containers.node.discard(&self.container).await?)
    }
}

/// The volume `cc-ci-<run>-<purpose>`, labelled, made when it is not there.
pub(crate) async fn run_volume(
    node: &dyn Node,
    ledger: &Ledger,
    run: &RunId,
    purpose: &str,
) -> Result<String, WorkError> {
    let name = format!("cc-ci-{run}-{purpose}");
    ledger.making(Object::new(ObjectKind::Volume, &name))?;
    node.make_volume(run, &name).await?;
    Ok(name)
}

/// Makes and starts a container of the run under `name`, ledger first.
pub(crate) async fn launch(node: &dyn Node, ledger: &Ledger, name: &str, what: &Launch) -> Result<(), WorkError> {
    ledger.making(Object::new(ObjectKind::Container, name))?;
    Ok(node.launch(name, what).await?)
}
