//! The run's workbench: one container with every volume of the stack, where files are indexed, marked, saved and restored.
//!
//! It has no network and none of the app's code, so work on the app's data needs neither a shell in the app's image nor
//! its services to run.

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions, VolumeCreateRequest};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, WaitContainerOptions};
use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use futures_util::StreamExt;
use std::collections::BTreeSet;

use crate::exec::{self, Command, ExecError, Output};
use crate::labels;
use crate::ledger::{Ledger, LedgerError};

/// The folder in the bench below which each volume is mounted under its own name.
pub const VOLUMES: &str = "/volumes";

/// Where the backup repository is mounted in the bench.
pub const REPOSITORY: &str = "/repo";

/// What a helper container of ours runs: nothing. A shell, because process 1 has to collect orphans and not every engine
/// has an init program to put there.
pub(crate) const IDLE: &str = "trap 'exit 0' TERM; sleep infinity & wait";

/// Why work on the app's data could not be done. A recipe that fails is not one of these.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The engine refused or did not answer.
    #[error("cannot {what}: {source}")]
    Engine {
        /// What was being done.
        what: String,
        /// What the engine said.
        source: Box<EngineError>,
    },
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
            Self::Engine { .. } | Self::Exec(_) => Cause::EngineLost,
            Self::Failed { tail, .. } if tail.contains("No space left on device") => Cause::DiskFull,
            Self::Failed { .. } | Self::Ledger(_) | Self::Answer { .. } | Self::NotOurs { .. } => Cause::Harness,
        };
        Finding::new(cause, self.to_string())
    }

    pub(crate) fn engine(what: impl Into<String>) -> impl FnOnce(EngineError) -> Self {
        let what = what.into();
        move |source| Self::Engine { what, source: Box::new(source) }
    }

    pub(crate) fn failed(what: impl Into<String>, output: &Output) -> Self {
        Self::Failed { what: what.into(), ending: output.ending(), tail: output.tail(8).join(" | ") }
    }
}

/// A running workbench.
#[derive(Debug, Clone)]
pub struct Bench {
    docker: Docker,
    container: String,
    volumes: BTreeSet<String>,
}

impl Bench {
    /// Starts a bench from `image` with `volumes` (full names, which must exist) and the run's repository volume, which is
    /// made when it is not there yet.
    pub async fn start(
        docker: &Docker,
        ledger: &Ledger,
        run: &RunId,
        image: &str,
        volumes: &BTreeSet<String>,
    ) -> Result<Self, WorkError> {
        let repository = run_volume(docker, ledger, run, "repo").await?;
        let mounts = volumes
            .iter()
            .map(|volume| mount(volume, &format!("{VOLUMES}/{volume}")))
            .chain([mount(&repository, REPOSITORY)])
            .collect();
        let name = format!("cc-ci-{run}-bench-{:08x}", rand::random::<u32>());
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(vec![]),
            cmd: Some(["bash", "-c", IDLE].map(str::to_owned).to_vec()),
            labels: Some(labels::of_run(run)),
            user: Some("0:0".to_owned()),
            host_config: Some(HostConfig {
                network_mode: Some("none".to_owned()),
                mounts: Some(mounts),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        launch(docker, ledger, &name, body).await?;
        Ok(Self { docker: docker.clone(), container: name, volumes: volumes.clone() })
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
        let (old, new) = tokio::join!(self.remove(), Self::start(&self.docker, ledger, run, image, volumes));
        old?;
        new
    }

    /// The volumes it has, by full name.
    #[must_use]
    pub fn volumes(&self) -> &BTreeSet<String> {
        &self.volumes
    }

    /// The engine it runs on.
    #[must_use]
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Where a volume's root is in the bench.
    #[must_use]
    pub fn path(volume: &str) -> String {
        format!("{VOLUMES}/{volume}")
    }

    /// Runs a command on the bench; it may fail.
    pub async fn exec(&self, command: &Command) -> Result<Output, ExecError> {
        exec::run(&self.docker, &self.container, command).await
    }

    /// Runs a command of ours that has no reason to fail; `what` continues "cannot".
    pub async fn must(&self, what: &str, command: &Command) -> Result<Output, WorkError> {
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
        discard(&self.docker, &self.container).await
    }
}

/// The volume `cc-ci-<run>-<purpose>`, labelled, made when it is not there.
pub(crate) async fn run_volume(
    docker: &Docker,
    ledger: &Ledger,
    run: &RunId,
    purpose: &str,
) -> Result<String, WorkError> {
    let name = format!("cc-ci-{run}-{purpose}");
    ledger.making(Object::new(ObjectKind::Volume, &name))?;
    let request = VolumeCreateRequest {
        name: Some(name.clone()),
        labels: Some(labels::of_run(run)),
        ..VolumeCreateRequest::default()
    };
    docker.create_volume(request).await.map_err(WorkError::engine(format!("make volume {name}")))?;
    Ok(name)
}

/// Makes and starts a container of the run under `name`, ledger first.
pub(crate) async fn launch(
    docker: &Docker,
    ledger: &Ledger,
    name: &str,
    body: ContainerCreateBody,
) -> Result<(), WorkError> {
    ledger.making(Object::new(ObjectKind::Container, name))?;
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    let failed = |source| WorkError::engine(format!("start container {name}"))(source);
    docker.create_container(Some(options), body).await.map_err(failed)?;
    crate::docker::start::start(docker, name).await.map_err(failed)
}

/// Waits for the end of a container that was started, and answers with its exit code.
pub(crate) async fn exit_code(docker: &Docker, name: &str) -> Result<i64, WorkError> {
    let waited = docker.wait_container(name, None::<WaitContainerOptions>).next().await;
    match waited {
        Some(Ok(ended)) => Ok(ended.status_code),
        // This client takes every code but 0 for an error of its own.
        Some(Err(EngineError::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(source)) => Err(WorkError::engine(format!("wait for container {name}"))(source)),
        None => {
            let text = "the engine said nothing".to_owned();
            Err(WorkError::Answer { what: format!("wait for container {name}"), text })
        }
    }
}

/// Removes a container at once; one that is already gone is fine.
pub(crate) async fn discard(docker: &Docker, name: &str) -> Result<(), WorkError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).build();
    match docker.remove_container(name, Some(options)).await {
        Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        Err(source) => Err(WorkError::engine(format!("remove container {name}"))(source)),
    }
}

/// A read-write mount of a named volume that copies nothing from the image into it.
pub(crate) fn mount(volume: &str, target: &str) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(volume.to_owned()),
        target: Some(target.to_owned()),
        volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() }),
        ..Mount::default()
    }
}
