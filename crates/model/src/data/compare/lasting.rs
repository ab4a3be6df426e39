//! What of a volume is expected to last, and where contents can be found again.

use crate::data::allowed::Allowed;
use crate::data::{Entry, VolumeIndex};
use std::collections::BTreeSet;

/// The files of a volume that are expected to last, the database's own apart.
pub(super) struct Lasting<'a> {
    pub(super) files: Vec<(&'a str, &'a Entry)>,
    pub(super) databases: Vec<(String, Vec<&'a Entry>)>,
    pub(super) index: &'a VolumeIndex,
}

impl<'a> Lasting<'a> {
    pub(super) fn of(index: &'a VolumeIndex, allowed: Allowed<'_>) -> Self {
        let mut databases: Vec<(String, Vec<&Entry>)> =
            index.database_folders().into_iter().map(|folder| (folder, Vec::new())).collect();
        let mut files = Vec::new();
        for (path, entry) in index.files() {
            if let Some((_, own)) = databases.iter_mut().find(|(folder, _)| below(path, folder)) {
                if !is_journal(path) {
                    own.push(entry);
                }
            } else if !allowed.covers(path, entry) {
                files.push((path, entry));
            }
        }
        Self { files, databases, index }
    }

    pub(super) fn is_full(&self) -> bool {
        self.files.iter().any(|(_, entry)| entry.size > 0) || self.databases.iter().any(|(_, own)| !own.is_empty())
    }

    pub(super) fn count(&self) -> usize {
        self.files.len() + self.databases.iter().map(|(_, own)| own.len()).sum::<usize>()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, entry)| entry.size).sum()
    }
}

pub(super) fn below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Files a database writes ahead and recycles: their size says nothing about the data.
pub(super) fn is_journal(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(part, "pg_wal" | "pg_xlog" | "journal" | "ibtmp1" | "#innodb_temp" | "#innodb_redo")
            || part.starts_with("ib_logfile")
            || part.starts_with("undo_")
            || part.starts_with("binlog.")
    })
}

/// Where contents can be found again after a rename.
pub(super) struct Contents<'a> {
    digests: BTreeSet<&'a str>,
    large: BTreeSet<(&'a str, u64)>,
}

impl<'a> Contents<'a> {
    pub(super) fn of(files: impl Iterator<Item = (&'a str, &'a Entry)>) -> Self {
        let mut contents = Self { digests: BTreeSet::new(), large: BTreeSet::new() };
        for (path, entry) in files {
            match entry.digest() {
                Some(digest) => drop(contents.digests.insert(digest)),
                None => drop(contents.large.insert((base_name(path), entry.size))),
            }
        }
        contents
    }

    /// An empty file is found anywhere, so its content proves nothing and it is only looked for at its path.
    pub(super) fn hold(&self, path: &str, entry: &Entry) -> bool {
        entry.size > 0
            && match entry.digest() {
                Some(digest) => self.digests.contains(digest),
                None => self.large.contains(&(base_name(path), entry.size)),
            }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
