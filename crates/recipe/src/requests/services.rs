//! Requests of services: what a container gets beyond an ordinary one, where its image comes from, how many there are.

use super::Item;
use super::asking::Asking;
use super::volumes::{ask_path, bytes};
use crate::compose::{Mount, MountKind, Service};
use core::net::{Ipv4Addr, Ipv6Addr};
use std::collections::BTreeSet;

/// As many tasks of one service as a test may need.
const REPLICAS: u64 = 20;

/// As much shared memory as a container may have without asking, in bytes.
const SHARED_MEMORY: u64 = 1 << 30;

/// As many open files as a container may have without asking; what databases and web servers commonly want.
const OPEN_FILES: i64 = 65_536;

/// Log drivers that keep logs where cc-ci can read them, with their options that bound or mark what is kept.
const LOG_DRIVERS: [&str; 2] = ["json-file", "local"];
const LOG_OPTIONS: [&str; 5] = ["compress", "max-file", "max-size", "mode", "tag"];

/// Every service.
pub(super) fn ask(asking: &mut Asking<'_>) {
    let services = &asking.recipe.compose.services;
    for (name, service) in services {
        of(asking, name, service);
    }
}

fn of(asking: &mut Asking<'_>, name: &str, service: &Service) {
    if let Some(registry) = registry(&service.image).filter(|registry| is_private(registry)) {
        let shown = format!("{registry}{}", &service.image[registry.len()..]);
        asking.ask(Item::ImageSource, shown, &format!("services.{name}.image"));
    }
    for mount in &service.volumes {
        mounted(asking, &format!("services.{name}.volumes.{}", mount.target), mount);
    }
    for port in &service.ports {
        let published = if port.published == 0 { "any".to_owned() } else { port.published.to_string() };
        let key = format!("services.{name}.ports.{}", port.target);
        asking.ask(Item::HostPort, format!("{published}/{}", port.protocol), &key);
    }
    if let Some(mode) = service.network_mode.as_deref().filter(|mode| !matches!(*mode, "none" | "bridge" | "default")) {
        asking.ask(Item::HostNetwork, mode, &format!("services.{name}.network_mode"));
    }
    if let Some(many) = service.deploy.replicas.filter(|many| *many > REPLICAS) {
        asking.ask(Item::Replicas, many.to_string(), &format!("services.{name}.deploy.replicas"));
    }
    for (key, values) in &service.asks {
        let values: BTreeSet<&String> = values.iter().filter(|value| !value.is_empty()).collect();
        for value in values {
            let whole = format!("services.{name}.{key}");
            let entry = format!("{whole}.{value}");
            let at = if asking.recipe.compose.places.contains_key(&entry) { entry } else { whole };
            if let Some((item, value)) = asked(key, value) {
                asking.ask(item, value, &at);
            }
        }
    }
}

fn mounted(asking: &mut Asking<'_>, key: &str, mount: &Mount) {
    let source = mount.source.as_deref().unwrap_or_default();
    match mount.kind {
        // What a tmpfs mount holds counts as memory of the container, which is bounded.
        MountKind::Volume | MountKind::Tmpfs => {}
        MountKind::Bind | MountKind::Npipe => ask_path(asking, source, key),
        MountKind::Cluster => asking.ask(Item::VolumeDriver, source, key),
    }
}

