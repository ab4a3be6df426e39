//! What a later look at the volumes lacks that an earlier one had.

mod displaced;
mod hidden;
mod lasting;
mod locked;
pub mod loss;
mod rewritten;

use super::allowed::Allowed;
use super::content::is_cut;
use super::path::is_thrown_away;
use super::{DataIndex, Entry, EntryKind, Mounted, VolumeIndex, access};
use lasting::{Contents, Lasting, below, is_journal};
pub use loss::{Loss, finding};
pub use rewritten::rewritten;
use std::collections::BTreeSet;

/// A volume of plain files shrank if it lost more than half and more than this many bytes.
const FILES_SLACK: u64 = 16 << 10;

/// The same for a database's own folder, whose files are made and dropped all the time.
const DATABASE_SLACK: u64 = 1 << 20;

/// A smaller file may hold nothing but a state of the program: another content at the same size says little.
const TELLING: u64 = 64;

/// The sizes of files whose digests decide whether what was lost was part of the program: all files of the volumes of `losses`,
/// before and after.
#[must_use]
pub fn suspects(losses: &[Loss], looks: [&DataIndex; 2]) -> BTreeSet<u64> {
    let volumes: BTreeSet<&str> = losses.iter().map(|loss| loss.mount().volume.as_str()).collect();
    let known = looks.into_iter().flat_map(|look| &look.volumes);
    let known = known.filter(|(volume, _)| volumes.contains(volume.as_str()));
    known.flat_map(|(_, index)| index.files()).map(|(_, entry)| entry.size).filter(|size| *size > 0).collect()
}

/// What `after` lacks of `before`. Volumes of services that are gone altogether are losses only where a new service has a new
/// volume in their place: the report names the others.
#[must_use]
pub fn compare(before: &DataIndex, after: &DataIndex, allowed: Allowed<'_>) -> Vec<Loss> {
    // A file that was in such a folder before is as well kept there as ever.
    let thrown_away =
        |path: &str| is_thrown_away(path) && !before.volumes.values().any(|index| index.entries.contains_key(path));
    let elsewhere = Contents::of(after.volumes.iter().flat_map(|(volume, index)| {
        index.files().filter(move |(path, _)| hidden::sees(after, volume, path) && !thrown_away(path))
    }));
    let mut losses = Vec::new();
    for (volume, old) in &before.volumes {
        let lasting = Lasting::of(old, allowed);
        if !lasting.is_full() {
            continue;
        }
        let mounts: Vec<&Mounted> = before.mounts.iter().filter(|mount| mount.volume == *volume).collect();
        let still = after.mounts.iter().any(|mount| mount.volume == *volume);
        if let (Some(mount), Some(new), true) = (mounts.first(), after.volumes.get(volume), still) {
            losses.extend(hidden::behind(mount, &lasting, (before, after), &elsewhere));
            losses.extend(locked::up(mount, &lasting, (before, after)));
            losses.extend(within(mount, &lasting, &Lasting::of(new, allowed), &elsewhere));
        }
        losses.extend(displaced::by_another(&mounts, &lasting, after));
        losses.extend(displaced::by_volume(&mounts, &lasting, after, allowed));
        losses.extend(left_behind(&mounts, &lasting, (before, after), still, &elsewhere));
        losses.extend(mounts.into_iter().filter_map(|mount| moved(mount, &lasting, after, still, allowed, &elsewhere)));
    }
    losses.extend(access::compare(before, after, allowed).into_iter().map(Loss::Barred));
    losses
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
    let (mut vanished, mut cut) = (Vec::new(), Vec::new());
    for (path, entry) in &old.files {
        match new.index.entries.get(*path) {
            _ if elsewhere.hold(path, entry) => {}
            None => vanished.push((*path, *entry)),
            Some(now) if now.kind != EntryKind::File => {}
            Some(now) if is_cut(entry.size, now.size) && !(entry.is_counted() && now.size > 0) => {
                cut.push(((*path).to_owned(), entry.size, now.size));
            }
            Some(_) => {}
        }
    }
    let vanished = unless_edited(vanished, old, new);
    if !vanished.is_empty() {
        losses.push(Loss::Vanished { mount: mount(), paths: vanished });
    }
    if !cut.is_empty() {
        losses.push(Loss::Cut { mount: mount(), files: cut });
    }
    losses.extend(overwritten(mount(), old, new, elsewhere));
    losses
}

