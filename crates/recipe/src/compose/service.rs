//! Reads one service of a compose file.

use super::read::Reader;
use super::words::split_words;
use super::{
    Deploy, DeployMode, Healthcheck, NetworkUse, RestartPolicy, Service, UpdatePolicy, env_file, mounts, ports,
};
use crate::yaml::{Node, Value};

/// Every key of a service that the loader accepts; those that the product does not read are passed over.
const KEYS: [&str; 57] = [
    "build",
    "cap_add",
    "cap_drop",
    "cgroup_parent",
    "cgroupns_mode",
    "command",
    "configs",
    "container_name",
    "credential_spec",
    "depends_on",
    "deploy",
    "devices",
    "dns",
    "dns_search",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "external_links",
    "extra_hosts",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "ipc",
    "isolation",
    "labels",
    "links",
    "logging",
    "mac_address",
    "network_mode",
    "networks",
    "oom_score_adj",
    "pid",
    "ports",
    "privileged",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "userns_mode",
    "volumes",
    "working_dir",
    "x-",
    "extends",
    "mem_limit",
    "volumes_from",
];

/// Keys by which a service asks for more than an ordinary container has.
const ASKS: [&str; 13] = [
    "cap_add",
    "cgroup_parent",
    "cgroupns_mode",
    "credential_spec",
    "devices",
    "ipc",
    "isolation",
    "oom_score_adj",
    "pid",
    "privileged",
    "security_opt",
    "sysctls",
    "userns_mode",
];

/// The texts below a node, each with its line; `name=value` for the entries of a mapping.
fn asked(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<String> {
    let texts: Vec<(String, u32)> = match &node.value {
        Value::Null => Vec::new(),
        Value::Scalar(scalar) => return vec![scalar.text.clone()],
        Value::List(items) => items.iter().map(|item| (text_of(item), item.line)).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(key, child)| (format!("{}={}", key.name, text_of(child)), key.line)).collect()
        }
    };
    for (text, line) in &texts {
        reader.note(&format!("{path}.{text}"), *line);
    }
    texts.into_iter().map(|(text, _)| text).collect()
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
    reader.each_key(path, node, &KEYS, |reader, key, path, node| match key {
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
        "network_mode" => service.network_mode = reader.filled_text(path, node),
        "ports" => service.ports = ports::read(reader, path, node),
        "depends_on" => service.depends_on = depends_on(reader, path, node),
        "init" => service.init = reader.boolean(path, node),
        "stop_grace_period" => service.stop_grace_period = reader.duration(path, node),
        "extends" | "mem_limit" | "volumes_from" => {
            reader.report(path, node.line, "is refused by `docker stack deploy`", Some("remove it"));
        }
        key if ASKS.contains(&key) => drop(service.asks.insert(key.to_owned(), asked(reader, path, node))),
        _ => {}
    });
    from_files.append(&mut service.environment);
    service.environment = from_files;
    service
}

fn image(reader: &mut Reader<'_>, path: &str, node: &Node) -> String {
    let image = reader.text(path, node);
    if image.as_deref() == Some("") {
        let hint = "give the variable a default, or a value in .env.sample";
        reader.report(path, node.line, "is empty", Some(hint));
    }
    image.unwrap_or_default()
}

/// A command as a list, or as one line that is split into words.
fn command(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(_) => reader.texts(path, node),
        Value::Null | Value::Scalar(_) | Value::Map(_) => {
            let Some(line) = reader.text(path, node) else { return Vec::new() };
            split_words(&line).unwrap_or_else(|| {
                reader.report(path, node.line, "has a quote that is not closed", None);
                Vec::new()
            })
        }
    }
}

fn depends_on(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<String> {
    if matches!(node.value, Value::Map(_)) {
        let hint = "write `- name` for each: Swarm has no start conditions";
        reader.report(path, node.line, "must be a list", Some(hint));
        return Vec::new();
    }
    reader.texts(path, node)
}

fn networks(reader: &mut Reader<'_>, path: &str, node: &Node) -> std::collections::BTreeMap<String, NetworkUse> {
    let mut networks = std::collections::BTreeMap::new();
    match &node.value {
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(name) = reader.text(&format!("{path}.{index}"), item) {
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
                    let known = ["aliases", "ipv4_address", "ipv6_address", "driver_opts"];
                    reader.each_key(&path, child, &known, |reader, key, path, node| {
                        if key == "aliases" {
                            used.aliases = reader.texts(path, node);
                        }
                    });
                }
                networks.insert(key.name.clone(), used);
            }
        }
        Value::Null | Value::Scalar(_) => reader.report(path, node.line, "must be a list or a mapping", None),
    }
    networks
}

