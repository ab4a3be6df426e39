//! Reads one compose file from its top: each section by the reader of its entries.

use std::collections::BTreeMap;

use super::reader::{Reader, map};
use super::{Compose, Document, entries, schema, service};
use crate::letters::{self, Returns};
use crate::scalar::ScalarKind;
use crate::source::{Files, Problem};
use crate::yaml::{Allowance, Node, Value, parse};

/// Reads one file. What cannot be read is left out and reported.
pub(super) fn document(
    file: &str,
    text: &str,
    folder: &str,
    files: &Files,
    env: &BTreeMap<String, String>,
    allowance: &mut Allowance,
) -> (Compose, Vec<Problem>) {
    let mut root = match letters::check(file, text, Returns::EndLines).and_then(|()| parse(file, text, allowance)) {
        Ok(root) => root,
        Err(problem) => return (Compose::default(), vec![problem]),
    };
    let mut reader = Reader::new(file, folder, files, env, allowance);
    reader.fill("", &mut root);
    let mut compose = top(&mut reader, &root);
    let minor = compose.version.as_deref().and_then(minor).unwrap_or(schema::LATEST);
    compose.env_files = std::mem::take(&mut reader.env_files);
    let (places, mut problems) = reader.end();
    problems.extend(schema::check(file, &root, minor));
    problems.sort_by_key(|problem| (problem.file != file, problem.line));
    compose.documents = vec![Document::new(file, &root, &compose)];
    compose.places = places;
    (compose, problems)
}

/// The minor version of the compose format 3, when the loader knows it. None at all, and a bare 3, mean the latest.
pub(crate) fn minor(version: &str) -> Option<u8> {
    if matches!(version, "" | "3") {
        return Some(schema::LATEST);
    }
    let text = version.strip_prefix("3.")?;
    text.parse().ok().filter(|minor: &u8| *minor <= schema::LATEST && minor.to_string() == text)
}

fn top(reader: &mut Reader<'_>, root: &Node) -> Compose {
    let mut compose = Compose::default();
    let Value::Map(sections) = &root.value else {
        let what = if root.value == Value::Null { "is empty" } else { "is not a mapping" };
        let hint = "a compose file starts with `services:` and the services below it";
        reader.report_line(root.line, what, Some(hint));
        return compose;
    };
    for (key, node) in sections {
        reader.note(&key.name, key.line);
        if key.name == "version" {
            compose.version = version(reader, &key.name, node);
        }
        for (child, node) in map(node) {
            let path = format!("{}.{}", key.name, child.name);
            reader.note(&path, child.line);
            let name = child.name.clone();
            match key.name.as_str() {
                "services" => drop(compose.services.insert(name, service::read(reader, &path, node))),
                "volumes" => drop(compose.volumes.insert(name, entries::volume(reader, &path, node))),
                "networks" => drop(compose.networks.insert(name, entries::network(reader, &path, node))),
                "secrets" => drop(compose.secrets.insert(name, entries::stack_file(reader, &path, node))),
                "configs" => drop(compose.configs.insert(name, entries::stack_file(reader, &path, node))),
                _ => {}
            }
        }
    }
    compose
}

fn version(reader: &mut Reader<'_>, path: &str, node: &Node) -> Option<String> {
    let Value::Scalar(scalar) = &node.value else {
        reader.report(path, node.line, "must be a string", Some("write version: \"3.8\""));
        return None;
    };
    if scalar.kind != ScalarKind::Text {
        let what = format!("write version: \"{}\" with quotes", scalar.raw);
        reader.report_line(node.line, what, None);
        return Some(scalar.raw.clone());
    }
    if minor(&scalar.text).is_none() {
        let what = format!("compose file version `{}` is not supported by Swarm", scalar.text);
        reader.report(path, node.line, what, Some("write version: \"3.8\""));
    }
    Some(scalar.text.clone())
}
