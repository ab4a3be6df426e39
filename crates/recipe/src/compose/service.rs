//! Reads one service of a compose file.

use super::reader::{Reader, boolean, duration, filled_text, number, text, texts};
use super::words::split_words;
use super::{
    Deploy, DeployMode, Healthcheck, NetworkUse, RestartPolicy, Service, UpdatePolicy, env_file, mounts, ports,
};
use crate::yaml::{Node, Value};

/// Keys that are read above, and keys by which a service gets nothing beyond an ordinary container. By every other key it asks
/// for something, those that nobody has thought of among them (TRUST-2).
const ORDINARY: [&str; 14] = [
    "build",
    "cap_drop",
    "container_name",
    "domainname",
    "expose",
    "external_links",
    "hostname",
    "links",
    "restart",
    "stdin_open",
    "stop_signal",
    "tty",
    "user",
    "working_dir",
];

/// The texts below a node, each with its line; `name=value` for the entries of a mapping, `name.inner=value` below those.
fn asked(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<String> {
    let texts: Vec<(String, u32)> = match &node.value {
        Value::Null => Vec::new(),
        Value::Scalar(scalar) => return vec![scalar.text.clone()],
        Value::List(items) => items.iter().map(|item| (text_of(item), item.line)).collect(),
        Value::Map(entries) => entries.iter().flat_map(|(key, child)| entry(&key.name, key.line, child)).collect(),
    };
    for (text, line) in &texts {
        reader.note(&format!("{path}.{text}"), *line);
    }
    texts.into_iter().map(|(text, _)| text).collect()
}

fn entry(name: &str, line: u32, node: &Node) -> Vec<(String, u32)> {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().flat_map(|(key, child)| entry(&format!("{name}.{}", key.name), key.line, child)).collect()
        }
        Value::Null | Value::Scalar(_) | Value::List(_) => vec![(format!("{name}={}", text_of(node)), line)],
    }
}

fn text_of(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => scalar.text.clone(),
        Value::Null | Value::List(_) | Value::Map(_) => node.to_json().to_string(),
    }
}

pub(super) fn read(reader: &mut Reader<'_>, path: &str, node: &Node) -> Service {
    let mut service = Service::default();
    let mut from_files = std::collections::BTreeMap::new();
    reader.each_key(path, node, |reader, key, path, node| match key {
        "image" => service.image = image(reader, path, node),
        "command" => service.command = command(reader, path, node),
        "entrypoint" => service.entrypoint = command(reader, path, node),
        "environment" => service.environment = reader.environment(path, node),
        "env_file" => from_files = env_file::read(reader, path, node),
        "labels" => service.labels = reader.labels(path, node),
        "deploy" => service.deploy = deploy(reader, path, node),
        "healthcheck" => service.healthcheck = Some(healthcheck(reader, path, node)),
        "volumes" => service.volumes = mounts::volumes(reader, path, node),
        "configs" => service.configs = mounts::file_uses(reader, path, node),
        "secrets" => service.secrets = mounts::file_uses(reader, path, node),
        "networks" => service.networks = networks(reader, path, node),
        "network_mode" => service.network_mode = filled_text(node),
        "ports" => service.ports = ports::read(reader, path, node),
        "depends_on" => service.depends_on = texts(node),
        "init" => service.init = boolean(node),
        "read_only" => service.read_only = boolean(node),
        "tmpfs" => service.short_tmpfs = text(node).map_or_else(|| texts(node), |one| vec![one]),
        "stop_grace_period" => service.stop_grace_period = duration(node),
        key if ORDINARY.contains(&key) || key.starts_with("x-") => {}
        _ => drop(service.asks.insert(key.to_owned(), asked(reader, path, node))),
    });
    from_files.append(&mut service.environment);
    service.environment = from_files;
    service
}

fn image(reader: &mut Reader<'_>, path: &str, node: &Node) -> String {
    let image = text(node);
    if image.as_deref() == Some("") {
        let hint = "give the variable a default, or a value in .env.sample";
        reader.report(path, node.line, "is empty", Some(hint));
    }
    image.unwrap_or_default()
}

/// A command as a list, or as one line that is split into words.
fn command(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(_) => texts(node),
        Value::Null | Value::Scalar(_) | Value::Map(_) => {
            let Some(line) = text(node) else { return Vec::new() };
            split_words(&line).unwrap_or_else(|| {
                reader.report(path, node.line, "has a quote that is not closed", None);
                Vec::new()
            })
        }
    }
}

