//! A small piece of a stack on the real engine: labelled containers and volumes, removed by their labels at the end.
#![expect(clippy::unwrap_used, reason = "a test world has nobody to report to")]

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, Mount, MountType, NetworkConnectRequest, NetworkCreateRequest,
    VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use cc_ci_engine::docker::{EngineAddress, RegistryCredentials, Swarm};
use cc_ci_engine::exec::{ExecCommand, ExecOutput};
use cc_ci_engine::labels;
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::workbench::{BenchUse, Workbench};
use cc_ci_model::ids::{RunId, StackName};
use std::collections::BTreeSet;
use std::time::Instant;

pub(crate) const TOOLS: &str = "cc-ci/tools:1";
pub(crate) const POSTGRES: &str = "cc-ci/postgres:15";

pub(crate) struct World {
    pub(crate) docker: Docker,
    pub(crate) doors: Doors,
    pub(crate) run: RunId,
    pub(crate) stack: StackName,
    pub(crate) ledger: std::sync::Arc<Ledger>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let docker = Docker::connect_with_defaults().unwrap().negotiate_version().await.expect("an engine must answer");
        let host = std::env::var_os("DOCKER_HOST");
        let doors = Swarm::connect(&EngineAddress::parse(host.as_deref()).unwrap(), &RegistryCredentials::default())
            .await
            .unwrap()
            .doors();
        let run = RunId::parse(&format!("data-{:08x}", rand::random::<u32>())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ledger = std::sync::Arc::new(Ledger::create(folder.path(), &run).unwrap());
        let stack = StackName::observed(run.as_str());
        Self { docker, doors, run, stack, ledger, _folder: folder }
    }

    pub(crate) async fn volume(&self, key: &str) -> String {
        let name = format!("{}_{key}", self.stack);
        let mut marks = labels::of_run(&self.run);
        marks.insert(labels::STACK.into(), self.stack.to_string());
        let request =
            VolumeCreateRequest { name: Some(name.clone()), labels: Some(marks), ..VolumeCreateRequest::default() };
        self.docker.create_volume(request).await.unwrap();
        name
    }

    /// A container that looks to the engine's lists like the task of a service.
    pub(crate) async fn task(
        &self,
        service: &str,
        image: &str,
        env: &[&str],
        mounts: &[(&str, &str)],
        cmd: &[&str],
    ) -> String {
        let mut marks = labels::of_run(&self.run);
        marks.insert(labels::STACK.into(), self.stack.to_string());
        marks.insert(labels::SERVICE_NAME.into(), format!("{}_{service}", self.stack));
        let mounts = mounts.iter().map(|(volume, target)| Mount {
            typ: Some(MountType::VOLUME),
            source: Some((*volume).into()),
            target: Some((*target).into()),
            ..Mount::default()
        });
        let body = ContainerCreateBody {
            image: Some(image.into()),
            env: Some(env.iter().map(|word| (*word).to_owned()).collect()),
            cmd: (!cmd.is_empty()).then(|| cmd.iter().map(|word| (*word).to_owned()).collect()),
            labels: Some(marks),
            host_config: Some(HostConfig { mounts: Some(mounts.collect()), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let name = format!("{}-{service}-{:04x}", self.stack, rand::random::<u16>());
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        self.docker.create_container(Some(options), body).await.unwrap();
        self.docker.start_container(&name, None).await.unwrap();
        name
    }

    /// A network of the run that `container` is on under the name `web`.
    pub(crate) async fn network(&self, container: &str) -> String {
        let name = format!("{}-net", self.stack);
        let request = NetworkCreateRequest {
            name: name.clone(),
            // As those of a stack are, which have no way out of their own.
            driver: Some("overlay".into()),
            attachable: Some(true),
            labels: Some(labels::of_run(&self.run)),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await.unwrap();
        let alias = EndpointSettings { aliases: Some(vec!["web".into()]), ..EndpointSettings::default() };
        let join = NetworkConnectRequest { container: container.into(), endpoint_config: Some(alias) };
        self.docker.connect_network(&name, join).await.unwrap();
        name
    }

    pub(crate) async fn kill(&self, container: &str) {
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        self.docker.remove_container(container, Some(options)).await.unwrap();
    }

    pub(crate) async fn bench(&self, volumes: &[&String]) -> Workbench {
        let volumes: BTreeSet<String> = volumes.iter().map(|volume| (*volume).clone()).collect();
        let started = Instant::now();
        let (containers, what) = (self.doors.containers(), (&volumes, BenchUse::Everything));
        let bench = Workbench::start(&containers, &self.ledger, &self.run, TOOLS, what).await.unwrap();
        say("bench started", started);
        bench
    }

    pub(crate) async fn sh(&self, container: &str, script: &str) -> ExecOutput {
        self.doors.node.exec(container, &ExecCommand::new(["sh", "-c", script])).await.unwrap()
    }

    /// Removes what carries the run's label, and fails if something of the run is left.
    pub(crate) async fn end(self) {
        let filters = labels::filter(labels::RUN, self.run.as_str());
        let list = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        for container in self.docker.list_containers(Some(list)).await.unwrap() {
            self.kill(&container.id.unwrap()).await;
        }
        let list = ListNetworksOptionsBuilder::default().filters(&filters).build();
        for network in self.docker.list_networks(Some(list)).await.unwrap() {
            self.docker.remove_network(&network.id.unwrap()).await.unwrap();
        }
        let list = || Some(ListVolumesOptionsBuilder::default().filters(&filters).build());
        for volume in self.docker.list_volumes(list()).await.unwrap().volumes.unwrap_or_default() {
            let force = Some(RemoveVolumeOptionsBuilder::default().force(true).build());
            self.docker.remove_volume(&volume.name, force).await.unwrap();
        }
        let left = self.docker.list_volumes(list()).await.unwrap().volumes.unwrap_or_default();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Prints how long something took, for the reader of `--nocapture`.
#[expect(clippy::print_stderr, reason = "a test's own measurement")]
pub(crate) fn say(what: &str, since: Instant) {
    eprintln!("{:>6} ms  {what}", since.elapsed().as_millis());
}
