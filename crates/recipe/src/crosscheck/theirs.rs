//! What `docker stack config` printed, in the notation that both sides are compared in.

use serde_json::{Map, Value, json};

use super::{Scope, keyed};

/// Fields of a service that we read.
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

/// Sections with named entries.
const SECTIONS: [&str; 5] = ["services", "volumes", "networks", "secrets", "configs"];

pub(super) fn document(printed: &Value, scope: Scope) -> Value {
    let mut sections = printed.as_object().cloned().unwrap_or_default();
    sections.retain(|key, _| SECTIONS.contains(&key.as_str()));
    for (section, entries) in &mut sections {
        for (name, entry) in entries.as_object_mut().into_iter().flatten() {
            let Some(fields) = entry.as_object_mut() else { continue };
            if section == "services" { service(fields, scope) } else { top_level(section, name, fields, scope) }
        }
    }
    Value::Object(sections)
}

fn service(fields: &mut Map<String, Value>, scope: Scope) {
    match scope {
        Scope::Read => {
            fields.retain(|key, _| SERVICE.contains(&key.as_str()));
            only(
                fields.get_mut("deploy"),
                &["mode", "replicas", "endpoint_mode", "labels", "update_config", "restart_policy"],
            );
            for (key, known) in [
                ("update_config", &["parallelism", "delay", "failure_action", "monitor", "order"][..]),
                ("restart_policy", &["condition", "delay", "max_attempts", "window"][..]),
            ] {
                only(fields.get_mut("deploy").and_then(|deploy| deploy.get_mut(key)), known);
            }
            let known = ["test", "interval", "timeout", "retries", "start_period", "disable"];
            only(fields.get_mut("healthcheck"), &known);
            for used in entries_of(fields.get_mut("networks")) {
                only(Some(used), &["aliases"]);
            }
        }
        Scope::Untouchable => {
            fields.remove("image");
            bounds(fields);
            // Its variables are among the others by now.
            fields.remove("env_file");
            if let Some(deploy) = fields.get_mut("deploy").and_then(Value::as_object_mut) {
                deploy.remove("endpoint_mode");
                if let Some(labels) = deploy.get_mut("labels").and_then(Value::as_object_mut) {
                    labels.retain(|key, _| !key.starts_with("coop-cloud."));
                }
            }
        }
    }
    let known = |known: &'static [&'static str]| match scope {
        Scope::Read => Some(known),
        Scope::Untouchable => None,
    };
    by_key(fields.get_mut("volumes"), known(&["type", "source", "read_only"]), |mount| taken(mount, "target"));
    for key in ["configs", "secrets"] {
        by_key(fields.get_mut(key), known(&["target", "mode", "use"]), |used| {
            used.insert("use".to_owned(), json!(true));
            taken(used, "source")
        });
    }
    if let Some(ports) = fields.get_mut("ports").filter(|ports| ports.is_array()) {
        *ports = keyed(ports.as_array().into_iter().flatten().map(|one| port(one, scope)));
    }
    if let Some(names) = fields.get_mut("depends_on").and_then(Value::as_array_mut) {
        names.sort_by_key(Value::to_string);
    }
}

/// Takes out what bounds of ours are about.
fn bounds(fields: &mut Map<String, Value>) {
    fields.remove("cap_drop");
    let logging = fields.get_mut("logging").and_then(Value::as_object_mut);
    let without =
        |fields: &mut Map<String, Value>, keys: &[&str]| fields.retain(|key, _| !keys.contains(&key.as_str()));
    if let Some(logging) = logging {
        without(logging, &["driver"]);
        if let Some(options) = logging.get_mut("options").and_then(Value::as_object_mut) {
            without(options, &["max-size", "max-file"]);
        }
    }
    let limits = fields.get_mut("deploy").and_then(|deploy| deploy.get_mut("resources")?.get_mut("limits"));
    if let Some(limits) = limits.and_then(Value::as_object_mut) {
        without(limits, &["memory", "pids"]);
    }
}

fn top_level(section: &str, name: &str, fields: &mut Map<String, Value>, scope: Scope) {
    // The older notation of a name that is not the key.
    if let Some(Value::Object(external)) = fields.get("external") {
        let given = external.get("name").cloned().unwrap_or_else(|| json!(name));
        fields.entry("name").or_insert(given);
        fields.insert("external".to_owned(), json!(true));
    }
    match scope {
        Scope::Read => {
            let known: &[&str] = match section {
                "volumes" => &["name", "external", "driver", "driver_opts", "labels"],
                "networks" => {
                    &["name", "external", "driver", "driver_opts", "ipam", "internal", "attachable", "labels"]
                }
                _ => &["name", "external", "file", "template_driver", "driver", "driver_opts", "labels"],
            };
            fields.retain(|key, _| known.contains(&key.as_str()));
        }
        Scope::Untouchable => {
            fields.retain(|key, _| !(key == "attachable" && section == "networks"));
        }
    }
}

fn port(port: &Value, scope: Scope) -> (String, Value) {
    let number = |key: &str| port[key].as_u64().unwrap_or_default();
    let protocol = port["protocol"].as_str().unwrap_or("tcp");
    let mode = match scope {
        Scope::Read => port["mode"].as_str().unwrap_or("ingress"),
        Scope::Untouchable => "published",
    };
    (format!("{}:{}/{protocol}", number("published"), number("target")), json!(mode))
}

/// Keeps only the known fields of a mapping.
fn only(value: Option<&mut Value>, known: &[&str]) {
    if let Some(fields) = value.and_then(Value::as_object_mut) {
        fields.retain(|key, _| known.contains(&key.as_str()));
    }
}

fn entries_of(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
}

/// A list of mappings as a mapping, by what `key` takes out of each.
fn by_key(list: Option<&mut Value>, known: Option<&[&str]>, key: impl Fn(&mut Map<String, Value>) -> String) {
    let Some(list) = list else { return };
    let Value::Array(items) = list.take() else { return };
    *list = keyed(items.into_iter().filter_map(|mut item| {
        let key = key(item.as_object_mut()?);
        if let Some(known) = known {
            only(Some(&mut item), known);
        }
        Some((key, item))
    }));
}

fn taken(fields: &mut Map<String, Value>, key: &str) -> String {
    match fields.remove(key) {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
