//! A compose file as it is handed to the loader: the very tree that was judged, with nothing left to read in two ways.
//!
//! It is JSON in ASCII. Every variable is filled in and every remaining `$` doubled, files with variables are part of
//! `environment`, and paths are absolute, so that it means the same wherever it lies and whatever environment it is read in.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{Compose, mounts};
use crate::source::Ground;
use crate::yaml::Node;

/// One compose file of a recipe, filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The file it stands for, relative to the recipe's root.
    pub file: String,
    root: Value,
}

impl Document {
    /// The document that `root`, filled in, stands for; `compose` is what was read from it.
    pub(super) fn new(file: &str, root: &Node, compose: &Compose) -> Self {
        let mut root = escaped(root.to_json());
        for (name, service) in entries(&mut root, "services") {
            let Some(read) = compose.services.get(name) else { continue };
            let files = service.remove("env_file").is_some();
            if files || service.contains_key("environment") {
                let value =
                    |value: &Option<String>| value.clone().map_or(Value::Null, |text| escaped(Value::from(text)));
                let pairs = read.environment.iter().map(|(name, text)| (name.clone(), value(text)));
                service.insert("environment".to_owned(), Value::Object(pairs.collect()));
            }
        }
        for (section, read) in [("configs", &compose.configs), ("secrets", &compose.secrets)] {
            for (name, entry) in entries(&mut root, section) {
                let file = read.get(name).and_then(|entry| entry.file.clone());
                if let (Some(file), Some(place)) = (file, entry.get_mut("file")) {
                    *place = escaped(Value::from(file));
                }
            }
        }
        Self { file: file.to_owned(), root }
    }

    /// The fields of one of its services.
    pub(crate) fn service(&mut self, name: &str) -> Option<&mut Map<String, Value>> {
        self.root.get_mut("services")?.get_mut(name)?.as_object_mut()
    }

    /// The fields of one of its services, to be read.
    pub(crate) fn of_service(&self, name: &str) -> Option<&Map<String, Value>> {
        self.root.get("services")?.get(name)?.as_object()
    }

    /// Its text, in `version` where it says one, for a recipe that lies at `ground`, and whose first compose file is in `folder` there.
    #[must_use]
    pub fn text(&self, ground: &Ground<'_>, folder: &str, version: Option<&str>) -> String {
        let mut root = self.root.clone();
        if let (Some(place), Some(version)) = (root.get_mut("version"), version) {
            *place = Value::from(version);
        }
        let below = format!("{}/{folder}", ground.folder);
        for section in ["configs", "secrets"] {
            for (_, entry) in entries(&mut root, section) {
                let made = ["external", "driver"].iter().all(|key| !entry.contains_key(*key));
                match entry.get_mut("file") {
                    Some(Value::String(file)) => *file = absolute(ground.folder, file),
                    // Without a file the loader completes the empty path.
                    None if made => drop(entry.insert("file".to_owned(), Value::from(absolute(&below, "")))),
                    Some(_) | None => {}
                }
            }
        }
        for (_, service) in entries(&mut root, "services") {
            for mount in service.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
                place(mount, ground, &below);
            }
        }
        ascii(&root)
    }
}

/// Completes the path of a mount of the host's.
fn place(mount: &mut Value, ground: &Ground<'_>, below: &str) {
    let complete = |source: &str| match (source.strip_prefix('~'), ground.home) {
        (Some(rest), Some(home)) => format!("{}{rest}", home.replace('$', "$$")),
        (_, _) => absolute(below, source),
    };
    match mount {
        Value::String(text) => {
            let source = mounts::bound(text).map(str::to_owned);
            if let Some(source) = source {
                let rest = text.split_off(source.len());
                *text = complete(&source) + &rest;
            }
        }
        Value::Object(fields) if fields.get("type").and_then(Value::as_str) == Some("bind") => {
            if let Some(Value::String(source)) = fields.get_mut("source") {
                *source = complete(source);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
    }
}

/// The mappings of a section, by name.
fn entries<'r>(
    root: &'r mut Value,
    section: &str,
) -> impl Iterator<Item = (&'r String, &'r mut Map<String, Value>)> + use<'r> {
    let entries = root.get_mut(section).and_then(Value::as_object_mut).into_iter().flatten();
    entries.filter_map(|(name, entry)| Some((name, entry.as_object_mut()?)))
}

/// `path`, with its dollars doubled, seen from the plain path `folder`: an absolute one stays, any other is joined and tidied.
fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let folder = folder.replace('$', "$$");
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

/// Every text with its dollars doubled, so that the loader's interpolation leaves it as it is. It leaves keys alone.
fn escaped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('$', "$$")),
        Value::Array(items) => items.into_iter().map(escaped).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, escaped(value))).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// A value as JSON in ASCII. Letters beyond 16 bits are written as YAML does, because its readers refuse JSON's pairs.
pub(crate) fn ascii(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        match u32::from(letter) {
            0..=0x7e => out.push(letter),
            code @ 0x7f..=0xffff => drop(write!(out, "\\u{code:04x}")),
            code => drop(write!(out, "\\U{code:08x}")),
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_ascii_and_paths_complete() {
        assert_eq!(ascii(&Value::from("a\u{7f}ä\u{2028}🙂\"\n")), "\"a\\u007f\\u00e4\\u2028\\U0001f642\\\"\\n\"\n");
        assert_eq!(absolute("/r/$x", "./a/../b$$"), "/r/$$x/b$$");
        assert_eq!(absolute("/r", "../c"), "/c");
        assert_eq!(absolute("/r", "/etc/x"), "/etc/x");
    }
}
