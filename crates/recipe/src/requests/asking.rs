//! Finds what a recipe asks for that is not its own.

use super::{Item, PolicyRequest};
use crate::Recipe;
use crate::compose::{Mount, MountKind, Service, StackFile, Volume};
use crate::source::{Problem, tidy_path};
use crate::traefik::PROXY_NETWORK;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that `recipe` asks for.
#[must_use]
pub fn requests(recipe: &Recipe) -> Vec<PolicyRequest> {
    let mut asking = Asking { recipe, found: Vec::new() };
    for (name, service) in &recipe.compose.services {
        asking.service(name, service);
    }
    asking.volumes();
    asking.networks();
    asking.files("secrets", Item::ForeignSecret, &recipe.compose.secrets);
    asking.files("configs", Item::ForeignConfig, &recipe.compose.configs);
    asking.found
}

struct Asking<'a> {
    recipe: &'a Recipe,
    found: Vec<PolicyRequest>,
}

impl Asking<'_> {
    fn ask(&mut self, item: Item, value: impl Into<String>, key: &str) {
        let value = value.into();
        let what = format!("asks for {} (`{value}`)", item.what());
        let hint = format!(
            "remove it; or the operator allows it, outside of the recipe, in policy.toml: `[allow.{}]` with `{} = [{value:?}]`",
            self.recipe.name,
            item.word()
        );
        let problem = self.recipe.compose.at(key, Problem::error("", what).hint(hint));
        self.found.push(PolicyRequest { item, value, problem });
    }

    fn service(&mut self, name: &str, service: &Service) {
        for mount in &service.volumes {
            self.mount(&format!("services.{name}.volumes.{}", mount.target), mount);
        }
        for port in &service.ports {
            let published = if port.published == 0 { "any".to_owned() } else { port.published.to_string() };
            let key = format!("services.{name}.ports.{}", port.target);
            self.ask(Item::HostPort, format!("{published}/{}", port.protocol), &key);
        }
        if let Some(mode) =
            service.network_mode.as_deref().filter(|mode| !matches!(*mode, "none" | "bridge" | "default"))
        {
            self.ask(Item::HostNetwork, mode, &format!("services.{name}.network_mode"));
        }
        for (key, values) in &service.asks {
            let values: BTreeSet<&String> = values.iter().filter(|value| !value.is_empty()).collect();
            for value in values {
                let whole = format!("services.{name}.{key}");
                let entry = format!("{whole}.{value}");
                let at = if self.recipe.compose.places.contains_key(&entry) { entry } else { whole };
                if let Some((item, value)) = asked(key, value) {
                    self.ask(item, value, &at);
                }
            }
        }
    }

    fn mount(&mut self, key: &str, mount: &Mount) {
        let source = mount.source.as_deref().unwrap_or_default();
        match mount.kind {
            MountKind::Volume | MountKind::Tmpfs => {}
            MountKind::Bind | MountKind::Npipe => self.path(source, key),
            MountKind::Cluster => self.ask(Item::VolumeDriver, source, key),
        }
    }

    fn path(&mut self, path: &str, key: &str) {
        self.ask(if reaches_socket(path) { Item::EngineSocket } else { Item::HostPath }, path, key);
    }

    /// Volumes that a service mounts; the others are never made.
    fn volumes(&mut self) {
        let recipe = self.recipe;
        for (id, engine) in &recipe.volumes {
            let Some(volume) = recipe.compose.volumes.get(id) else { continue };
            if engine.external || !self.own(&engine.name) {
                self.ask(Item::ForeignVolume, &engine.name, &named("volumes", id, volume.name.as_ref()));
            }
            self.made_by(id, volume);
        }
    }

    fn made_by(&mut self, id: &str, volume: &Volume) {
        if let Some(driver) = volume.driver.as_deref().filter(|driver| *driver != "local") {
            self.ask(Item::VolumeDriver, driver, &format!("volumes.{id}.driver"));
        }
        let option = |name: &str| volume.driver_opts.get(name).map_or("", String::as_str);
        if volume.driver_opts.is_empty() || (option("type") == "tmpfs" && !option("o").contains("bind")) {
            return;
        }
        let (device, key) = (option("device"), format!("volumes.{id}.driver_opts"));
        let remote = matches!(option("type"), "nfs" | "nfs4" | "cifs" | "smb3");
        if device.is_empty() {
            let options: Vec<String> =
                volume.driver_opts.iter().map(|(name, value)| format!("{name}={value}")).collect();
            self.ask(Item::VolumeDriver, options.join(","), &key);
        } else if remote {
            self.ask(Item::VolumeDriver, device, &key);
        } else {
            self.path(device, &key);
        }
    }

    /// Networks that a service is on; the others are never made.
    fn networks(&mut self) {
        let recipe = self.recipe;
        for (id, engine) in &recipe.networks {
            let network = recipe.compose.networks.get(id).cloned().unwrap_or_default();
            let key = named("networks", id, network.name.as_ref());
            let ours = if engine.external { engine.name == PROXY_NETWORK } else { self.own(&engine.name) };
            if engine.external && matches!(engine.name.as_str(), "host" | "bridge" | "ingress" | "docker_gwbridge") {
                self.ask(Item::HostNetwork, &engine.name, &key);
            } else if !ours {
                self.ask(Item::ForeignNetwork, &engine.name, &key);
            }
            if let Some(driver) = network.driver.as_deref().filter(|driver| *driver != "overlay") {
                self.ask(Item::HostNetwork, driver, &format!("networks.{id}.driver"));
            }
        }
    }

    /// Secrets or configs. Those with a file are made, and one of that name changed, whether or not a service uses them.
    fn files(&mut self, section: &str, item: Item, entries: &BTreeMap<String, StackFile>) {
        let recipe = self.recipe;
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
            if !self.own(&name) {
                self.ask(item, name, &named(section, id, entry.name.as_ref()));
            }
            if let Some(driver) = &entry.driver {
                self.ask(item, driver, &format!("{section}.{id}.driver"));
            }
            if let Some(file) = entry.file.as_deref().filter(|file| file.starts_with('/') || file.starts_with("..")) {
                self.path(file, &format!("{section}.{id}.file"));
            }
        }
    }

    /// Whether a name on the engine begins with the stack's.
    fn own(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.recipe.stack.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.']))
    }
}

/// The key of an entry's name where it has one, else that of the entry.
fn named(section: &str, id: &str, name: Option<&String>) -> String {
    if name.is_some() { format!("{section}.{id}.name") } else { format!("{section}.{id}") }
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
        _ => (Item::KernelResource, pair()),
    })
}

/// The one option that takes something away.
fn is_stricter(option: &str) -> bool {
    matches!(option, "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true")
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