/// What a key of a service asks for with a value, and how a policy file writes it; `None` where the value asks for nothing.
fn asked(key: &str, value: &str) -> Option<(Item, String)> {
    let pair = || format!("{key}={value}");
    Some(match key {
        "cap_add" => {
            let name = value.to_ascii_uppercase();
            (Item::Capability, name.strip_prefix("CAP_").unwrap_or(&name).to_owned())
        }
        "devices" => (Item::Device, value.to_owned()),
        "privileged" if value == "false" => return None,
        "privileged" => (Item::Privileged, value.to_owned()),
        "pid" | "ipc" | "userns_mode" | "cgroupns_mode" if matches!(value, "private" | "none") => return None,
        "pid" | "ipc" | "userns_mode" | "cgroupns_mode" => (Item::Namespace, pair()),
        "sysctls" => (Item::Sysctl, value.to_owned()),
        "security_opt" if is_stricter(value) => return None,
        "security_opt" => (Item::SecurityOption, value.to_owned()),
        "isolation" if value == "default" => return None,
        "isolation" | "credential_spec" => (Item::SecurityOption, pair()),
        "oom_score_adj" | "cgroup_parent" => (Item::KernelResource, pair()),
        "logging" if is_plain_log(value) => return None,
        "logging" => (Item::LogDriver, value.to_owned()),
        "dns" | "dns_search" => (Item::NameServer, pair()),
        "extra_hosts" => (Item::HostName, value.to_owned()),
        "shm_size" if bytes(value).is_some_and(|size| size <= SHARED_MEMORY) => return None,
        "ulimits" if is_few_files(value) => return None,
        "ulimits" | "shm_size" => (Item::Limit, pair()),
        _ => (Item::Other, pair()),
    })
}

/// The one option that takes something away.
fn is_stricter(option: &str) -> bool {
    matches!(option, "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true")
}

/// Whether `nofile=NUMBER`, or its soft or hard bound, is an ordinary one.
fn is_few_files(entry: &str) -> bool {
    let Some(("nofile" | "nofile.soft" | "nofile.hard", bound)) = entry.split_once('=') else { return false };
    bound.parse::<i64>().is_ok_and(|bound| (0..=OPEN_FILES).contains(&bound))
}

/// Whether `driver=NAME` or `options.NAME=VALUE` is an ordinary one.
fn is_plain_log(entry: &str) -> bool {
    match entry.split_once('=') {
        Some(("driver", driver)) => LOG_DRIVERS.contains(&driver),
        Some((option, _)) => option.strip_prefix("options.").is_some_and(|name| LOG_OPTIONS.contains(&name)),
        None => false,
    }
}

/// The registry in an image reference. Source: the distribution project's reference grammar: the first part names a registry when
/// it has a dot or a colon, or is `localhost`.
fn registry(image: &str) -> Option<&str> {
    let (first, _) = image.split_once('/')?;
    (first.contains(['.', ':']) || first.eq_ignore_ascii_case("localhost")).then_some(first)
}

/// Whether a registry is this machine, or one that only a private network reaches.
fn is_private(registry: &str) -> bool {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        return address.to_ipv4_mapped().map_or_else(|| !is_public_v6(address), |mapped| !is_public_v4(mapped));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return !is_public_v4(address);
    }
    // Names of this machine and of private networks, and numbers that a resolver takes for an address.
    matches!(last, "localhost" | "local" | "internal" | "localdomain" | "home" | "lan" | "arpa")
        || !host.contains('.')
        || last.starts_with("0x")
        || last.chars().all(|letter| letter.is_ascii_digit())
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || shared
        || first == 0
        || first >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out for use on the internet.
    address.segments()[0] & 0xe000 == 0x2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_that_only_this_machine_reaches() {
        let check = |image: &str, expected: bool| {
            assert_eq!(registry(image).is_some_and(is_private), expected, "{image}");
        };
        for image in ["nginx:1", "library/nginx", "codeberg.org/a/b:1", "8.8.8.8:5000/a", "[2606:4700::1]:443/a"] {
            check(image, false);
        }
        for image in [
            "localhost/a",
            "LOCALHOST:5000/a",
            "registry:5000/a",
            "127.0.0.1:5000/a",
            "127.1:80/a",
            "2130706433:80/a",
            "0x7f.1:80/a",
            "10.1.2.3/a",
            "172.20.0.1/a",
            "192.168.1.1:5000/a",
            "169.254.169.254/a",
            "100.64.0.1/a",
            "[::1]:5000/a",
            "[::ffff:10.0.0.1]/a",
            "[fd00::1]/a",
            "[fe80::1]/a",
            "nas.local/a",
            "x.internal/a",
            "0.0.0.0/a",
        ] {
            check(image, true);
        }
    }
}
