//! What an app's volumes hold, and what was lost between two looks at them (DATA-2).

pub mod access;
pub mod allowed;
pub mod anew;
pub mod churn;
pub mod compare;
pub mod content;
pub mod dumped;
pub mod narrowed;
pub mod outside;
pub mod path;
pub mod restored;
pub mod rows;

use access::User;
use content::Content;

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Every marker file's name starts with this; markers are not the app's data and never make a volume full.
pub const MARKER_PREFIX: &str = "cc-ci-marker-";

/// Where a service of the stack mounts a volume. Service and target stay when a volume is renamed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mounted {
    /// The service, without the stack's name.
    pub service: String,
    /// The path inside its containers.
    pub target: String,
    /// The volume's full name on the engine.
    pub volume: String,
}

/// One look at all volumes of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataIndex {
    /// The services that ran.
    pub services: BTreeSet<String>,
    /// What they mounted.
    pub mounts: BTreeSet<Mounted>,
    /// Those of them through which nothing can be written.
    pub read_only: BTreeSet<Mounted>,
    /// Every path in a service's containers at which something is mounted: volumes, folders of the host, memory, configs, secrets.
    pub covers: BTreeMap<String, BTreeSet<String>>,
    /// As whom the processes of each service ran.
    pub users: BTreeMap<String, BTreeSet<User>>,
    /// The content of each volume, by full name.
    pub volumes: BTreeMap<String, VolumeIndex>,
}

/// The content of one volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeIndex {
    /// The volume's own folder; `None` where nobody looked.
    pub root: Option<Entry>,
    /// By path relative to the volume's root. Bytes that are not UTF-8, and `\`, are written as `\xNN`.
    pub entries: BTreeMap<String, Entry>,
}

/// One file, folder or other entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Bytes; 0 for anything but a file.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// What a file holds, or where a link leads; `None` for anything else, and where it was not read.
    pub content: Option<Content>,
}

/// The kinds of entries that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device, or something else again.
    Other,
}

impl Entry {
    /// The digest of its content.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.content.as_ref().map(|content| content.digest.as_str())
    }

    /// Whether the tables in it are counted, which says more than its bytes.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.content.as_ref().is_some_and(|content| content.form == content::Form::Sqlite)
    }
}

impl VolumeIndex {
    /// Regular files with their sizes, markers of ours left out.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .filter(|(path, entry)| entry.kind == EntryKind::File && !is_marker(path))
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// Bytes in regular files, markers of ours left out.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files().map(|(_, entry)| entry.size).sum()
    }

    /// The folders that hold a database's own files, `""` for the volume's root: their files come and go by themselves.
    #[must_use]
    pub fn database_folders(&self) -> Vec<String> {
        let mut folders: Vec<String> = self
            .entries
            .keys()
            .filter_map(|path| {
                let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                let known = match name {
                    "PG_VERSION" => !folder.contains("base/") && !folder.ends_with("base"),
                    "ibdata1" | "WiredTiger" | "dump.rdb" => true,
                    _ if name.ends_with(".aof.manifest") => true,
                    _ => false,
                };
                known.then(|| folder.to_owned())
            })
            .collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }
}

/// Whether a path's last part names one of our markers.
#[must_use]
pub fn is_marker(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with(MARKER_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_databases_are_known_by_a_file_of_theirs() {
        let entry = Entry { kind: EntryKind::File, size: 1, mode: 0o600, uid: 0, gid: 0, content: None };
        let folders = |paths: &[&str]| {
            let entries = paths.iter().map(|path| ((*path).to_owned(), entry.clone())).collect();
            VolumeIndex { root: None, entries }.database_folders()
        };
        assert_eq!(folders(&["pg/PG_VERSION", "pg/base/5/PG_VERSION", "my/ibdata1"]), ["my", "pg"]);
        assert_eq!(folders(&["dump.rdb", "appendonlydir/appendonly.aof.manifest"]), ["", "appendonlydir"]);
        assert_eq!(folders(&["a/dump.rdb.txt", "uploads/app.sqlite"]), Vec::<String>::new());
    }
}
