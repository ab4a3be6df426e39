//! What a container of an app may use up at most, unless its recipe says less (TRUST-2).
//!
//! A recipe of a stranger must not take the machine down by accident or on purpose. Bounds are wide: they are there to be hit by
//! a fork bomb or a leak, never by an app that works.

use super::Overlay;
use crate::compose::{Compose, minor};
use crate::resources::{bytes, last};
use serde_json::{Map, Value, json};

/// Capabilities that every container has by itself and that apps do not need: to forge packets, and to make devices.
pub const DROPPED: [&str; 2] = ["MKNOD", "NET_RAW"];

/// Processes and threads of one container. Servers in Java or Go come to some hundred.
pub const PROCESSES: u64 = 4096;

/// The most that the log of one container may hold, in bytes; half of it is kept when it is full.
pub const LOG: u64 = 128 << 20;

/// The first compose version that knows a bound on processes.
const SINCE: u8 = 9;

/// What every container may use up at most on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppBounds {
    /// Memory in bytes; `None` where the engine cannot bound it.
    pub memory: Option<u64>,
    /// Processes and threads; `None` where the engine cannot bound them.
    pub processes: Option<u64>,
    /// What the engine does with logs when nobody says anything.
    pub logs: Logs,
}

/// What an engine does with logs when nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// Keeps all of them in a file for each container.
    Kept,
    /// Bounds them by itself, or hands them to something else.
    Elsewhere,
}

impl AppBounds {
    /// None at all.
    pub const NONE: Self = Self { memory: None, processes: None, logs: Logs::Elsewhere };
}

impl Default for AppBounds {
    fn default() -> Self {
        Self::NONE
    }
}

impl Overlay<'_> {
    /// The version of the compose format that everything is written in; it may have to be a later one for our bounds.
    pub(super) fn version(&self) -> Option<String> {
        let written = self.compose.version.as_deref()?;
        let raised = self.may_raise() && self.bounds.processes.is_some() && minor(written).is_some_and(|at| at < SINCE);
        Some(if raised { format!("3.{SINCE}") } else { written.to_owned() })
    }

    /// Lays the bounds over what is written about a service.
    pub(super) fn bound(&self, name: &str, entry: &mut Map<String, Value>, deploy: &mut Map<String, Value>) {
        let mut limits = Map::new();
        if let Some(most) = self.bounds.memory {
            let own = last(self.compose, name, &["deploy", "resources", "limits", "memory"]).and_then(bytes);
            limits.insert(
                "memory".to_owned(),
                json!(own.filter(|own| *own > 0).map_or(most, |own| own.min(most)).to_string()),
            );
        }
        let known = self.version().is_none_or(|version| minor(&version).is_none_or(|at| at >= SINCE));
        if let (Some(most), true) = (self.bounds.processes, known) {
            let own = last(self.compose, name, &["deploy", "resources", "limits", "pids"]).and_then(bytes);
            limits.insert("pids".to_owned(), json!(own.filter(|own| *own > 0).map_or(most, |own| own.min(most))));
        }
        if !limits.is_empty() {
            deploy.insert("resources".to_owned(), json!({ "limits": limits }));
        }
        let has = |key| capabilities(self.compose, name, key);
        let (added, dropped) = (has("cap_add"), has("cap_drop"));
        let settled =
            |one: &str| [&added, &dropped].iter().any(|list| list.iter().any(|other| other == "ALL" || other == one));
        let drop: Vec<&str> = DROPPED.into_iter().filter(|one| !settled(one)).collect();
        if !drop.is_empty() {
            entry.insert("cap_drop".to_owned(), json!(drop));
        }
        if let Some(logging) = self.logging(name) {
            entry.insert("logging".to_owned(), logging);
        }
    }

    /// A bound on logs, where neither recipe nor engine has one that is smaller.
    fn logging(&self, name: &str) -> Option<Value> {
        let driver = last(self.compose, name, &["logging", "driver"]).and_then(Value::as_str);
        let driver = match (driver, self.bounds.logs) {
            (Some(own @ ("json-file" | "local")), _) => own,
            (Some(_), _) | (None, Logs::Elsewhere) => return None,
            (None, Logs::Kept) => "json-file",
        };
        let option = |key| last(self.compose, name, &["logging", "options", key]).and_then(bytes);
        let (size, files) = (option("max-size"), option("max-file"));
        let most = match (driver, size, files) {
            // By itself 20 MB, five times.
            ("local", size, files) => size.unwrap_or(20 << 20).saturating_mul(files.unwrap_or(5)),
            (_, Some(size), files) if size > 0 => size.saturating_mul(files.unwrap_or(1)),
            (_, _, _) => u64::MAX,
        };
        let ours = json!({ "max-size": (LOG / 2).to_string(), "max-file": "2" });
        (most > LOG).then(|| json!({ "driver": driver, "options": ours }))
    }
}

/// The capabilities of a list of a service, in all files, as the engine writes them.
fn capabilities(compose: &Compose, service: &str, key: &str) -> Vec<String> {
    let lists = compose.documents.iter().filter_map(|document| document.of_service(service)?.get(key)?.as_array());
    let words = lists.flatten().filter_map(Value::as_str).map(str::to_ascii_uppercase);
    words.map(|word| word.strip_prefix("CAP_").map_or(word.clone(), str::to_owned)).collect()
}

#[cfg(test)]
mod tests;
