//! Data that is still in its volume and that no service can see, because something else is mounted over it.

use super::lasting::{Contents, Lasting};
use super::loss::Loss;
use crate::data::{DataIndex, Mounted};

/// Whether a service sees a path of a volume, at any of the places where it is mounted. A volume that is mounted nowhere hides
/// nothing: that is another loss.
pub(super) fn sees(look: &DataIndex, volume: &str, path: &str) -> bool {
    let mut mounts = look.mounts.iter().filter(|mount| mount.volume == volume).peekable();
    mounts.peek().is_none() || mounts.any(|mount| covered_at(look, mount, path).is_none())
}

/// The path at which something else is mounted over a path of a volume.
fn covered_at<'a>(look: &'a DataIndex, mount: &Mounted, path: &str) -> Option<&'a str> {
    let root = mount.target.trim_end_matches('/');
    let full = format!("{root}/{path}");
    let covers = look.covers.get(&mount.service)?;
    covers.iter().map(String::as_str).find(|cover| {
        let cover = cover.trim_end_matches('/');
        let inside = cover.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        inside && (full == cover || full.strip_prefix(cover).is_some_and(|rest| rest.starts_with('/')))
    })
}

/// Files that could be seen before, and cannot now, though they are there.
pub(super) fn behind(
    mount: &Mounted,
    old: &Lasting<'_>,
    (before, after): (&DataIndex, &DataIndex),
    elsewhere: &Contents<'_>,
) -> Option<Loss> {
    let volume = &mount.volume;
    let now = after.volumes.get(volume)?;
    let own = old
        .databases
        .iter()
        .flat_map(|(folder, _)| old.index.files().filter(move |(path, _)| super::below(path, folder)));
    let files = old.files.iter().copied().chain(own);
    let hidden = files.filter(|(path, entry)| {
        entry.size > 0
            && now.entries.contains_key(*path)
            && sees(before, volume, path)
            && !sees(after, volume, path)
            && !elsewhere.hold(path, entry)
    });
    let paths: Vec<String> = hidden.map(|(path, _)| path.to_owned()).collect();
    let mut mounts = after.mounts.iter().filter(|mount| mount.volume == *volume);
    let by = mounts.find_map(|mount| covered_at(after, mount, paths.first()?))?.to_owned();
    Some(Loss::Hidden { mount: mount.clone(), by, paths })
}
