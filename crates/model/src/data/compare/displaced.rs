//! Data that a service still has, at another path than before, while something else takes its old place.

use super::lasting::{Contents, Lasting};
use super::loss::Loss;
use crate::data::allowed::Allowed;
use crate::data::path::inside;
use crate::data::{DataIndex, Entry, Mounted};

/// Whether the services of a volume mount it elsewhere now, all of them. One that went to another service may be served from there.
fn is_elsewhere(mounts: &[&Mounted], after: &DataIndex) -> bool {
    let had = |mount: &Mounted| mounts.iter().any(|old| old.service == mount.service);
    let mut now = after.mounts.iter().filter(|mount| mounts.iter().any(|old| old.volume == mount.volume)).peekable();
    now.peek().is_some() && now.all(|mount| had(mount) && !mounts.contains(&mount))
}

/// Another volume in the old place, with files of its own and no more than half of the old ones: the program goes on with what is not its
/// data. Some it may have made anew, as it makes them in every empty folder.
pub(super) fn by_volume(
    mounts: &[&Mounted],
    old: &Lasting<'_>,
    after: &DataIndex,
    allowed: Allowed<'_>,
) -> Option<Loss> {
    // Below its old place it is still in sight.
    let in_sight = |mount: &Mounted| {
        let same = |now: &&Mounted| now.volume == mount.volume && now.service == mount.service;
        after.mounts.iter().filter(same).any(|now| inside(&now.target, &mount.target).is_some())
    };
    if !is_elsewhere(mounts, after) {
        return None;
    }
    mounts.iter().filter(|mount| !in_sight(mount)).find_map(|mount| {
        let now = after.mounts.iter().find(|now| now.service == mount.service && now.target == mount.target)?;
        let index = after.volumes.get(&now.volume)?;
        // An empty one is another loss, and rows of a database are counted.
        if !Lasting::of(index, allowed).is_full() {
            return None;
        }
        let there = Contents::of(index.files());
        let telling = old.files.iter().filter(|(_, entry)| entry.size > 0 && !entry.is_counted());
        let edited = |path: &str, entry: &Entry| {
            let now = index.entries.get(path).and_then(|now| now.content.as_ref());
            entry.content.as_ref().zip(now).is_some_and(|(before, now)| before.is_like(now))
        };
        let (kept, missing): (Vec<_>, Vec<_>) =
            telling.partition(|(path, entry)| there.hold(path, entry) || edited(path, entry));
        let missing: Vec<String> = missing.into_iter().map(|(path, _)| (*path).to_owned()).collect();
        (missing.len() >= kept.len().max(1)).then(|| Loss::Replaced {
            mount: (*mount).clone(),
            by: now.volume.clone(),
            missing,
        })
    })
}

/// A volume that its services mount elsewhere now. Memory at the old path is where a program that was not told so goes on.
pub(super) fn by_another(mounts: &[&Mounted], old: &Lasting<'_>, after: &DataIndex) -> Option<Loss> {
    if !is_elsewhere(mounts, after) {
        return None;
    }
    let is_covered = |mount: &&&Mounted| {
        let is_there = |target: &str| inside(target, &mount.target) == Some("");
        let has_volume = after.mounts.iter().any(|now| now.service == mount.service && is_there(&now.target));
        let covers = after.covers.get(&mount.service);
        !has_volume && covers.is_some_and(|covers| covers.iter().any(|cover| is_there(cover)))
    };
    let mount = (*mounts.iter().find(is_covered)?).clone();
    Some(Loss::Displaced { mount, files: old.count() })
}
