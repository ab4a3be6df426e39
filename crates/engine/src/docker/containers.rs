//! The running containers of a stack.

use crate::labels;
use crate::swarm::{Mounts, SwarmError};
use bollard::Docker;
use bollard::models::ContainerSummary;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListServicesOptions};
use cc_ci_model::data::Mounted;
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use std::collections::{BTreeSet, HashMap};

/// What the running containers of a stack mount.
pub(super) async fn mounts(docker: &Docker, stack: &StackName) -> Result<Mounts, SwarmError> {
    let listed = async {
        let found = list(docker, labels::STACK, stack.as_str());
        found.await.map_err(SwarmError::engine(format!("list the containers of {stack}")))
    };
    let (found, handed) = tokio::try_join!(listed, handed(docker, stack))?;
    let mut mounts = read_mounts(stack, found);
    for (service, path) in handed {
        mounts.covers.entry(service).or_default().insert(path);
    }
    Ok(mounts)
}

/// Where configs and secrets lie in the containers of each service: the engine does not count them among the mounts.
async fn handed(docker: &Docker, stack: &StackName) -> Result<Vec<(String, String)>, SwarmError> {
    let filters = Some(labels::filter(labels::STACK, stack.as_str()));
    let found = docker.list_services(Some(ListServicesOptions { filters, ..ListServicesOptions::default() })).await;
    let found = found.map_err(SwarmError::engine(format!("list the services of {stack}")))?;
    let prefix = format!("{stack}_");
    let of_service = found.into_iter().filter_map(|service| {
        let spec = service.spec?;
        let name = spec.name?.strip_prefix(&prefix)?.to_owned();
        let container = spec.task_template?.container_spec?;
        let configs = container.configs.into_iter().flatten().filter_map(|config| config.file?.name);
        let configs = configs.map(|path| absolute("/", &path));
        let secrets = container.secrets.into_iter().flatten().filter_map(|secret| secret.file?.name);
        let secrets = secrets.map(|path| absolute("/run/secrets/", &path));
        Some(configs.chain(secrets).map(|path| (name.clone(), path)).collect::<Vec<_>>())
    });
    Ok(of_service.flatten().collect())
}

fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{folder}{path}") }
}

/// The containers of `<stack>_<service>` that run now, newest first.
pub(super) async fn running(docker: &Docker, stack: &StackName, service: &str) -> Result<Vec<String>, SwarmError> {
    let full = format!("{stack}_{service}");
    let found = list(docker, labels::SERVICE_NAME, &full).await;
    let found = found.map_err(SwarmError::engine(format!("find the container of {service}")))?;
    let mut found: Vec<(i64, String)> =
        found.into_iter().filter_map(|summary| Some((summary.created.unwrap_or(0), summary.id?))).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// The running containers of a stack with the service of each, without the stack's name.
pub(super) async fn by_service(docker: &Docker, stack: &StackName) -> Result<Vec<(String, String)>, SwarmError> {
    let prefix = format!("{stack}_");
    let found = list(docker, labels::STACK, stack.as_str());
    let found = found.await.map_err(SwarmError::engine(format!("list the containers of {stack}")))?;
    let named = found.into_iter().filter_map(|container| {
        let service = container.labels?.get(labels::SERVICE_NAME)?.strip_prefix(&prefix)?.to_owned();
        Some((service, container.id?))
    });
    Ok(named.collect())
}

/// The containers that mount a volume or are on a network, also stopped ones, by name.
pub(super) async fn holders(docker: &Docker, object: &Object) -> Result<BTreeSet<String>, SwarmError> {
    match object.kind {
        ObjectKind::Network | ObjectKind::Volume => {}
        ObjectKind::Service | ObjectKind::Container | ObjectKind::Secret | ObjectKind::Config => {
            return Ok(BTreeSet::new());
        }
    }
    let filters = HashMap::from([(object.kind.word().to_owned(), vec![object.name.clone()])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let found = docker.list_containers(Some(options)).await;
    let found = found.map_err(SwarmError::engine(format!("ask what holds {object}")))?;
    Ok(found.into_iter().filter_map(name).collect())
}

/// The name by which the inventory knows a container.
pub(super) fn name(container: ContainerSummary) -> Option<String> {
    let name = container.names.and_then(|names| names.into_iter().next()).or(container.id)?;
    Some(name.trim_start_matches('/').to_owned())
}

async fn list(docker: &Docker, label: &str, value: &str) -> Result<Vec<ContainerSummary>, bollard::errors::Error> {
    let mut filters = labels::filter(label, value);
    filters.insert("status".to_owned(), vec!["running".to_owned()]);
    docker.list_containers(Some(ListContainersOptionsBuilder::default().filters(&filters).build())).await
}

fn read_mounts(stack: &StackName, containers: Vec<ContainerSummary>) -> Mounts {
    let prefix = format!("{stack}_");
    let mut found = Mounts::default();
    for container in containers {
        let labels = container.labels.unwrap_or_default();
        let Some(service) = labels.get(labels::SERVICE_NAME).and_then(|name| name.strip_prefix(&prefix)) else {
            continue;
        };
        found.services.insert(service.to_owned());
        for point in container.mounts.unwrap_or_default() {
            let Some(target) = point.destination else { continue };
            found.covers.entry(service.to_owned()).or_default().insert(target.clone());
            if let (Some("volume"), Some(volume)) = (point.typ.as_deref(), point.name) {
                let mounted = Mounted { service: service.to_owned(), target, volume };
                if point.rw == Some(false) {
                    found.read_only.insert(mounted.clone());
                }
                found.volumes.insert(mounted);
            }
        }
    }
    found
}
