//! Asks the docker CLI for its reading of compose files, and brings it and ours to one notation.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cc_ci_model::recipe::compose::{Compose, DeployMode, Service, duration_text};
use cc_ci_model::recipe::source::{Files, Severity};
use serde_json::{Map, Value, json};

/// Fields of a service that we read; what else the CLI prints is not compared.
const SERVICE: [&str; 16] = [
    "command",
    "configs",
    "depends_on",
    "deploy",
    "entrypoint",
    "environment",
    "healthcheck",
    "image",
    "init",
    "labels",
    "network_mode",
    "networks",
    "ports",
    "secrets",
    "stop_grace_period",
    "volumes",
];

pub(crate) fn run_cli(
    folder: &Path,
    names: &[String],
    env: &BTreeMap<String, String>,
) -> Option<Result<Value, String>> {
    let mut command = Command::new("docker");
    command.current_dir(folder).env_clear().envs(env).args(["stack", "config"]);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    for name in names {
        command.args(["-c", name]);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: no docker command: {error}");
            return None;
        }
    };
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() && text.trim_start().starts_with("Usage:") || errors.contains("not a docker command") {
        eprintln!("skipped: this docker command has no `stack config`");
        return None;
    }
    if !output.status.success() {
        return Some(Err(errors.into_owned()));
    }
    Some(Ok(serde_saphyr::from_str(&text).expect("the CLI prints YAML")))
}

/// What the CLI printed, cut to what we read.
fn theirs(printed: &Value, folder: &Path) -> Value {
    let mut out = printed.as_object().cloned().unwrap_or_default();
    out.retain(|key, _| ["services", "volumes", "networks", "secrets", "configs"].contains(&key.as_str()));
    let prefix = format!("{}/", folder.display());
    for (section, entries) in &mut out {
        for entry in entries.as_object_mut().into_iter().flat_map(|entries| entries.values_mut()) {
            let Some(fields) = entry.as_object_mut() else { continue };
            match section.as_str() {
                "services" => {
                    fields.retain(|key, _| SERVICE.contains(&key.as_str()));
                    if let Some(deploy) = fields.get_mut("deploy").and_then(Value::as_object_mut) {
                        deploy.retain(|key, _| !["placement", "resources", "rollback_config"].contains(&key.as_str()));
                    }
                    for port in fields.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                        let port = port.as_object_mut().expect("a port is a mapping");
                        port.entry("mode").or_insert(json!("ingress"));
                        port.entry("protocol").or_insert(json!("tcp"));
                    }
                    for mount in fields.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
                        let mount = mount.as_object_mut().expect("a mount is a mapping");
                        mount.retain(|key, _| ["type", "source", "target", "read_only"].contains(&key.as_str()));
                        relative(mount, "source", &prefix);
                    }
                }
                _ => {
                    fields.retain(|key, _| !["driver_opts", "ipam"].contains(&key.as_str()));
                    relative(fields, "file", &prefix);
                }
            }
        }
    }
    pruned(all_marked(Value::Object(out)))
}

/// Paths relative to the folder; the folder itself stands for a file that is not given.
fn relative(fields: &mut Map<String, Value>, key: &str, prefix: &str) {
    if let Some(Value::String(path)) = fields.get_mut(key) {
        *path = path.strip_prefix(prefix).unwrap_or(path).to_owned();
        if format!("{path}/") == prefix {
            fields.remove(key);
        }
    }
}

/// Our reading, in the CLI's notation.
fn ours(compose: &Compose) -> Value {
    let entry = |name: &Option<String>, external: bool, key: &str| match (name, external) {
        (Some(name), _) => json!(name),
        (None, true) => json!(key),
        (None, false) => Value::Null,
    };
    let file = |key: &String, one: &cc_ci_model::recipe::compose::StackFile| {
        let fields = json!({
            "name": entry(&one.name, one.external, key), "external": flag(one.external), "file": one.file,
            "template_driver": one.template_driver, "labels": one.labels,
        });
        (key.clone(), fields)
    };
    let services: Map<String, Value> = compose.services.iter().map(|(key, one)| (key.clone(), service(one))).collect();
    let volumes: Map<String, Value> = compose
        .volumes
        .iter()
        .map(|(key, one)| {
            let name = entry(&one.name, one.external, key);
            (
                key.clone(),
                json!({"name": name, "external": flag(one.external), "driver": one.driver, "labels": one.labels}),
            )
        })
        .collect();
    let networks: Map<String, Value> = compose
        .networks
        .iter()
        .map(|(key, one)| {
            let fields = json!({
                "name": entry(&one.name, one.external, key), "external": flag(one.external), "driver": one.driver,
                "internal": flag(one.internal), "attachable": flag(one.attachable), "labels": one.labels,
            });
            (key.clone(), fields)
        })
        .collect();
    let secrets: Map<String, Value> = compose.secrets.iter().map(|(key, one)| file(key, one)).collect();
    let configs: Map<String, Value> = compose.configs.iter().map(|(key, one)| file(key, one)).collect();
    let all =
        json!({"services": services, "volumes": volumes, "networks": networks, "secrets": secrets, "configs": configs});
    pruned(all_marked(all))
}

