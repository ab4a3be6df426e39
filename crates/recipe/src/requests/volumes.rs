//! Requests of volumes, secrets and configs: those of others, and those that something else than the engine makes.

use super::Item;
use super::asking::{Asking, named};
use crate::compose::{StackFile, Volume};
use crate::source::tidy_path;
use std::collections::BTreeMap;

/// The most that a volume in memory may hold without asking, in bytes.
const MEMORY: u64 = 1 << 30;

/// Volumes that a service mounts; the others are never made.
pub(super) fn ask(asking: &mut Asking<'_>) {
    let recipe = asking.recipe;
    for (id, engine) in &recipe.volumes {
        let Some(volume) = recipe.compose.volumes.get(id) else { continue };
        if engine.external || !asking.own(&engine.name) {
            asking.ask(Item::ForeignVolume, &engine.name, &named("volumes", id, volume.name.as_ref()));
        }
        made_by(asking, id, volume);
    }
}

fn made_by(asking: &mut Asking<'_>, id: &str, volume: &Volume) {
    if let Some(driver) = volume.driver.as_deref().filter(|driver| *driver != "local") {
        asking.ask(Item::VolumeDriver, driver, &format!("volumes.{id}.driver"));
    }
    if volume.driver_opts.is_empty() {
        return;
    }
    let key = format!("volumes.{id}.driver_opts");
    let option = |name: &str| volume.driver_opts.get(name).map_or("", String::as_str);
    let (kind, device) = (option("type"), option("device"));
    let words =
        || volume.driver_opts.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",");
    if kind == "tmpfs" && matches!(device, "" | "tmpfs" | "none") {
        if !is_small_memory(option("o")) {
            asking.ask(Item::Limit, words(), &key);
        }
    } else if device.is_empty() {
        asking.ask(Item::VolumeDriver, words(), &key);
    } else if matches!(kind, "nfs" | "nfs4" | "cifs" | "smb3") {
        asking.ask(Item::VolumeDriver, device, &key);
    } else {
        ask_path(asking, device, &key);
    }
}

/// Whether the options of a tmpfs are ordinary ones, with a size that is not above [`MEMORY`]. Without a size the kernel draws a
/// bound, and what is written counts as memory of the container.
fn is_small_memory(options: &str) -> bool {
    let harmless = ["uid", "gid", "mode", "nosuid", "nodev", "noexec", "noatime", "rw", "ro"];
    options.split(',').filter(|option| !option.is_empty()).all(|option| {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "size" => bytes(value).is_some_and(|size| size <= MEMORY),
            _ => harmless.contains(&name),
        }
    })
}

/// A size such as `64m`, in bytes.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (number, unit) = match text.char_indices().last()? {
        (at, 'k') => (&text[..at], 1 << 10),
        (at, 'm') => (&text[..at], 1 << 20),
        (at, 'g') => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    number.trim().parse::<u64>().ok()?.checked_mul(unit)
}

/// A path of the machine.
pub(super) fn ask_path(asking: &mut Asking<'_>, path: &str, key: &str) {
    asking.ask(if reaches_socket(path) { Item::EngineSocket } else { Item::HostPath }, path, key);
}

/// Secrets or configs. Those with a file are made, and one of that name changed, whether or not a service uses them.
pub(super) fn ask_files(asking: &mut Asking<'_>, section: &str, item: Item, entries: &BTreeMap<String, StackFile>) {
    let recipe = asking.recipe;
    for (id, entry) in entries {
        let used = recipe.compose.services.values().any(|service| {
            let uses = if section == "secrets" { &service.secrets } else { &service.configs };
            uses.iter().any(|one| one.source == *id)
        });
        if entry.external && !used {
            continue;
        }
        let name = match (&entry.name, entry.external) {
            (Some(name), _) => name.clone(),
            (None, true) => id.clone(),
            (None, false) => format!("{}_{id}", recipe.stack),
        };
        if !asking.own(&name) {
            asking.ask(item, name, &named(section, id, entry.name.as_ref()));
        }
        if let Some(driver) = &entry.driver {
            asking.ask(item, driver, &format!("{section}.{id}.driver"));
        }
        if let Some(file) = entry.file.as_deref().filter(|file| file.starts_with('/') || file.starts_with("..")) {
            ask_path(asking, file, &format!("{section}.{id}.file"));
        }
    }
}

/// Whether a path is an engine's socket or a folder in which one lies.
fn reaches_socket(path: &str) -> bool {
    if !path.starts_with('/') {
        return false;
    }
    let path = tidy_path(path);
    let sockets = ["docker.sock", "containerd.sock", "podman.sock"];
    let folders = ["", "run", "var", "var/run", "run/docker", "run/containerd", "run/podman", "var/lib/docker"];
    sockets.iter().any(|socket| path.ends_with(socket)) || folders.contains(&path.as_str())
}
