//! What the user of a service may do with the files of a volume, by owner, group and mode.

use super::allowed::Allowed;
use super::{DataIndex, Entry, EntryKind, Mounted, VolumeIndex, is_marker};
use crate::report::text::count;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// As whom a process runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct User {
    /// Its user.
    pub uid: u32,
    /// Its group, and the others it is in.
    pub gids: BTreeSet<u32>,
}

/// Files and folders that the service's own user may not use any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barred {
    /// Where.
    pub mount: Mounted,
    /// What is not possible any more.
    pub access: Access,
    /// As whom the service ran, and runs.
    pub users: (String, String),
    /// Which.
    pub paths: Vec<String>,
}

impl Barred {
    /// One line for the reader.
    #[must_use]
    pub fn summary(&self) -> String {
        let Self { mount: Mounted { service, target, volume }, access, users: (before, after), paths } = self;
        let (paths, before) = (paths.len(), if before == after { "before it" } else { before });
        let paths = count(paths, "path");
        format!("{service} {target}: {after} cannot {} {paths} of volume {volume}, which {before} could", access.word())
    }
}

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its content is read; for a folder, its list.
    Read,
    /// It is changed; for a folder, files are made in it and removed.
    Write,
}

impl Access {
    /// The word in a sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The bit of a mode's last digit.
    fn bit(self) -> u32 {
        match self {
            Self::Read => 4,
            Self::Write => 2,
        }
    }
}

impl User {
    fn has(&self, entry: &Entry, bit: u32) -> bool {
        let shift = if entry.uid == self.uid {
            6
        } else if self.gids.contains(&entry.gid) {
            3
        } else {
            0
        };
        self.uid == 0 || (entry.mode >> shift) & bit != 0
    }

    /// Whether the user may do it at `path` of a volume, whose folders it has to pass.
    fn may(&self, volume: &VolumeIndex, path: &str, access: Access) -> bool {
        let passes = |folder: &Entry| self.has(folder, 1);
        let folders = path.match_indices('/').filter_map(|(at, _)| volume.entries.get(&path[..at]));
        let Some(entry) = entry_of(volume, path) else { return false };
        let own = entry.kind != EntryKind::Folder || passes(entry);
        volume.root.as_ref().is_none_or(passes)
            && folders.into_iter().all(passes)
            && own
            && self.has(entry, access.bit())
    }
}

fn entry_of<'a>(volume: &'a VolumeIndex, path: &str) -> Option<&'a Entry> {
    if path.is_empty() { volume.root.as_ref() } else { volume.entries.get(path) }
}

/// What services could do at both times with files that are there at both, and cannot do any more.
#[must_use]
pub fn compare(before: &DataIndex, after: &DataIndex, allowed: Allowed<'_>) -> Vec<Barred> {
    let mut losses = Vec::new();
    for mount in &before.mounts {
        let still = after.mounts.iter().any(|now| now.service == mount.service && now.volume == mount.volume);
        let volumes = (before.volumes.get(&mount.volume), after.volumes.get(&mount.volume));
        let (Some(old), Some(new), true) = (volumes.0, volumes.1, still) else { continue };
        let Some(users) = Users::of(&mount.service, &before.users, &after.users) else { continue };
        let paths = watched(old, new, allowed);
        losses.extend(
            [Access::Read, Access::Write]
                .into_iter()
                .find_map(|access| users.barred(mount, (old, new), &paths, access)),
        );
    }
    losses
}

/// The files that last and the folders they lie in; `""` is the volume's own.
fn watched(old: &VolumeIndex, new: &VolumeIndex, allowed: Allowed<'_>) -> BTreeSet<String> {
    let databases = old.database_folders();
    let own = |path: &str| databases.iter().any(|folder| folder.is_empty() || path.starts_with(&format!("{folder}/")));
    let is_kept = |path: &str| new.entries.get(path).is_some_and(|entry| entry.kind == EntryKind::File);
    let files = old.files().filter(|(path, entry)| is_kept(path) && !allowed.covers(path, entry) && !own(path));
    let mut paths: BTreeSet<String> = files.map(|(path, _)| path.to_owned()).collect();
    let folders: Vec<String> = paths
        .iter()
        .map(|path| path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned()))
        .collect();
    paths.extend(folders.into_iter().filter(|folder| !is_marker(folder)));
    paths
}

/// As whom a service ran and runs, as far as that says what it needs.
struct Users<'a> {
    before: Vec<&'a User>,
    after: Vec<&'a User>,
    /// Root is among them, so that what another user lacks may still be done.
    root_stays: bool,
}

impl<'a> Users<'a> {
    fn of(
        service: &str,
        before: &'a BTreeMap<String, BTreeSet<User>>,
        after: &'a BTreeMap<String, BTreeSet<User>>,
    ) -> Option<Self> {
        let (before, after) = (before.get(service)?, after.get(service)?);
        let workers = |users: &'a BTreeSet<User>| users.iter().filter(|user| user.uid != 0).collect::<Vec<_>>();
        let root_stays = after.iter().any(|user| user.uid == 0);
        let (mut old, mut new) = (workers(before), workers(after));
        if root_stays && (old.is_empty() || new.is_empty()) {
            return None;
        }
        // The same worker at both times is compared with itself, else whoever is there now with whoever was.
        let same: BTreeSet<u32> =
            old.iter().map(|user| user.uid).filter(|uid| new.iter().any(|now| now.uid == *uid)).collect();
        if !same.is_empty() {
            old.retain(|user| same.contains(&user.uid));
            new.retain(|user| same.contains(&user.uid));
        }
        if old.is_empty() {
            old = before.iter().collect();
        }
        (!old.is_empty() && !new.is_empty()).then_some(Self { before: old, after: new, root_stays })
    }

    fn barred(
        &self,
        mount: &Mounted,
        (old, new): (&VolumeIndex, &VolumeIndex),
        paths: &BTreeSet<String>,
        access: Access,
    ) -> Option<Barred> {
        let could = |path: &&String| self.before.iter().any(|user| user.may(old, path, access));
        let can = |path: &str| self.after.iter().any(|user| user.may(new, path, access));
        let usable: Vec<&String> = paths.iter().filter(could).collect();
        let lost: Vec<&String> = usable.iter().copied().filter(|path| !can(path)).collect();
        // A file that its own user protects from itself is a choice; so is one that only root's processes read.
        let chosen = |path: &String| {
            let entry = entry_of(new, path);
            access == Access::Write && entry.is_some_and(|entry| self.after.iter().any(|user| user.uid == entry.uid))
        };
        let most = lost.len() * 2 >= usable.len();
        let some = !self.root_stays && lost.iter().any(|path| !chosen(path));
        if lost.is_empty() || !(most || some) {
            return None;
        }
        let shown = |path: &String| if path.is_empty() { "the volume's own folder".to_owned() } else { path.clone() };
        let users = (named(&self.before), named(&self.after));
        Some(Barred { mount: mount.clone(), access, users, paths: lost.into_iter().map(shown).collect() })
    }
}

fn named(users: &[&User]) -> String {
    let ids: Vec<String> = users.iter().map(|user| user.uid.to_string()).collect::<BTreeSet<_>>().into_iter().collect();
    format!("user {}", ids.join(", "))
}

#[cfg(test)]
mod tests;
