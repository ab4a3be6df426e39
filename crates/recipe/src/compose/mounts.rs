//! Reads what a service mounts: volumes, and configs and secrets as files.

use super::reader::{Reader, boolean, list, number, text};
use super::{FileUse, Mount, MountKind};
use crate::scalar::{Scalar, ScalarKind};
use crate::yaml::{Node, Value};

/// `volumes` of a service, in short and long form.
pub(super) fn volumes(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for (index, item) in list(node).iter().enumerate() {
        let at = format!("{path}.{index}");
        let mount =
            if matches!(item.value, Value::Map(_)) { long(reader, &at, item) } else { short(reader, &at, item) };
        if let Some(mount) = mount {
            reader.note(&format!("{path}.{}", mount.target), item.line);
            mounts.push(mount);
        }
    }
    mounts
}

fn long(reader: &mut Reader<'_>, path: &str, node: &Node) -> Option<Mount> {
    let (mut kind, mut source, mut target, mut read_only) = (None, None, None, false);
    reader.each_key(path, node, |reader, key, path, node| match key {
        "type" => {
            let text = text(node);
            kind = match text.as_deref() {
                Some("volume") => Some(MountKind::Volume),
                Some("bind") => Some(MountKind::Bind),
                Some("tmpfs") => Some(MountKind::Tmpfs),
                Some("npipe") => Some(MountKind::Npipe),
                Some("cluster") => Some(MountKind::Cluster),
                Some(other) => {
                    let hint = "use volume, bind or tmpfs";
                    reader.report(path, node.line, format!("unknown mount type `{other}`"), Some(hint));
                    None
                }
                None => None,
            };
        }
        "source" => source = text(node),
        "target" => target = text(node),
        "read_only" => read_only = boolean(node).unwrap_or_default(),
        _ => {}
    });
    let kind = kind?;
    let Some(target) = target else {
        reader.report(path, node.line, "has no `target`", None);
        return None;
    };
    let source = source.filter(|source: &String| !source.is_empty());
    if kind == MountKind::Bind && source.is_none() {
        reader.report(path, node.line, "has no `source`", Some("name the path of the host, or mount a volume"));
    }
    Some(Mount { kind, source, target, read_only })
}

fn short(reader: &mut Reader<'_>, path: &str, node: &Node) -> Option<Mount> {
    let text = text(node)?;
    if is_drive(&text) {
        let what = format!("`{text}` is taken for a path on a Windows drive");
        reader.report(path, node.line, what, Some("give the volume a name of two letters or more"));
    }
    let mount = parse_short(&text);
    if mount.is_none() {
        let what = format!("`{text}` is not a mount");
        reader.report(path, node.line, what, Some("write `volume:/path` or `volume:/path:ro`"));
    }
    mount
}

/// Whether a mount starts with a single letter and a colon.
fn is_drive(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.next() == Some(':')
}

/// The path of the host that a short mount starts with, if it mounts one.
pub(super) fn bound(text: &str) -> Option<&str> {
    let mount = parse_short(text).filter(|mount| mount.kind == MountKind::Bind)?;
    mount.source.and_then(|source| text.get(..source.len()))
}

/// `[source:]target[:options]`.
fn parse_short(text: &str) -> Option<Mount> {
    let anonymous =
        |target: &str| Mount { kind: MountKind::Volume, source: None, target: target.to_owned(), read_only: false };
    if text.is_empty() {
        return None;
    }
    if text.len() <= 2 {
        return Some(anonymous(text));
    }
    let parts = split_colons(text);
    let mount = match parts.as_slice() {
        [target] => anonymous(target),
        [source, target, options @ ..] if options.len() <= 1 => Mount {
            kind: if is_path(source) { MountKind::Bind } else { MountKind::Volume },
            source: Some((*source).to_owned()),
            read_only: options.iter().flat_map(|options| options.split(',')).fold(
                false,
                |so_far, option| match option {
                    "ro" => true,
                    "rw" => false,
                    _ => so_far,
                },
            ),
            ..anonymous(target)
        },
        _ => return None,
    };
    let empty = parts.iter().any(|part| part.is_empty());
    (!empty).then_some(mount)
}

/// Splits at colons, but not behind a single letter: the loader takes that for a Windows drive, on every system.
fn split_colons(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(':') {
        let part = &text[start..at];
        let mut letters = part.chars();
        let drive = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
        if !drive {
            parts.push(part);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || source.as_bytes().get(1) == Some(&b':')
}

/// `configs` or `secrets` of a service, in short and long form.
pub(super) fn file_uses(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<FileUse> {
    let mut uses = Vec::new();
    for (index, item) in list(node).iter().enumerate() {
        let at = format!("{path}.{index}");
        let mut used = FileUse { source: String::new(), target: None, mode: None };
        if matches!(item.value, Value::Map(_)) {
            reader.each_key(&at, item, |reader, key, path, node| match key {
                "source" => used.source = text(node).unwrap_or_default(),
                "target" => used.target = text(node),
                "mode" => used.mode = mode(reader, path, node),
                "uid" | "gid" => {}
                other => {
                    let what = format!("the key `{other}` is not known here, and passed over");
                    reader.warn(path, node.line, what, "remove it");
                }
            });
        } else {
            used.source = text(item).unwrap_or_default();
        }
        if used.source.is_empty() {
            if matches!(item.value, Value::Map(_)) {
                reader.report(&at, item.line, "has no `source`", Some("name the entry of the top-level section"));
            }
            continue;
        }
        reader.note(&format!("{path}.{}", used.source), item.line);
        uses.push(used);
    }
    uses
}

fn mode(reader: &mut Reader<'_>, path: &str, node: &Node) -> Option<u32> {
    let mode = number(node)?;
    if let Value::Scalar(Scalar { raw, kind: ScalarKind::Number, .. }) = &node.value
        && !raw.starts_with('0')
    {
        let what = format!("`{raw}` is a decimal number, as a file mode {mode:04o}");
        reader.warn(path, node.line, what, &format!("write 0{raw} for an octal mode"));
    }
    u32::try_from(mode).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_mounts_are_read_as_the_loader_reads_them() {
        let show = |text| {
            parse_short(text).map_or("-".to_owned(), |mount| {
                let source = mount.source.unwrap_or_default();
                format!("{:?} {source} {} {}", mount.kind, mount.target, mount.read_only)
            })
        };
        let texts =
            ["data:/d", "data:/d:ro,nocopy", "./x:/y:rw", "/a", "a:/a", "x", "aa:bb:cc:dd", ":/a", "da::ro", "~/x:/y"];
        insta::assert_snapshot!(texts.map(show).join("\n"), @r"
        Volume data /d false
        Volume data /d true
        Bind ./x /y false
        Volume  /a false
        Volume  a:/a false
        Volume  x false
        -
        -
        -
        Bind ~/x /y false
        ");
    }
}
