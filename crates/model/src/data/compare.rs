//! What a later look at the volumes lacks that an earlier one had.

use super::churn::Churn;
use super::{DataIndex, Entry, Mounted, VolumeIndex};
use crate::outcome::{Cause, Finding};
use std::collections::BTreeSet;

/// At most this many paths of one loss are named in a finding.
const NAMED: usize = 20;

/// A volume of plain files shrank if it lost more than half and more than this many bytes.
const FILES_SLACK: u64 = 16 << 10;

/// The same for a database's own folder, whose files are made and dropped all the time.
const DATABASE_SLACK: u64 = 1 << 20;

/// Something that was there and is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// Another volume is mounted where the full one was, and it does not hold what the full one held.
    Replaced {
        /// Where.
        mount: Mounted,
        /// The volume mounted there now.
        by: String,
        /// Files of the old volume that the new one lacks.
        missing: Vec<String>,
    },
    /// The service is still there, but nothing is mounted where the full volume was.
    Unmounted {
        /// Where.
        mount: Mounted,
        /// How many files it held.
        files: usize,
    },
    /// The volume, or a database's folder in it, holds nothing any more.
    Emptied {
        /// Where.
        mount: Mounted,
        /// The folder, `""` for the whole volume.
        folder: String,
        /// How many files it held.
        files: usize,
    },
    /// More than half is gone.
    Shrunk {
        /// Where.
        mount: Mounted,
        /// The folder, `""` for the whole volume.
        folder: String,
        /// Bytes before.
        before: u64,
        /// Bytes after.
        after: u64,
    },
    /// Files that are neither at their path nor, with the same content, anywhere else.
    Vanished {
        /// Where.
        mount: Mounted,
        /// Which.
        paths: Vec<String>,
    },
    /// Files that held something and are empty now.
    Truncated {
        /// Where.
        mount: Mounted,
        /// Which.
        paths: Vec<String>,
    },
}

impl Loss {
    /// The cause a finding about it carries.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Replaced { .. } | Self::Unmounted { .. } => Cause::VolumeReplaced,
            Self::Emptied { .. } | Self::Shrunk { .. } | Self::Vanished { .. } | Self::Truncated { .. } => {
                Cause::VolumeShrunk
            }
        }
    }

    /// Where it happened.
    #[must_use]
    pub fn mount(&self) -> &Mounted {
        match self {
            Self::Replaced { mount, .. }
            | Self::Unmounted { mount, .. }
            | Self::Emptied { mount, .. }
            | Self::Shrunk { mount, .. }
            | Self::Vanished { mount, .. }
            | Self::Truncated { mount, .. } => mount,
        }
    }

    /// One line for the reader.
    #[must_use]
    pub fn summary(&self) -> String {
        let Mounted { service, target, volume } = self.mount();
        match self {
            Self::Replaced { by, missing, .. } => format!(
                "{service} {target}: volume {volume} was replaced by {by}, which lacks {}",
                counted(missing.len(), "file")
            ),
            Self::Unmounted { files, .. } => {
                format!("{service} {target}: volume {volume} ({}) is not mounted any more", counted(*files, "file"))
            }
            Self::Emptied { folder, files, .. } => {
                format!("{service} {target}: {} is empty, it held {}", part(folder, volume), counted(*files, "file"))
            }
            Self::Shrunk { folder, before, after, .. } => {
                format!("{service} {target}: {} shrank from {before} to {after} bytes", part(folder, volume))
            }
            Self::Vanished { paths, .. } => {
                format!("{service} {target}: {} vanished from volume {volume}", counted(paths.len(), "file"))
            }
            Self::Truncated { paths, .. } => {
                format!("{service} {target}: {} of volume {volume} became empty", counted(paths.len(), "file"))
            }
        }
    }

    /// The paths concerned, the first twenty by name.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let paths = match self {
            Self::Replaced { missing: paths, .. } | Self::Vanished { paths, .. } | Self::Truncated { paths, .. } => {
                paths
            }
            Self::Unmounted { .. } | Self::Emptied { .. } | Self::Shrunk { .. } => return Vec::new(),
        };
        let mut named: Vec<String> = paths.iter().take(NAMED).cloned().collect();
        if paths.len() > NAMED {
            named.push(format!("and {} more", paths.len() - NAMED));
        }
        named
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn part(folder: &str, volume: &str) -> String {
    if folder.is_empty() { format!("volume {volume}") } else { format!("folder {folder} of volume {volume}") }
}