fn flag(on: bool) -> Value {
    if on { json!(true) } else { Value::Null }
}

fn service(one: &Service) -> Value {
    let duration = |duration: Option<std::time::Duration>| duration.map(duration_text);
    let uses = |uses: &[cc_ci_model::recipe::compose::FileUse]| -> Vec<Value> {
        uses.iter().map(|used| json!({"source": used.source, "target": used.target, "mode": used.mode})).collect()
    };
    let mode = one.deploy.mode.map(|mode| match mode {
        DeployMode::Replicated => "replicated",
        DeployMode::Global => "global",
        DeployMode::ReplicatedJob => "replicated-job",
        DeployMode::GlobalJob => "global-job",
    });
    let update = one.deploy.update.as_ref().map(|update| json!({
        "parallelism": update.parallelism, "delay": duration(update.delay.filter(|delay| !delay.is_zero())), "failure_action": update.failure_action,
        "monitor": duration(update.monitor), "order": update.order,
    }));
    let restart = one.deploy.restart.as_ref().map(|restart| {
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
    let networks: Map<String, Value> =
        one.networks.iter().map(|(key, used)| (key.clone(), json!({"aliases": used.aliases}))).collect();
    let volumes: Vec<Value> = one
        .volumes
        .iter()
        .map(|mount| {
            json!({
                "type": mount.kind, "source": mount.source.as_deref().map(|path| path.trim_start_matches("./")),
                "target": mount.target, "read_only": flag(mount.read_only),
            })
        })
        .collect();
    let ports: Vec<Value> = one
        .ports
        .iter()
        .map(|port| {
            json!({
                "mode": port.mode, "target": port.target, "protocol": port.protocol,
                "published": if port.published == 0 { Value::Null } else { json!(port.published) },
            })
        })
        .collect();
    json!({
        "image": Some(&one.image).filter(|image| !image.is_empty()), "command": one.command, "entrypoint": one.entrypoint,
        "environment": one.environment, "labels": one.labels, "healthcheck": check, "volumes": volumes,
        "configs": uses(&one.configs), "secrets": uses(&one.secrets), "networks": networks, "network_mode": one.network_mode,
        "ports": ports, "depends_on": one.depends_on, "init": one.init, "stop_grace_period": duration(one.stop_grace_period),
        "deploy": {"mode": mode, "replicas": one.deploy.replicas, "endpoint_mode": one.deploy.endpoint_mode,
            "labels": one.deploy.labels, "update_config": update, "restart_policy": restart},
    })
}

/// Without nulls and empty things, which the two notations show differently; in variables nothing and empty differ.
pub(crate) fn pruned(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let prune = |(key, value): (String, Value)| {
                let value = if key == "environment" { value } else { pruned(value) };
                (key, value)
            };
            Value::Object(fields.into_iter().map(prune).filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// Marks the entries of a mapping by name, so that an empty one still counts.
fn marked(entries: &mut Value) {
    for entry in entries.as_object_mut().into_iter().flat_map(|entries| entries.values_mut()) {
        if entry.is_null() {
            *entry = json!({});
        }
        entry["is"] = json!("here");
    }
}

/// Marks the entries of every section, and the networks of every service.
fn all_marked(mut all: Value) -> Value {
    for (section, entries) in all.as_object_mut().into_iter().flatten() {
        marked(entries);
        if section == "services" {
            for service in entries.as_object_mut().into_iter().flat_map(|services| services.values_mut()) {
                if let Some(networks) = service.get_mut("networks") {
                    marked(networks);
                }
            }
        }
    }
    all
}

pub(crate) fn compare(folder: &Path, names: &[String], files: &Files, env: &BTreeMap<String, String>) {
    let Some(printed) = run_cli(folder, names, env) else { return };
    let (compose, problems) = Compose::read(files, names, env);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    let printed = match printed {
        Ok(printed) if errors.is_empty() => printed,
        Ok(_) => panic!("the CLI takes it, we say: {errors:#?}"),
        Err(error) if errors.is_empty() => panic!("the CLI refuses it: {error}"),
        Err(_) => return,
    };
    let (ours, theirs) = (ours(&compose), theirs(&printed, folder));
    if ours != theirs {
        let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
        panic!("ours:\n{}\ntheirs:\n{}", pretty(&ours), pretty(&theirs));
    }
}
