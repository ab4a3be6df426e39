//! Takes an inventory of everything on the engine.

use super::{Swarm, containers};
use crate::swarm::{Inventory, SwarmError};
use bollard::query_parameters::{
    ListConfigsOptions, ListContainersOptions, ListNetworksOptions, ListSecretsOptions, ListServicesOptions,
    ListVolumesOptions,
};
use cc_ci_model::object::{Object, ObjectKind};
use std::collections::{BTreeMap, HashMap};

pub(super) async fn take(swarm: &Swarm) -> Result<Inventory, SwarmError> {
    let docker = &swarm.docker;
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
    let mut add = |kind, name: Option<String>, labels: Option<HashMap<String, String>>| {
        if let Some(name) = name {
            objects.insert(Object::new(kind, name), labels.unwrap_or_default().into_iter().collect());
        }
    };
    for service in services {
        let spec = service.spec.unwrap_or_default();
        add(ObjectKind::Service, spec.name, spec.labels);
    }
    for container in containers {
        let labels = container.labels.clone();
        add(ObjectKind::Container, containers::name(container), labels);
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
