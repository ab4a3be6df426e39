//! Our reading, in the notation that both sides are compared in.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::keyed;
use crate::compose::{
    Compose, DeployMode, FileUse, Mount, MountKind, Network, Port, PortMode, Service, StackFile, Volume, duration_text,
};
use crate::source::Ground;

pub(super) fn document(compose: &Compose, ground: &Ground<'_>) -> Value {
    let paths = Paths { ground, folder: absolute(ground.folder, &compose.folder) };
    json!({
        "services": each(&compose.services, |_, one| service(one, &paths)),
        "volumes": each(&compose.volumes, volume),
        "networks": each(&compose.networks, network),
        "secrets": each(&compose.secrets, |key, one| file(key, one, &paths)),
        "configs": each(&compose.configs, |key, one| file(key, one, &paths)),
    })
}

/// What relative paths are relative to.
struct Paths<'a> {
    ground: &'a Ground<'a>,
    /// The folder of the first compose file, absolute.
    folder: String,
}

fn each<T>(entries: &std::collections::BTreeMap<String, T>, one: impl Fn(&str, &T) -> Value) -> Map<String, Value> {
    entries.iter().map(|(key, entry)| (key.clone(), one(key, entry))).collect()
}

fn service(one: &Service, paths: &Paths<'_>) -> Value {
    let deploy = &one.deploy;
    let mode = deploy.mode.map(|mode| match mode {
        DeployMode::Replicated => "replicated",
        DeployMode::Global => "global",
        DeployMode::ReplicatedJob => "replicated-job",
        DeployMode::GlobalJob => "global-job",
    });
    let update = deploy.update.as_ref().map(|update| {
        json!({
            "parallelism": update.parallelism, "delay": duration(update.delay), "monitor": duration(update.monitor),
            "failure_action": update.failure_action, "order": update.order,
        })
    });
    let restart = deploy.restart.as_ref().map(|restart| {
        json!({
            "condition": restart.condition, "delay": duration(restart.delay), "max_attempts": restart.max_attempts,
            "window": duration(restart.window),
        })
    });
    let check = one.healthcheck.as_ref().map(|check| {
        json!({
            "test": check.test, "interval": duration(check.interval), "timeout": duration(check.timeout),
            "retries": check.retries, "start_period": duration(check.start_period), "disable": flag(check.disable),
        })
    });
    json!({
        "image": filled(&one.image), "command": one.command, "entrypoint": one.entrypoint,
        "environment": one.environment, "labels": one.labels, "healthcheck": check,
        "volumes": keyed(one.volumes.iter().map(|one| (one.target.clone(), mount(one, paths)))),
        "configs": uses(&one.configs), "secrets": uses(&one.secrets),
        "networks": each(&one.networks, |_, used| json!({ "aliases": used.aliases })),
        "network_mode": one.network_mode, "ports": keyed(one.ports.iter().map(port)),
        "depends_on": sorted(&one.depends_on), "init": one.init,
        "stop_grace_period": duration(one.stop_grace_period),
        "deploy": {
            "mode": mode, "replicas": deploy.replicas, "endpoint_mode": deploy.endpoint_mode, "labels": deploy.labels,
            "update_config": update, "restart_policy": restart,
        },
    })
}

fn mount(one: &Mount, paths: &Paths<'_>) -> Value {
    let source = one.source.as_deref().map(|source| match one.kind {
        MountKind::Bind => bound(source, paths),
        MountKind::Volume | MountKind::Tmpfs | MountKind::Npipe | MountKind::Cluster => source.to_owned(),
    });
    json!({ "type": one.kind, "source": source, "read_only": flag(one.read_only) })
}

/// A path of the host as the loader completes it.
fn bound(source: &str, paths: &Paths<'_>) -> String {
    match (source.strip_prefix('~'), paths.ground.home) {
        (Some(rest), Some(home)) => format!("{home}{rest}"),
        (Some(_), None) | (None, _) => absolute(&paths.folder, source),
    }
}

fn uses(uses: &[FileUse]) -> Value {
    keyed(
        uses.iter().map(|used| (used.source.clone(), json!({ "target": used.target, "mode": used.mode, "use": true }))),
    )
}

fn port(one: &Port) -> (String, Value) {
    let mode = match one.mode {
        PortMode::Ingress => "ingress",
        PortMode::Host => "host",
    };
    (format!("{}:{}/{}", one.published, one.target, one.protocol), json!(mode))
}

fn volume(key: &str, one: &Volume) -> Value {
    json!({
        "name": name(key, one.name.as_deref(), one.external), "external": flag(one.external), "driver": one.driver,
        "driver_opts": one.driver_opts, "labels": one.labels,
    })
}

fn network(key: &str, one: &Network) -> Value {
    json!({
        "name": name(key, one.name.as_deref(), one.external), "external": flag(one.external), "driver": one.driver,
        "driver_opts": one.driver_opts, "ipam": one.ipam, "internal": flag(one.internal),
        "attachable": flag(one.attachable), "labels": one.labels,
    })
}

fn file(key: &str, one: &StackFile, paths: &Paths<'_>) -> Value {
    let file = match &one.file {
        Some(file) => Some(absolute(paths.ground.folder, file)),
        // Without a file, the loader completes the empty path.
        None if !one.external && one.driver.is_none() => Some(paths.folder.clone()),
        None => None,
    };
    json!({
        "name": name(key, one.name.as_deref(), one.external), "external": flag(one.external),
        "file": file, "template_driver": one.template_driver,
        "driver": one.driver, "driver_opts": one.driver_opts, "labels": one.labels,
    })
}

/// The loader names an external entry by its key when nothing else does.
fn name<'a>(key: &'a str, name: Option<&'a str>, external: bool) -> Option<&'a str> {
    name.or_else(|| external.then_some(key))
}

fn flag(on: bool) -> Value {
    if on { Value::Bool(true) } else { Value::Null }
}

fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn duration(duration: Option<Duration>) -> Option<String> {
    duration.map(duration_text)
}

fn sorted(items: &[String]) -> Vec<&String> {
    let mut items: Vec<&String> = items.iter().collect();
    items.sort();
    items
}

/// `path` seen from `folder`: an absolute one stays as it is written, any other is joined and tidied.
fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