/// One finding for all losses, led by the worst; `None` when nothing was lost.
#[must_use]
pub fn finding(losses: &[Loss]) -> Option<Finding> {
    let worst = losses.iter().max_by_key(|loss| match loss {
        Loss::Replaced { .. } | Loss::Unmounted { .. } => 3,
        Loss::Emptied { .. } => 2,
        Loss::Shrunk { .. } | Loss::Truncated { .. } => 1,
        Loss::Vanished { .. } => 0,
    })?;
    let details = losses.iter().flat_map(|loss| [loss.summary()].into_iter().chain(loss.details())).collect();
    Some(Finding::new(worst.cause(), worst.summary()).of_service(&worst.mount().service).with_details(details))
}

/// What `after` lacks of `before`. Volumes of services that are gone altogether are not losses: the report names those.
#[must_use]
pub fn compare(before: &DataIndex, after: &DataIndex, churn: &Churn) -> Vec<Loss> {
    let elsewhere = Contents::of(after);
    let mut losses = Vec::new();
    for (volume, old) in &before.volumes {
        let lasting = Lasting::of(old, churn);
        if !lasting.is_full() {
            continue;
        }
        let mounts: Vec<&Mounted> = before.mounts.iter().filter(|mount| mount.volume == *volume).collect();
        let still = after.mounts.iter().any(|mount| mount.volume == *volume);
        if let (Some(mount), Some(new), true) = (mounts.first(), after.volumes.get(volume), still) {
            losses.extend(within(mount, &lasting, &Lasting::of(new, churn), &elsewhere));
        }
        losses.extend(mounts.into_iter().filter_map(|mount| moved(mount, &lasting, after, still, churn, &elsewhere)));
    }
    losses
}

/// The files of a volume that are expected to last, the database's own apart.
struct Lasting<'a> {
    files: Vec<(&'a str, &'a Entry)>,
    databases: Vec<(String, Vec<&'a Entry>)>,
    index: &'a VolumeIndex,
}

impl<'a> Lasting<'a> {
    fn of(index: &'a VolumeIndex, churn: &Churn) -> Self {
        let mut databases: Vec<(String, Vec<&Entry>)> =
            index.database_folders().into_iter().map(|folder| (folder, Vec::new())).collect();
        let mut files = Vec::new();
        for (path, entry) in index.files() {
            if let Some((_, own)) = databases.iter_mut().find(|(folder, _)| below(path, folder)) {
                if !is_journal(path) {
                    own.push(entry);
                }
            } else if !churn.covers(path) {
                files.push((path, entry));
            }
        }
        Self { files, databases, index }
    }

    fn is_full(&self) -> bool {
        self.files.iter().any(|(_, entry)| entry.size > 0) || self.databases.iter().any(|(_, own)| !own.is_empty())
    }

    fn count(&self) -> usize {
        self.files.len() + self.databases.iter().map(|(_, own)| own.len()).sum::<usize>()
    }

    fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, entry)| entry.size).sum()
    }
}

fn below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Files a database writes ahead and recycles: their size says nothing about the data.
fn is_journal(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(part, "pg_wal" | "pg_xlog" | "journal" | "ibtmp1" | "#innodb_temp" | "#innodb_redo")
            || part.starts_with("ib_logfile")
            || part.starts_with("undo_")
            || part.starts_with("binlog.")
    })
}

/// Where contents can be found again after a rename.
struct Contents<'a> {
    digests: BTreeSet<&'a str>,
    large: BTreeSet<(&'a str, u64)>,
}

