//! Data in a volume that could be written to, and that every service mounts read-only now.

use super::lasting::Lasting;
use super::loss::Loss;
use crate::data::{DataIndex, Mounted};

/// Whether some service can write to a volume.
fn is_writable(look: &DataIndex, volume: &str) -> bool {
    look.mounts.iter().any(|mount| mount.volume == volume && !look.read_only.contains(mount))
}

/// A volume with files that somebody wrote while it could be written to. What only came with an image is no such file.
pub(super) fn up(mount: &Mounted, old: &Lasting<'_>, (before, after): (&DataIndex, &DataIndex)) -> Option<Loss> {
    let locked = is_writable(before, &mount.volume) && !is_writable(after, &mount.volume);
    locked.then(|| Loss::Locked { mount: mount.clone(), files: old.count() })
}
