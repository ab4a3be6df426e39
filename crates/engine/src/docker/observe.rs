//! The real swarm: [`Observe`] through the Engine API.

use super::{Swarm, containers, events, first_bytes, inventory, loader, read, usage, users};
use crate::labels;
use crate::swarm::{
    ContainerFacts, Events, Hearing, Inventory, Loaded, Mounts, Observe, Rendered, Since, Started, SwarmError, Used,
};
use async_trait::async_trait;
use bollard::errors::Error;
use bollard::models::ChangeType;
use bollard::query_parameters::{
    InspectContainerOptions, InspectNetworkOptions, InspectServiceOptions, ListNetworksOptions, ListVolumesOptions,
    LogsOptions,
};
use cc_ci_model::convergence::StackView;
use cc_ci_model::data::access::User;
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use futures_util::StreamExt;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

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

    async fn changes(&self, container: &str) -> Result<Option<BTreeSet<String>>, SwarmError> {
        match self.docker.container_changes(container).await {
            Ok(found) => {
                let there = found.unwrap_or_default().into_iter().filter(|one| one.kind != ChangeType::_2);
                Ok(Some(there.map(|one| one.path).collect()))
            }
            Err(error) if read::is_gone(&error) => Ok(None),
            Err(error) => Err(SwarmError::engine(format!("ask what changed in container {container}"))(error)),
        }
    }

    async fn first_bytes(&self, container: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, SwarmError> {
        first_bytes::read(&self.docker, container, path, most).await
    }

    async fn keeps_replaced(&self) -> Result<bool, SwarmError> {
        let swarm = self.docker.inspect_swarm().await.map_err(SwarmError::engine("look at the swarm's settings"))?;
        let kept = swarm.spec.and_then(|spec| spec.orchestration?.task_history_retention_limit);
        // Without a number it is Swarm's own, five; below zero there is no end.
        Ok(kept.is_none_or(|kept| kept != 0))
    }

    async fn inventory(&self) -> Result<Inventory, SwarmError> {
        inventory::take(self).await
    }

    async fn mounts(&self, stack: &StackName) -> Result<Mounts, SwarmError> {
        containers::mounts(&self.docker, stack).await
    }

    async fn users(&self, stack: &StackName) -> Result<BTreeMap<String, BTreeSet<User>>, SwarmError> {
        users::users(&self.docker, stack).await
    }

    async fn volumes(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        let filters = Some(labels::filter(labels::STACK, stack.as_str()));
        let found = self.docker.list_volumes(Some(ListVolumesOptions { filters })).await;
        let found = found.map_err(SwarmError::engine(format!("list the volumes of {stack}")))?;
        Ok(found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect())
    }

    async fn networks(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        let filters = Some(labels::filter(labels::STACK, stack.as_str()));
        let found = self.docker.list_networks(Some(ListNetworksOptions { filters })).await;
        let found = found.map_err(SwarmError::engine(format!("list the networks of {stack}")))?;
        let joinable = found.into_iter().filter(|network| network.attachable == Some(true));
        Ok(joinable.filter_map(|network| network.name).collect())
    }

    async fn running(&self, stack: &StackName, service: &str) -> Result<Vec<String>, SwarmError> {
        containers::running(&self.docker, stack, service).await
    }

    async fn started(&self, stack: &StackName, since: Since) -> Result<Vec<Started>, SwarmError> {
        usage::started(self, stack, since).await
    }

    async fn used(&self, containers: &[String]) -> BTreeMap<String, Used> {
        usage::used(self, containers).await
    }

    async fn holders(&self, object: &Object) -> Result<BTreeSet<String>, SwarmError> {
        containers::holders(&self.docker, object).await
    }

    async fn labels(&self, object: &Object) -> Result<Option<BTreeMap<String, String>>, SwarmError> {
        match labels_of(self, object).await {
            Ok(labels) => Ok(Some(labels.unwrap_or_default().into_iter().collect())),
            Err(error) if read::is_gone(&error) => Ok(None),
            Err(error) => Err(SwarmError::engine(format!("inspect {object}"))(error)),
        }
    }

    fn events(&self, hearing: &Hearing) -> Events {
        events::hear(&self.docker, hearing)
    }

    async fn config(&self, stack: &Rendered, files: &[PathBuf]) -> Result<Loaded, SwarmError> {
        loader::config("docker", &self.address, stack, files).await
    }
}

async fn labels_of(swarm: &Swarm, object: &Object) -> Result<Option<HashMap<String, String>>, Error> {
    let (docker, name) = (&swarm.docker, object.name.as_str());
    Ok(match object.kind {
        ObjectKind::Service => {
            docker.inspect_service(name, None::<InspectServiceOptions>).await?.spec.and_then(|spec| spec.labels)
        }
        ObjectKind::Container => {
            let found = docker.inspect_container(name, None::<InspectContainerOptions>).await?;
            found.config.and_then(|config| config.labels)
        }
        ObjectKind::Network => docker.inspect_network(name, None::<InspectNetworkOptions>).await?.labels,
        ObjectKind::Volume => Some(docker.inspect_volume(name).await?.labels),
        ObjectKind::Secret => docker.inspect_secret(name).await?.spec.and_then(|spec| spec.labels),
        ObjectKind::Config => docker.inspect_config(name).await?.spec.and_then(|spec| spec.labels),
    })
}