impl<'a> Contents<'a> {
    fn of(index: &'a DataIndex) -> Self {
        let mut contents = Self { digests: BTreeSet::new(), large: BTreeSet::new() };
        for (path, entry) in index.volumes.values().flat_map(VolumeIndex::files) {
            match &entry.digest {
                Some(digest) => drop(contents.digests.insert(digest)),
                None => drop(contents.large.insert((base_name(path), entry.size))),
            }
        }
        contents
    }

    /// An empty file is found anywhere, so its content proves nothing and it is only looked for at its path.
    fn hold(&self, path: &str, entry: &Entry) -> bool {
        entry.size > 0
            && match &entry.digest {
                Some(digest) => self.digests.contains(digest.as_str()),
                None => self.large.contains(&(base_name(path), entry.size)),
            }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Losses inside a volume that is still mounted.
fn within(mount: &Mounted, old: &Lasting<'_>, new: &Lasting<'_>, elsewhere: &Contents<'_>) -> Vec<Loss> {
    let mount = || mount.clone();
    if new.count() == 0 {
        return vec![Loss::Emptied { mount: mount(), folder: String::new(), files: old.count() }];
    }
    let mut losses = Vec::new();
    for (folder, own) in &old.databases {
        let now: Vec<u64> = new
            .index
            .files()
            .filter(|(path, _)| below(path, folder) && !is_journal(path))
            .map(|(_, entry)| entry.size)
            .collect();
        let (before, after) = (own.iter().map(|entry| entry.size).sum(), now.iter().sum());
        if now.is_empty() {
            losses.push(Loss::Emptied { mount: mount(), folder: folder.clone(), files: own.len() });
        } else if shrank(before, after, DATABASE_SLACK) {
            losses.push(Loss::Shrunk { mount: mount(), folder: folder.clone(), before, after });
        }
    }
    if shrank(old.bytes(), new.bytes(), FILES_SLACK) {
        losses.push(Loss::Shrunk { mount: mount(), folder: String::new(), before: old.bytes(), after: new.bytes() });
    }
    let mut vanished = Vec::new();
    let mut truncated = Vec::new();
    for (path, entry) in &old.files {
        match new.index.entries.get(*path) {
            None if elsewhere.hold(path, entry) => {}
            None => vanished.push((*path).to_owned()),
            Some(now) if entry.size > 0 && now.size == 0 && now.kind == entry.kind => {
                truncated.push((*path).to_owned());
            }
            Some(_) => {}
        }
    }
    if !vanished.is_empty() {
        losses.push(Loss::Vanished { mount: mount(), paths: vanished });
    }
    if !truncated.is_empty() {
        losses.push(Loss::Truncated { mount: mount(), paths: truncated });
    }
    losses
}

fn shrank(before: u64, after: u64, slack: u64) -> bool {
    after < before / 2 && before - after > slack
}

/// A loss because the service does not see the volume at its old place any more.
fn moved(
    mount: &Mounted,
    old: &Lasting<'_>,
    after: &DataIndex,
    still: bool,
    churn: &Churn,
    elsewhere: &Contents<'_>,
) -> Option<Loss> {
    if !after.services.contains(&mount.service) {
        return None;
    }
    let now = after.mounts.iter().find(|now| now.service == mount.service && now.target == mount.target);
    let Some(now) = now else {
        return (!still).then(|| Loss::Unmounted { mount: mount.clone(), files: old.count() });
    };
    if now.volume == mount.volume {
        return None;
    }
    let empty = VolumeIndex::default();
    let new = Lasting::of(after.volumes.get(&now.volume).unwrap_or(&empty), churn);
    let missing: Vec<String> = old
        .index
        .files()
        .filter(|(path, entry)| {
            !churn.covers(path) && !new.index.entries.contains_key(*path) && !elsewhere.hold(path, entry)
        })
        .map(|(path, _)| path.to_owned())
        .collect();
    // A fresh database fills its folder by itself, so for one of those a change of volume is a loss whatever is in it.
    let lost = !new.is_full() || (!still && (!old.databases.is_empty() || !missing.is_empty()));
    lost.then(|| Loss::Replaced { mount: mount.clone(), by: now.volume.clone(), missing })
}

#[cfg(test)]
mod tests;