fn deploy(reader: &mut Reader<'_>, path: &str, node: &Node) -> Deploy {
    let mut deploy = Deploy::default();
    // The one section of a service that may be there with nothing in it.
    if node.value == Value::Null {
        return deploy;
    }
    let known = [
        "mode",
        "replicas",
        "labels",
        "endpoint_mode",
        "update_config",
        "rollback_config",
        "restart_policy",
        "placement",
        "resources",
    ];
    reader.each_key(path, node, &known, |reader, key, path, node| match key {
        "mode" => {
            let Some(mode) = reader.text(path, node) else { return };
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
        "replicas" => deploy.replicas = reader.number(path, node),
        "labels" => deploy.labels = reader.labels(path, node),
        "endpoint_mode" => deploy.endpoint_mode = reader.filled_text(path, node),
        "update_config" => deploy.update = Some(update(reader, path, node)),
        "restart_policy" => deploy.restart = Some(restart(reader, path, node)),
        _ => {}
    });
    deploy
}

fn update(reader: &mut Reader<'_>, path: &str, node: &Node) -> UpdatePolicy {
    let mut update = UpdatePolicy::default();
    let known = ["parallelism", "delay", "failure_action", "monitor", "order", "max_failure_ratio"];
    reader.each_key(path, node, &known, |reader, key, path, node| match key {
        "parallelism" => update.parallelism = reader.number(path, node),
        "delay" => update.delay = reader.duration(path, node),
        "failure_action" => update.failure_action = word(reader, path, node, &["pause", "continue", "rollback"]),
        "monitor" => update.monitor = reader.duration(path, node),
        "order" => update.order = word(reader, path, node, &["stop-first", "start-first"]),
        _ => {}
    });
    update
}

fn restart(reader: &mut Reader<'_>, path: &str, node: &Node) -> RestartPolicy {
    let mut restart = RestartPolicy::default();
    let known = ["condition", "delay", "max_attempts", "window"];
    reader.each_key(path, node, &known, |reader, key, path, node| match key {
        "condition" => restart.condition = word(reader, path, node, &["any", "on-failure", "none"]),
        "delay" => restart.delay = reader.duration(path, node),
        "max_attempts" => restart.max_attempts = reader.number(path, node),
        _ => restart.window = reader.duration(path, node),
    });
    restart
}

/// One of a few words; another one is kept, as the loader keeps it, and reported because Swarm will refuse it.
fn word(reader: &mut Reader<'_>, path: &str, node: &Node, words: &[&str]) -> Option<String> {
    let text = reader.filled_text(path, node)?;
    if !words.contains(&text.as_str()) {
        let hint = format!("use {}", words.join(", "));
        reader.report(path, node.line, format!("unknown value `{text}`"), Some(&hint));
    }
    Some(text)
}

fn healthcheck(reader: &mut Reader<'_>, path: &str, node: &Node) -> Healthcheck {
    let mut check = Healthcheck::default();
    let known = ["test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"];
    reader.each_key(path, node, &known, |reader, key, path, node| match key {
        "test" => {
            check.test = match &node.value {
                Value::List(_) => reader.texts(path, node),
                Value::Null | Value::Scalar(_) | Value::Map(_) => {
                    reader.text(path, node).into_iter().flat_map(|line| ["CMD-SHELL".to_owned(), line]).collect()
                }
            }
        }
        "interval" => check.interval = reader.duration(path, node),
        "timeout" => check.timeout = reader.duration(path, node),
        "retries" => check.retries = reader.number(path, node),
        "start_period" => check.start_period = reader.duration(path, node),
        "disable" => check.disable = reader.boolean(path, node).unwrap_or_default(),
        _ => {}
    });
    check
}
