//! Writes top-level entries back, for an override that has to repeat them.
//!
//! The loader replaces a volume, network, secret or config of an earlier file as a whole, so an override that only adds a
//! label to `internal: true` opens that network. It has to say everything again.

use serde_json::{Map, Value, json};

use super::{Compose, Network, StackFile, Volume};
use crate::source::tidy_path;

impl Volume {
    /// The entry as a compose file writes it, with `$` escaped.
    #[must_use]
    pub fn entry(&self) -> Value {
        entry([
            ("name", json!(self.name)),
            ("external", flag(self.external)),
            ("driver", json!(self.driver)),
            ("driver_opts", json!(self.driver_opts)),
            ("labels", json!(self.labels)),
        ])
    }
}

impl Network {
    /// The entry as a compose file writes it, with `$` escaped.
    #[must_use]
    pub fn entry(&self) -> Value {
        entry([
            ("name", json!(self.name)),
            ("external", flag(self.external)),
            ("driver", json!(self.driver)),
            ("driver_opts", json!(self.driver_opts)),
            ("ipam", json!(self.ipam)),
            ("internal", flag(self.internal)),
            ("attachable", flag(self.attachable)),
            ("labels", json!(self.labels)),
        ])
    }
}

impl StackFile {
    /// The entry as a compose file of `compose` writes it, with `$` escaped; with a `root`, one that may lie anywhere.
    #[must_use]
    pub fn entry(&self, compose: &Compose, root: Option<&str>) -> Value {
        let path = |file: &str| match root {
            Some(root) if !file.starts_with('/') => tidy_absolute(root, file),
            Some(_) | None => relative_to(&compose.folder, file),
        };
        entry([
            ("name", json!(self.name)),
            ("external", flag(self.external)),
            ("file", json!(self.file.as_deref().map(path))),
            ("template_driver", json!(self.template_driver)),
            ("driver", json!(self.driver)),
            ("driver_opts", json!(self.driver_opts)),
            ("labels", json!(self.labels)),
        ])
    }
}

fn tidy_absolute(root: &str, file: &str) -> String {
    format!("/{}", tidy_path(&format!("{root}/{file}")))
}

/// `path`, which is absolute or relative to the root, from inside `folder`.
fn relative_to(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let ups = folder.split('/').filter(|part| !part.is_empty()).count();
    format!("{}{path}", "../".repeat(ups))
}

fn flag(on: bool) -> Value {
    if on { Value::Bool(true) } else { Value::Null }
}

/// The fields that say something.
fn entry<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
    let fields = fields.into_iter().filter(|(_, value)| !empty(value));
    Value::Object(fields.map(|(key, value)| (key.to_owned(), escaped(value))).collect())
}

/// Every text with its dollars doubled, so that interpolation leaves it as it is.
fn escaped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('$', "$$")),
        Value::Array(items) => items.into_iter().map(escaped).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, escaped(value))).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}
