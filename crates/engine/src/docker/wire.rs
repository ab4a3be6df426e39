//! What the engine is sent to make a container of our own.

use crate::labels;
use crate::swarm::{Launch, LaunchNetwork, LaunchVolume, NewFile, Orphans, Privileges, Root, Stay, Swap, VolumeAccess};
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, Mount, MountType, MountVolumeOptions, NetworkingConfig,
    RestartPolicy, RestartPolicyNameEnum,
};
use std::collections::{BTreeMap, HashMap};

/// The body of the request that makes the container.
pub(super) fn body(what: &Launch) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(what.image.clone()),
        entrypoint: Some(Vec::new()),
        cmd: Some(what.words.clone()),
        working_dir: what.folder.map(str::to_owned),
        labels: Some(labels::of_run(&what.run)),
        user: what.user.map(str::to_owned),
        host_config: Some(host_config(what)),
        networking_config: networking(&what.network),
        ..ContainerCreateBody::default()
    }
}

fn host_config(what: &Launch) -> HostConfig {
    let (cap_drop, cap_add, security_opt) = match what.privileges {
        Privileges::Usual => (None, None, None),
        Privileges::Only(kept) => {
            let kept: Vec<String> = kept.iter().map(|one| (*one).to_owned()).collect();
            let added = if kept.is_empty() { None } else { Some(kept) };
            (Some(vec!["ALL".to_owned()]), added, Some(vec!["no-new-privileges".to_owned()]))
        }
    };
    HostConfig {
        network_mode: Some(match &what.network {
            LaunchNetwork::None => "none".to_owned(),
            LaunchNetwork::Named { name, .. } => name.clone(),
            LaunchNetwork::OfContainer(container) => format!("container:{container}"),
        }),
        mounts: not_empty(what.volumes.iter().map(|(target, volume)| mount(volume, target)).collect()),
        tmpfs: scratch(&what.scratch),
        readonly_rootfs: match what.root {
            Root::Writable => None,
            Root::ReadOnly => Some(true),
        },
        cap_drop,
        cap_add,
        security_opt,
        memory: what.bounds.memory,
        memory_swap: match what.bounds.swap {
            Swap::Usual => None,
            Swap::None => what.bounds.memory,
        },
        nano_cpus: what.bounds.cpus,
        cpu_shares: what.bounds.weight,
        pids_limit: what.bounds.processes,
        init: match what.orphans {
            Orphans::Own => None,
            Orphans::Engine => Some(true),
        },
        restart_policy: match what.stay {
            Stay::Run => None,
            Stay::Kept => {
                let name = Some(RestartPolicyNameEnum::UNLESS_STOPPED);
                Some(RestartPolicy { name, maximum_retry_count: None })
            }
        },
        ..HostConfig::default()
    }
}

fn scratch(folders: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    let folders: HashMap<String, String> = folders.clone().into_iter().collect();
    if folders.is_empty() { None } else { Some(folders) }
}

fn networking(network: &LaunchNetwork) -> Option<NetworkingConfig> {
    let LaunchNetwork::Named { name, aliases } = network else { return None };
    let aliases = not_empty(aliases.clone())?;
    let endpoint = EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() };
    Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(name.clone(), endpoint)])) })
}

fn not_empty<T>(items: Vec<T>) -> Option<Vec<T>> {
    if items.is_empty() { None } else { Some(items) }
}

/// A mount of a named volume that copies nothing from the image into it.
fn mount(volume: &LaunchVolume, target: &str) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(volume.name.clone()),
        read_only: match volume.access {
            VolumeAccess::Read => Some(true),
            VolumeAccess::Write => None,
        },
        target: Some(target.to_owned()),
        volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() }),
        ..Mount::default()
    }
}

/// Files as an archive that is unpacked at `/`.
pub(super) fn archive(files: &[NewFile]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for NewFile { path, text } in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path.trim_start_matches('/'), text.as_bytes())?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests;
