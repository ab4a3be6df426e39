//! The workbench: a container beside the app, in which its volumes are indexed, marked, saved and restored.
//!
//! It has no network and none of the app's code, so work on the app's data needs neither a shell in the app's image nor
//! its services to run. What lies in a volume is a stranger's, and so is what a restore writes: each operation gets a bench of
//! its own, which has only what the operation needs and cannot be changed from within (TRUST-1).

use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Mutex;

use crate::exec::{ExecCommand, ExecError, ExecOutput};
use crate::labels;
use crate::ledger::{Ledger, LedgerError};
use crate::swarm::{
    Bounds, Containers, Launch, LaunchVolume, Node, Privileges, Root, StandBy, Swap, SwarmError, VolumeAccess,
};

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
    /// It was not begun, because nobody needs it any more.
    #[error("not begun: nobody needs it any more")]
    Unneeded,
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
            Self::Failed { .. } | Self::Ledger(_) | Self::Answer { .. } | Self::NotOurs { .. } | Self::Unneeded => {
                Cause::Harness
            }
        };
        Finding::new(cause, self.to_string())
    }

    pub(crate) fn failed(what: impl Into<String>, output: &ExecOutput) -> Self {
        Self::Failed { what: what.into(), ending: output.ending(), tail: output.tail(8).join(" | ") }
    }
}

/// What is done on a bench, which decides what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenchUse {
    /// Volumes are looked at. SQLite writes beside a file that it reads, so they can be written to.
    Look,
    /// Volumes are changed: marked, or emptied.
    Change,
    /// The repository is made and saved to; volumes can only be read.
    Save,
    /// A snapshot is read back, without the volumes that it came from.
    ReadBack,
    /// A snapshot, which can only be read, is written into volumes.
    Restore,
    /// All of this by one hand, as an operator does it: the floor that a run is held against.
    Everything,
}

impl BenchUse {
    /// How the volumes are there, if at all.
    fn volumes(self) -> Option<VolumeAccess> {
        match self {
            Self::Look | Self::Change | Self::Restore | Self::Everything => Some(VolumeAccess::Write),
            Self::Save => Some(VolumeAccess::Read),
            Self::ReadBack => None,
        }
    }

    /// How many commands an operation runs on it one after another, about: so many processes wait for them.
    fn commands(self) -> usize {
        match self {
            Self::Restore | Self::ReadBack => 1,
            Self::Look => 3,
            Self::Change | Self::Save | Self::Everything => 4,
        }
    }

    /// How the repository is there, if at all.
    fn repository(self) -> Option<VolumeAccess> {
        match self {
            Self::Look | Self::Change => None,
            Self::Save | Self::Everything => Some(VolumeAccess::Write),
            Self::ReadBack | Self::Restore => Some(VolumeAccess::Read),
        }
    }
}

/// A running workbench.
#[derive(Clone)]
pub struct Workbench {
    containers: Containers,
    container: String,
    volumes: BTreeSet<String>,
    /// Processes that wait for commands.
    waiting: Arc<Mutex<Vec<Box<dyn StandBy>>>>,
}

/// What root of a bench may do: read, write and give away the files of every user, and become their owner.
const CAPABILITIES: &[&str] = &["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP", "SETGID", "SETUID"];

/// What a bench may use up. Half a million files are indexed within it.
const BOUNDS: Bounds =
    Bounds { memory: Some(2 << 30), swap: Swap::None, cpus: None, weight: None, processes: Some(256) };

/// The only folder of its own that a bench can write to: in memory, never on the host's disk.
const SCRATCH: (&str, &str) = ("/tmp", "rw,noexec,nosuid,nodev,size=1g,mode=1777");

/// The container of a workbench.
pub(crate) fn launch_of(
    run: &RunId,
    image: &str,
    volumes: &BTreeSet<String>,
    repository: &str,
    what: BenchUse,
) -> Launch {
    let mounted = |access: VolumeAccess, name: &str| LaunchVolume { name: name.to_owned(), access };
    let own = what
        .volumes()
        .into_iter()
        .flat_map(|access| volumes.iter().map(move |volume| (Workbench::path(volume), mounted(access, volume))));
    let repository = what.repository().map(|access| (REPOSITORY.to_owned(), mounted(access, repository)));
    let (scratch, options) = SCRATCH;
    Launch {
        user: Some("0:0"),
        volumes: own.chain(repository).collect(),
        scratch: BTreeMap::from([(scratch.to_owned(), options.to_owned())]),
        root: Root::ReadOnly,
        privileges: Privileges::Only(CAPABILITIES),
        bounds: BOUNDS,
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
        (volumes, what): (&BTreeSet<String>, BenchUse),
    ) -> Result<Self, WorkError> {
        let repository = run_volume(containers.node.as_ref(), ledger, run, "repo").await?;
        Self::with_repository(containers, ledger, run, image, (volumes, what), &repository).await
    }

    /// The same with another volume, which must exist, in place of the run's repository.
    pub async fn with_repository(
        containers: &Containers,
        ledger: &Ledger,
        run: &RunId,
        image: &str,
        (volumes, what): (&BTreeSet<String>, BenchUse),
        repository: &str,
    ) -> Result<Self, WorkError> {
        let node = containers.node.as_ref();
        let name = format!("cc-ci-{run}-bench-{:08x}", rand::random::<u32>());
        launch(node, ledger, &name, &launch_of(run, image, volumes, repository, what)).await?;
        let waiting = join_all((0..what.commands()).map(|_| node.stand_by(&name))).await;
        let waiting = Arc::new(Mutex::new(waiting.into_iter().flatten().collect()));
        Ok(Self { containers: containers.clone(), container: name, volumes: volumes.clone(), waiting })
    }

    /// The volumes it has, by full name.
    #[must_use]
    pub fn volumes(&self) -> &BTreeSet<String> {
        &self.volumes
    }

    /// Its container's name.
    #[must_use]
    pub fn container(&self) -> &str {
        &self.container
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
        let waiting = if command.is_plain() { self.waiting.lock().await.pop() } else { None };
        match waiting {
            Some(process) => process.run(command).await,
            None => self.containers.node.exec(&self.container, command).await,
        }
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
    node.make_volume(&name, labels::of_run(run)).await?;
    Ok(name)
}

/// Makes and starts a container of the run under `name`, ledger first.
pub(crate) async fn launch(node: &dyn Node, ledger: &Ledger, name: &str, what: &Launch) -> Result<(), WorkError> {
    ledger.making(Object::new(ObjectKind::Container, name))?;
    Ok(node.launch(name, what).await?)
}
