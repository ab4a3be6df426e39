//! The real swarm: [`Observe`] through the Engine API.

mod operate;
mod raw;
mod read;
pub(crate) mod stack_command;
pub(crate) mod start;

use crate::swarm::{ContainerFacts, Inventory, Observe, SwarmError};
use async_trait::async_trait;
use bollard::Docker;
use bollard::query_parameters::{
    InspectContainerOptions, ListConfigsOptions, ListContainersOptions, ListNetworksOptions, ListSecretsOptions,
    ListServicesOptions, ListVolumesOptions, LogsOptions,
};
use cc_ci_model::convergence::StackView;
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use futures_util::StreamExt;
use std::collections::BTreeMap;

/// A connection to the engine of this machine.
#[derive(Clone, Debug)]
pub struct Swarm {
    docker: Docker,
    raw: raw::Raw,
}

impl Swarm {
    /// Connects by the socket the `docker` command would use and asks for an answer.
    pub async fn connect() -> Result<Self, SwarmError> {
        let docker = Docker::connect_with_defaults().map_err(SwarmError::engine("connect to the engine"))?;
        let docker = docker.negotiate_version().await.map_err(SwarmError::engine("connect to the engine"))?;
        Ok(Self { docker, raw: raw::Raw::connect()? })
    }

    /// The API client, for exec, archives and events.
    #[must_use]
    pub fn docker(&self) -> &Docker {
        &self.docker
    }
}

#[async_trait]
impl Observe for Swarm {
    async fn stack(&self, stack: &StackName) -> Result<StackView, SwarmError> {
        let services = self.raw.list("services", crate::labels::STACK, stack.as_str());
        let tasks = self.raw.list("tasks", crate::labels::STACK, stack.as_str());
        let (services, tasks) = tokio::try_join!(services, tasks)?;
        read::stack_view(stack, services, tasks)
            .map_err(SwarmError::engine(format!("understand the services and tasks of {stack}")))
    }

    async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, SwarmError> {
        match self.docker.inspect_container(id, None::<InspectContainerOptions>).await {
            Ok(found) => Ok(Some(read::container_facts(found))),
            Err(error) if read::is_gone(&error) => Ok(None),
            Err(error) => Err(SwarmError::engine(format!("inspect container {id}"))(error)),
        }
    }

    async fn log_tail(&self, container: &str, lines: usize) -> Result<Vec<String>, SwarmError> {
        let options = LogsOptions { stdout: true, stderr: true, tail: lines.to_string(), ..LogsOptions::default() };
        let mut stream = self.docker.logs(container, Some(options));
        let mut text = Vec::new();
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(output) => text.extend_from_slice(&output.into_bytes()),
                Err(error) if read::is_gone(&error) => break,
                Err(error) => return Err(SwarmError::engine(format!("read the log of {container}"))(error)),
            }
        }
        Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
    }

    async fn inventory(&self) -> Result<Inventory, SwarmError> {
        let docker = &self.docker;
        let (services, containers, networks, volumes, secrets, configs) = tokio::try_join!(
            docker.list_services(None::<ListServicesOptions>),
            docker.list_containers(Some(ListContainersOptions { all: true, ..ListContainersOptions::default() })),
            docker.list_networks(None::<ListNetworksOptions>),
            docker.list_volumes(None::<ListVolumesOptions>),
            docker.list_secrets(None::<ListSecretsOptions>),
            docker.list_configs(None::<ListConfigsOptions>),
        )
        .map_err(SwarmError::engine("take an inventory"))?;
        let mut objects = BTreeMap::new();
        let mut add = |kind, name: Option<String>, labels: Option<std::collections::HashMap<String, String>>| {
            if let Some(name) = name {
                objects.insert(Object::new(kind, name), labels.unwrap_or_default().into_iter().collect());
            }
        };
        for service in services {
            let spec = service.spec.unwrap_or_default();
            add(ObjectKind::Service, spec.name, spec.labels);
        }
        for container in containers {
            let name = container.names.and_then(|names| names.into_iter().next()).or(container.id);
            add(ObjectKind::Container, name.map(|name| name.trim_start_matches('/').to_owned()), container.labels);
        }
        for network in networks {
            add(ObjectKind::Network, network.name, network.labels);
        }
        for volume in volumes.volumes.unwrap_or_default() {
            add(ObjectKind::Volume, Some(volume.name), Some(volume.labels));
        }
        for secret in secrets {
            let spec = secret.spec.unwrap_or_default();
            add(ObjectKind::Secret, spec.name, spec.labels);
        }
        for config in configs {
            let spec = config.spec.unwrap_or_default();
            add(ObjectKind::Config, spec.name, spec.labels);
        }
        Ok(Inventory { objects })
    }
}
