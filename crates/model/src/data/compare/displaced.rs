//! Data that a service still has, at another path than before, while something that is no volume takes its old place.

use super::lasting::Lasting;
use super::loss::Loss;
use crate::data::{DataIndex, Mounted};

/// A volume that its services mount elsewhere now. Memory at the old path is where a program that was not told so goes on.
pub(super) fn from(mounts: &[&Mounted], old: &Lasting<'_>, after: &DataIndex) -> Option<Loss> {
    let volume = &mounts.first()?.volume;
    let had = |mount: &Mounted| mounts.iter().any(|old| old.service == mount.service);
    let mut now = after.mounts.iter().filter(|mount| mount.volume == *volume).peekable();
    now.peek()?;
    // One that went to another service may be served from there, and one that is where it was is no matter of this.
    if !now.all(|mount| had(mount) && !mounts.contains(&mount)) {
        return None;
    }
    let is_covered = |mount: &&&Mounted| {
        let path = |target: &str| target.trim_end_matches('/').to_owned();
        let covers = after.covers.get(&mount.service);
        let volumes =
            after.mounts.iter().any(|now| now.service == mount.service && path(&now.target) == path(&mount.target));
        !volumes && covers.is_some_and(|covers| covers.iter().any(|cover| path(cover) == path(&mount.target)))
    };
    let mount = (*mounts.iter().find(is_covered)?).clone();
    Some(Loss::Displaced { mount, files: old.count() })
}
