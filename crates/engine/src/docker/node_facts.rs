//! What an engine says about itself, in our own words.

use crate::swarm::{EngineFacts, Membership, Pool, ProxyNetwork, SwarmError};
use bollard::Docker;
use bollard::models::{LocalNodeState, SystemInfo};
use bollard::query_parameters::{InspectNetworkOptions, ListImagesOptions, ListNetworksOptions};
use cc_ci_recipe::overlay::bounds::PROCESSES;
use cc_ci_recipe::overlay::{AppBounds, Logs};
use cc_ci_recipe::traefik::PROXY_NETWORK;
use std::collections::HashMap;

/// Asks the engine about itself.
pub(super) async fn about(docker: &Docker) -> Result<EngineFacts, SwarmError> {
    let verb = || SwarmError::engine("ask the engine about itself");
    let overlay = HashMap::from([("driver".to_owned(), vec!["overlay".to_owned()])]);
    let (version, info, images, networks, proxy) = tokio::join!(
        docker.version(),
        docker.info(),
        docker.list_images(None::<ListImagesOptions>),
        docker.list_networks(Some(ListNetworksOptions { filters: Some(overlay) })),
        docker.inspect_network(PROXY_NETWORK, None::<InspectNetworkOptions>),
    );
    let (version, info) = (version.map_err(verb())?, info.map_err(verb())?);
    let (images, networks) = (images.map_err(verb())?, networks.map_err(verb())?);
    Ok(EngineFacts {
        version: version.version.unwrap_or_default(),
        api: version.api_version.unwrap_or_default(),
        swarm: membership(&info),
        pool: pool(&info, networks.len() as u64),
        bounds: bounds(&info),
        root: info.docker_root_dir.map(Into::into),
        time: info.system_time,
        images: images.into_iter().flat_map(|image| image.repo_tags).collect(),
        // Without it there is no such network.
        proxy: proxy.ok().map(|network| ProxyNetwork {
            driver: network.driver.unwrap_or_default(),
            attachable: network.attachable.unwrap_or_default(),
            held: network.containers.is_some_and(|containers| !containers.is_empty()),
        }),
    })
}

/// A tenth of the memory is left to the machine. Programs that size themselves by their bound, such as Java's, hardly notice.
fn bounds(info: &SystemInfo) -> AppBounds {
    let total = info.mem_total.and_then(|bytes| u64::try_from(bytes).ok());
    AppBounds {
        memory: total.filter(|_| info.memory_limit == Some(true)).map(|total| total / 10 * 9),
        processes: (info.pids_limit == Some(true)).then_some(PROCESSES),
        logs: match info.logging_driver.as_deref() {
            Some("json-file") => Logs::Kept,
            Some(_) | None => Logs::Elsewhere,
        },
    }
}

fn membership(info: &SystemInfo) -> Membership {
    let Some(swarm) = &info.swarm else { return Membership::None };
    match swarm.local_node_state {
        None | Some(LocalNodeState::EMPTY | LocalNodeState::INACTIVE) => Membership::None,
        Some(LocalNodeState::ACTIVE) if swarm.control_available == Some(true) => Membership::Manager,
        Some(LocalNodeState::ACTIVE) => Membership::Worker,
        Some(state @ (LocalNodeState::PENDING | LocalNodeState::ERROR | LocalNodeState::LOCKED)) => {
            Membership::Unusable { state: state.to_string() }
        }
    }
}

fn pool(info: &SystemInfo, used: u64) -> Option<Pool> {
    let cluster = info.swarm.as_ref()?.cluster.as_ref()?;
    let size = cluster.subnet_size?;
    let of_one = |pool: &String| {
        let prefix: u32 = pool.split_once('/')?.1.parse().ok()?;
        1_u64.checked_shl(size.checked_sub(prefix)?)
    };
    // An engine that was given no pool uses this one, and does not say so.
    let standard = vec!["10.0.0.0/8".to_owned()];
    let pools = cluster.default_addr_pool.as_ref().filter(|pools| !pools.is_empty()).unwrap_or(&standard);
    Some(Pool { subnets: pools.iter().filter_map(of_one).sum(), used })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ClusterInfo, SwarmInfo};

    #[test]
    fn bounds_are_those_that_the_engine_can_keep() {
        let info = SystemInfo {
            mem_total: Some(20 << 30),
            memory_limit: Some(true),
            pids_limit: Some(true),
            logging_driver: Some("json-file".to_owned()),
            ..SystemInfo::default()
        };
        let here = AppBounds { memory: Some(18 << 30), processes: Some(PROCESSES), logs: Logs::Kept };
        assert_eq!(bounds(&info), here);
        assert_eq!(
            bounds(&SystemInfo { memory_limit: Some(false), pids_limit: None, ..info }),
            AppBounds { memory: None, processes: None, logs: Logs::Kept }
        );
        assert_eq!(bounds(&SystemInfo::default()), AppBounds::NONE);
    }

    #[test]
    fn pools_count_subnets() {
        let cluster = ClusterInfo {
            default_addr_pool: Some(vec!["10.0.0.0/8".into(), "172.30.0.0/16".into()]),
            subnet_size: Some(24),
            ..ClusterInfo::default()
        };
        let info = SystemInfo {
            swarm: Some(SwarmInfo { cluster: Some(cluster), ..SwarmInfo::default() }),
            ..SystemInfo::default()
        };
        assert_eq!(pool(&info, 3), Some(Pool { subnets: 65_536 + 256, used: 3 }));
        assert_eq!(pool(&SystemInfo::default(), 3), None);
        let cluster = ClusterInfo { default_addr_pool: None, subnet_size: Some(24), ..ClusterInfo::default() };
        let info = SystemInfo {
            swarm: Some(SwarmInfo { cluster: Some(cluster), ..SwarmInfo::default() }),
            ..SystemInfo::default()
        };
        assert_eq!(pool(&info, 3), Some(Pool { subnets: 65_536, used: 3 }));
    }
}
