//! Reads the top-level volumes, networks, secrets and configs.

use super::reader::{Reader, boolean, filled_text};
use super::{Network, StackFile, Volume};
use crate::scalar::Scalar;
use crate::source::tidy_path;
use crate::yaml::{Key, Node, Value};

pub(super) fn volume(reader: &mut Reader<'_>, path: &str, node: &Node) -> Volume {
    let mut volume = Volume::default();
    if node.value == Value::Null {
        return volume;
    }
    reader.each_key(path, node, |reader, key, path, node| match key {
        "name" => volume.name = filled_text(node),
        "external" => external(reader, path, node, &mut volume.external, &mut volume.name),
        "driver" => volume.driver = filled_text(node),
        "driver_opts" => volume.driver_opts = reader.labels(path, node),
        "labels" => volume.labels = reader.labels(path, node),
        _ => {}
    });
    let made = [
        ("driver", volume.driver.is_some()),
        ("driver_opts", !volume.driver_opts.is_empty()),
        ("labels", !volume.labels.is_empty()),
    ];
    for (what, _) in made.iter().filter(|(_, given)| volume.external && *given) {
        reader.report(path, node.line, format!("is external and has `{what}`"), Some("keep one of the two"));
    }
    one_name(reader, path, node);
    volume
}

pub(super) fn network(reader: &mut Reader<'_>, path: &str, node: &Node) -> Network {
    let mut network = Network::default();
    if node.value == Value::Null {
        return network;
    }
    reader.each_key(path, node, |reader, key, path, node| match key {
        "name" => network.name = filled_text(node),
        "external" => external(reader, path, node, &mut network.external, &mut network.name),
        "driver" => network.driver = filled_text(node),
        "driver_opts" => network.driver_opts = reader.labels(path, node),
        "ipam" => network.ipam = Some(node.to_json()),
        "labels" => network.labels = reader.labels(path, node),
        "internal" => network.internal = boolean(node).unwrap_or_default(),
        "attachable" => network.attachable = boolean(node).unwrap_or_default(),
        _ => {}
    });
    one_name(reader, path, node);
    network
}

/// A secret or a config.
pub(super) fn stack_file(reader: &mut Reader<'_>, path: &str, node: &Node) -> StackFile {
    let mut entry = StackFile::default();
    reader.each_key(path, node, |reader, key, path, node| match key {
        "name" => {
            entry.name = filled_text(node);
            if let Value::Scalar(Scalar { raw, .. }) = &node.value {
                entry.name_text = Some(raw.clone());
            }
        }
        "external" => external(reader, path, node, &mut entry.external, &mut entry.name),
        "file" => {
            let folder = reader.folder;
            let file = filled_text(node);
            // A file of the machine stays one, so that nobody takes it for one of the recipe.
            entry.file =
                file.map(|file| if file.starts_with('/') { file } else { tidy_path(&format!("{folder}/{file}")) });
        }
        "driver" => entry.driver = filled_text(node),
        "driver_opts" => entry.driver_opts = reader.labels(path, node),
        "template_driver" => entry.template_driver = filled_text(node),
        "labels" => entry.labels = reader.labels(path, node),
        _ => {}
    });
    if entry.external && entry.file.is_some() {
        reader.report(path, node.line, "is external and has a file", Some("keep one of the two"));
    }
    if !entry.external && entry.driver.is_some() && entry.file.is_some() {
        reader.report(path, node.line, "has a driver and a file", Some("keep one of the two"));
    }
    one_name(reader, path, node);
    entry
}

/// The loader refuses a name in the older place, below `external`, next to one in the newer.
fn one_name(reader: &mut Reader<'_>, path: &str, node: &Node) {
    let Value::Map(entries) = &node.value else { return };
    let below =
        |entries: &[(Key, Node)], key: &str| entries.iter().any(|(one, node)| one.name == key && is_filled(node));
    let older = entries
        .iter()
        .any(|(key, node)| key.name == "external" && matches!(&node.value, Value::Map(inner) if below(inner, "name")));
    if older && below(entries, "name") {
        let hint = "write `external: true` and keep the other name";
        reader.report(path, node.line, "has a name and a name below `external`", Some(hint));
    }
}

fn is_filled(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if !scalar.text.is_empty())
}

/// `external: true`, or the older `external: {name: x}`.
fn external(reader: &mut Reader<'_>, path: &str, node: &Node, flag: &mut bool, name: &mut Option<String>) {
    if matches!(node.value, Value::Map(_)) {
        *flag = true;
        reader.each_key(path, node, |_, key, _, node| {
            if key == "name" {
                *name = filled_text(node);
            }
        });
        return;
    }
    *flag = boolean(node).unwrap_or_default();
}