fn networks(reader: &mut Reader<'_>, path: &str, node: &Node) -> std::collections::BTreeMap<String, NetworkUse> {
    let mut networks = std::collections::BTreeMap::new();
    match &node.value {
        Value::List(items) => {
            for item in items {
                if let Some(name) = text(item) {
                    reader.note(&format!("{path}.{name}"), item.line);
                    networks.insert(name, NetworkUse::default());
                }
            }
        }
        Value::Map(entries) => {
            for (key, child) in entries {
                let path = format!("{path}.{}", key.name);
                reader.note(&path, key.line);
                let mut used = NetworkUse { given: child.value != Value::Null, ..NetworkUse::default() };
                if used.given {
                    reader.each_key(&path, child, |_, key, _, node| {
                        if key == "aliases" {
                            used.aliases = texts(node);
                        }
                    });
                }
                networks.insert(key.name.clone(), used);
            }
        }
        Value::Null | Value::Scalar(_) => {}
    }
    networks
}

fn deploy(reader: &mut Reader<'_>, path: &str, node: &Node) -> Deploy {
    let mut deploy = Deploy::default();
    // The one section of a service that may be there with nothing in it.
    if node.value == Value::Null {
        return deploy;
    }
    reader.each_key(path, node, |reader, key, path, node| match key {
        "mode" => {
            let Some(mode) = text(node) else { return };
            deploy.mode = Some(match mode.as_str() {
                "replicated" => DeployMode::Replicated,
                "global" => DeployMode::Global,
                "replicated-job" => DeployMode::ReplicatedJob,
                "global-job" => DeployMode::GlobalJob,
                _ => {
                    let hint = "use replicated, global, replicated-job or global-job";
                    reader.report(path, node.line, format!("unknown mode `{mode}`"), Some(hint));
                    return;
                }
            });
        }
        "replicas" => deploy.replicas = number(node),
        "labels" => deploy.labels = reader.labels(path, node),
        "endpoint_mode" => deploy.endpoint_mode = filled_text(node),
        "update_config" => deploy.update = Some(update(reader, path, node)),
        "restart_policy" => deploy.restart = Some(restart(reader, path, node)),
        _ => {}
    });
    deploy
}

fn update(reader: &mut Reader<'_>, path: &str, node: &Node) -> UpdatePolicy {
    let mut update = UpdatePolicy::default();
    reader.each_key(path, node, |reader, key, path, node| match key {
        "parallelism" => update.parallelism = number(node),
        "delay" => update.delay = duration(node),
        "failure_action" => update.failure_action = word(reader, path, node, &["pause", "continue", "rollback"]),
        "monitor" => update.monitor = duration(node),
        "order" => update.order = word(reader, path, node, &["stop-first", "start-first"]),
        _ => {}
    });
    update
}

fn restart(reader: &mut Reader<'_>, path: &str, node: &Node) -> RestartPolicy {
    let mut restart = RestartPolicy::default();
    reader.each_key(path, node, |reader, key, path, node| match key {
        "condition" => restart.condition = word(reader, path, node, &["any", "on-failure", "none"]),
        "delay" => restart.delay = duration(node),
        "max_attempts" => restart.max_attempts = number(node),
        "window" => restart.window = duration(node),
        _ => {}
    });
    restart
}

/// One of a few words; another one is kept, as the loader keeps it, and reported because Swarm will refuse it.
fn word(reader: &mut Reader<'_>, path: &str, node: &Node, words: &[&str]) -> Option<String> {
    let text = filled_text(node)?;
    if !words.contains(&text.as_str()) {
        let hint = format!("use {}", words.join(", "));
        reader.report(path, node.line, format!("unknown value `{text}`"), Some(&hint));
    }
    Some(text)
}

fn healthcheck(reader: &mut Reader<'_>, path: &str, node: &Node) -> Healthcheck {
    let mut check = Healthcheck::default();
    reader.each_key(path, node, |_, key, _, node| match key {
        "test" => {
            check.test = match &node.value {
                Value::List(_) => texts(node),
                Value::Null | Value::Scalar(_) | Value::Map(_) => {
                    text(node).into_iter().flat_map(|line| ["CMD-SHELL".to_owned(), line]).collect()
                }
            }
        }
        "interval" => check.interval = duration(node),
        "timeout" => check.timeout = duration(node),
        "retries" => check.retries = number(node),
        "start_period" => check.start_period = duration(node),
        "disable" => check.disable = boolean(node).unwrap_or_default(),
        _ => {}
    });
    check
}
