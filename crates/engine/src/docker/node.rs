//! The real swarm: [`Node`], containers of our own through the Engine API.

use super::{Swarm, exec, http, image_files, node_facts, read, signals, standby, wire};
use crate::exec::{ExecCommand, ExecError, ExecOutput};
use crate::pace::Tries;
use crate::swarm::{
    Asking, EngineFacts, HttpAnswer, ImageFacts, Launch, LayerNews, LayerTeller, NewFile, Node, PullError, RunEdge,
    StandBy, SwarmError,
};
use async_trait::async_trait;
use bollard::errors::Error;
use bollard::models::{CreateImageInfo, NetworkConnectRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptions, CreateImageOptions, KillContainerOptions, RemoveContainerOptionsBuilder,
    StartContainerOptions, UploadToContainerOptions, WaitContainerOptions,
};
use futures_util::{StreamExt, TryStreamExt};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// How long a network may take to leave before it can come back. The engine itself gives up on an attachment after 20 s, and the
/// next one then succeeds.
const PATIENCE: Duration = Duration::from_secs(30);

#[async_trait]
impl Node for Swarm {
    async fn launch(&self, name: &str, what: &Launch) -> Result<(), SwarmError> {
        let verb = || SwarmError::engine(format!("start container {name}"));
        let options = CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
        self.docker.create_container(Some(options), wire::body(what)).await.map_err(verb())?;
        if !what.files.is_empty() {
            self.upload(name, &what.files).await?;
        }
        start(self, name).await.map_err(verb())
    }

    async fn finished(&self, container: &str) -> Result<i64, SwarmError> {
        let verb = || format!("wait for container {container}");
        match self.docker.wait_container(container, None::<WaitContainerOptions>).next().await {
            Some(Ok(ended)) => Ok(ended.status_code),
            // This client takes every code but 0 for an error of its own.
            Some(Err(Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(SwarmError::engine(verb())(error)),
            None => Err(SwarmError::Command { verb: verb(), text: "the engine said nothing".to_owned() }),
        }
    }

    async fn signal(&self, container: &str, signal: &str) -> Result<(), SwarmError> {
        let options = KillContainerOptions { signal: signal.to_owned() };
        let sent = self.docker.kill_container(container, Some(options)).await;
        sent.map_err(SwarmError::engine(format!("send the signal {signal} to {container}")))
    }

    async fn join(&self, container: &str, network: &str) -> Result<(), SwarmError> {
        let request = NetworkConnectRequest { container: container.to_owned(), endpoint_config: None };
        let joined = self.docker.connect_network(network, request).await;
        joined.map_err(SwarmError::engine(format!("connect container {container} to network {network}")))
    }

    async fn upload(&self, container: &str, files: &[NewFile]) -> Result<(), SwarmError> {
        let verb = || format!("copy files into {container}");
        let packed = wire::archive(files);
        let packed = packed.map_err(|error| SwarmError::Command { verb: verb(), text: error.to_string() })?;
        let options = UploadToContainerOptions { path: "/".to_owned(), ..UploadToContainerOptions::default() };
        let body = bollard::body_full(packed.into());
        let copied = self.docker.upload_to_container(container, Some(options), body).await;
        copied.map_err(SwarmError::engine(verb()))
    }

    async fn discard(&self, container: &str) -> Result<(), SwarmError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        match self.docker.remove_container(container, Some(options)).await {
            Ok(()) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(SwarmError::engine(format!("remove container {container}"))(error)),
        }
    }

    async fn make_volume(&self, name: &str, labels: HashMap<String, String>) -> Result<(), SwarmError> {
        let request =
            VolumeCreateRequest { name: Some(name.to_owned()), labels: Some(labels), ..VolumeCreateRequest::default() };
        let made = self.docker.create_volume(request).await;
        made.map(drop).map_err(SwarmError::engine(format!("make volume {name}")))
    }

    async fn exec(&self, container: &str, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        exec::run(&self.docker, container, command).await
    }

    async fn stand_by(&self, container: &str) -> Option<Box<dyn StandBy>> {
        standby::start(&self.docker, container).await
    }

    async fn heeds_its_stop(&self, container: &str) -> bool {
        signals::heeded(&self.docker, container).await
    }

    async fn ask(&self, edge: &RunEdge, asking: &Asking) -> Result<HttpAnswer, SwarmError> {
        http::ask(self, edge, asking).await
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageFacts>, SwarmError> {
        match self.docker.inspect_image(reference).await {
            Ok(found) => Ok(Some(ImageFacts {
                id: found.id.unwrap_or_default(),
                digests: found.repo_digests.unwrap_or_default(),
                bytes: found.size.and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0),
            })),
            Err(error) if read::is_gone(&error) => Ok(None),
            Err(error) => Err(SwarmError::engine(format!("inspect image {reference}"))(error)),
        }
    }

    async fn image_files(
        &self,
        name: &str,
        what: &Launch,
        sizes: &BTreeSet<u64>,
    ) -> Result<BTreeSet<String>, SwarmError> {
        image_files::digests(self, name, what, sizes).await
    }

    async fn pull(&self, reference: &str, tell: LayerTeller<'_>) -> Result<(), PullError> {
        let options = CreateImageOptions { from_image: Some(reference.to_owned()), ..CreateImageOptions::default() };
        let credentials = self.credentials.of_image(reference, self.default_registry().await?);
        let pulled = self.docker.create_image(Some(options), None, credentials).try_for_each(|info| {
            tell(&news(info));
            std::future::ready(Ok(()))
        });
        pulled.await.map_err(|error| match error {
            Error::DockerResponseServerError { message, .. } => PullError::read(&message),
            Error::DockerStreamError { error } => PullError::read(&error),
            other => SwarmError::engine(format!("pull image {reference}"))(other).into(),
        })
    }

    async fn about(&self) -> Result<EngineFacts, SwarmError> {
        node_facts::about(&self.docker).await
    }
}

impl Swarm {
    /// The address of the registry that images without one come from; asked for once.
    async fn default_registry(&self) -> Result<&str, SwarmError> {
        let asked = self.default_registry.get_or_try_init(async || {
            let info =
                self.docker.info().await.map_err(SwarmError::engine("ask the engine for its default registry"))?;
            Ok(info.index_server_address.unwrap_or_default())
        });
        asked.await.map(String::as_str)
    }
}

fn news(info: CreateImageInfo) -> LayerNews {
    let bytes = info.progress_detail.and_then(|detail| detail.current).and_then(|bytes| u64::try_from(bytes).ok());
    LayerNews { id: info.id.unwrap_or_default(), status: info.status.unwrap_or_default(), bytes }
}

/// Starts the container `name`, again if its network is just leaving the node.
async fn start(swarm: &Swarm, name: &str) -> Result<(), Error> {
    let mut tries = Tries::new(PATIENCE, Duration::from_millis(50));
    let mut last = Ok(());
    while tries.again().await {
        last = swarm.docker.start_container(name, None::<StartContainerOptions>).await;
        match &last {
            Err(error) if read::is_network_in_between(error) => {}
            Ok(()) | Err(_) => break,
        }
    }
    last
}