fn shrank(before: u64, after: u64, slack: u64) -> bool {
    after < before / 2 && before - after > slack
}

/// Vanished files, without those that have a new name and nearly the same content. A new file stands for one of them.
fn unless_edited(vanished: Vec<(&str, &Entry)>, old: &Lasting<'_>, new: &Lasting<'_>) -> Vec<String> {
    let mut fresh: Vec<(&str, &Entry)> = new
        .files
        .iter()
        .filter(|(path, _)| !old.index.entries.contains_key(*path) && !is_thrown_away(path))
        .copied()
        .collect();
    let mut gone = Vec::new();
    for (path, entry) in vanished {
        let stands_for = |(now, found): &(&str, &Entry)| {
            let (Some(before), Some(after)) = (&entry.content, &found.content) else { return false };
            extension(path) == extension(now)
                && entry.size.abs_diff(found.size) <= entry.size / 8
                && before.is_like(after)
        };
        match fresh.iter().position(stands_for) {
            Some(at) => drop(fresh.swap_remove(at)),
            None => gone.push(path.to_owned()),
        }
    }
    gone
}

fn extension(path: &str) -> Option<&str> {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension)
}

/// Most files of the volume, or most of its bytes, hold another content under their old name.
fn overwritten(mount: Mounted, old: &Lasting<'_>, new: &Lasting<'_>, elsewhere: &Contents<'_>) -> Option<Loss> {
    let mut all = (0, 0);
    let mut other = (Vec::new(), 0);
    for (path, entry) in old.files.iter().filter(|(_, entry)| entry.size > 0 && !entry.is_counted()) {
        let Some(now) = new.index.entries.get(*path) else { continue };
        let (Some(before), Some(after)) = (&entry.content, &now.content) else { continue };
        all = (all.0 + 1, all.1 + entry.size);
        let same_place = now.kind == EntryKind::File && (now.size == entry.size || before.is_spoilt(after));
        let exchanged = same_place && entry.size >= TELLING && before.is_unlike(after);
        if exchanged && !elsewhere.hold(path, entry) {
            other.0.push((*path).to_owned());
            other.1 += entry.size;
        }
    }
    let (paths, bytes) = other;
    let most = paths.len() * 2 > all.0 || bytes * 2 > all.1;
    (!paths.is_empty() && most).then_some(Loss::Overwritten { mount, paths, of: all.0 })
}

/// A full volume that nothing mounts any more, of services that are gone, where a new service mounts a new volume at the same
/// path: a rename that forgot the data.
fn left_behind(
    mounts: &[&Mounted],
    old: &Lasting<'_>,
    (before, after): (&DataIndex, &DataIndex),
    still: bool,
    elsewhere: &Contents<'_>,
) -> Option<Loss> {
    let gone = mounts.iter().all(|mount| !after.services.contains(&mount.service));
    let kept = old.databases.is_empty() && old.files.iter().all(|(path, entry)| elsewhere.hold(path, entry));
    if still || !gone || kept {
        return None;
    }
    let is_new = |by: &&Mounted| !before.services.contains(&by.service) && !before.volumes.contains_key(&by.volume);
    let (mount, by) = mounts.iter().find_map(|mount| {
        let by = after.mounts.iter().filter(is_new).find(|by| by.target == mount.target)?;
        Some(((*mount).clone(), by.clone()))
    })?;
    let bytes = old.index.bytes();
    Some(Loss::LeftBehind { mount, by, files: old.count(), bytes })
}

/// A loss because the service does not see the volume at its old place any more.
fn moved(
    mount: &Mounted,
    old: &Lasting<'_>,
    after: &DataIndex,
    still: bool,
    allowed: Allowed<'_>,
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
    let new = Lasting::of(after.volumes.get(&now.volume).unwrap_or(&empty), allowed);
    let missing: Vec<String> = old
        .index
        .files()
        .filter(|(path, entry)| {
            !allowed.covers(path, entry) && !new.index.entries.contains_key(*path) && !elsewhere.hold(path, entry)
        })
        .map(|(path, _)| path.to_owned())
        .collect();
    // A fresh database fills its folder by itself, so for one of those a change of volume is a loss whatever is in it.
    let lost = !new.is_full() || (!still && (!old.databases.is_empty() || !missing.is_empty()));
    lost.then(|| Loss::Replaced { mount: mount.clone(), by: now.volume.clone(), missing })
}

#[cfg(test)]
mod tests;
