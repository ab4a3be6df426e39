//! Holds the listing of a snapshot against what the volumes of a stopped app held: nothing may be missing, or of another size.

use crate::backup::restic::Node;
use crate::workbench::Workbench;
use cc_ci_model::data::{Entry, EntryKind, VolumeIndex};
use std::collections::BTreeMap;

/// What is missing first, in words.
pub(super) fn missing(indexed: &BTreeMap<String, VolumeIndex>, nodes: &BTreeMap<String, Node>) -> Option<String> {
    indexed.iter().find_map(|(volume, index)| {
        let root = Workbench::path(volume);
        if !nodes.contains_key(&root) {
            return Some(format!("volume {volume} is not in it"));
        }
        let listed = nodes.range(format!("{root}/")..format!("{root}0")).count();
        let held = index.entries.len();
        let odd = |path: &str| path.contains('\\');
        let plain = index.entries.iter().filter(|(path, _)| !odd(path));
        let lost = plain.clone().find_map(|(path, entry)| differs(nodes.get(&format!("{root}/{path}")), entry, path));
        // Names that had to be escaped are told in two ways, so they are only counted.
        lost.map(|what| format!("{volume}: {what}"))
            .or_else(|| (listed < held).then(|| format!("volume {volume}: {listed} of {held} entries")))
    })
}

fn differs(node: Option<&Node>, entry: &Entry, path: &str) -> Option<String> {
    let kind = match entry.kind {
        EntryKind::File => "file",
        EntryKind::Folder => "dir",
        EntryKind::Link => "symlink",
        EntryKind::Pipe => "fifo",
        EntryKind::Socket => "socket",
        // Devices; what they are called depends on which.
        EntryKind::Other => return node.is_none().then(|| format!("{path} is missing")),
    };
    match node {
        None => Some(format!("{path} is missing")),
        Some(node) if node.kind != kind => Some(format!("{path} is a {}", node.kind)),
        Some(node) if entry.kind == EntryKind::File && node.size != entry.size => {
            Some(format!("{path} has {} bytes of {}", node.size, entry.size))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, size: u64) -> Entry {
        Entry { kind, size, mode: 0o644, uid: 0, gid: 0, content: None }
    }

    fn check(nodes: &[(&str, &str, u64)]) -> String {
        let entries = BTreeMap::from([
            ("d".to_owned(), entry(EntryKind::Folder, 0)),
            ("d/a".to_owned(), entry(EntryKind::File, 7)),
            ("l".to_owned(), entry(EntryKind::Link, 0)),
            ("odd\\x0a".to_owned(), entry(EntryKind::File, 1)),
        ]);
        let indexed = BTreeMap::from([("v".to_owned(), VolumeIndex { root: None, entries })]);
        let nodes = nodes.iter().map(|(path, kind, size)| {
            let node = Node { path: (*path).to_owned(), kind: (*kind).to_owned(), size: *size };
            (node.path.clone(), node)
        });
        missing(&indexed, &nodes.collect()).unwrap_or_default()
    }

    #[test]
    fn a_whole_snapshot_has_every_entry_of_its_kind_and_size() {
        let whole = [
            ("/volumes/v", "dir", 0),
            ("/volumes/v/d", "dir", 0),
            ("/volumes/v/d/a", "file", 7),
            ("/volumes/v/l", "symlink", 0),
            ("/volumes/v/odd\n", "file", 1),
        ];
        assert_eq!(check(&whole), "");
        let without = |path: &str| whole.iter().filter(|(one, ..)| *one != path).copied().collect::<Vec<_>>();
        assert_eq!(check(&without("/volumes/v")), "volume v is not in it");
        assert_eq!(check(&without("/volumes/v/d/a")), "v: d/a is missing");
        assert_eq!(check(&without("/volumes/v/l")), "v: l is missing");
        assert_eq!(check(&without("/volumes/v/odd\n")), "volume v: 3 of 4 entries");
        let other = |path: &str, kind, size| {
            let nodes = whole.iter().map(|one| if one.0 == path { (one.0, kind, size) } else { *one });
            check(&nodes.collect::<Vec<_>>())
        };
        assert_eq!(other("/volumes/v/d/a", "file", 0), "v: d/a has 0 bytes of 7");
        assert_eq!(other("/volumes/v/l", "file", 0), "v: l is a file");
        // Another volume whose name begins alike adds nothing.
        let more =
            [without("/volumes/v/odd\n"), vec![("/volumes/v2", "dir", 0), ("/volumes/v2/x", "file", 1)]].concat();
        assert_eq!(check(&more), "volume v: 3 of 4 entries");
    }
}
