//! Files that head gave another content. It may be a migration or a default in place of what somebody set: only people can tell.

use super::lasting::Lasting;
use crate::data::allowed::Allowed;
use crate::data::{DataIndex, EntryKind};

/// At most this many are named.
const NAMED: usize = 3;

/// How many lasting files hold another content under their old name, of how many, and which; `None` where all hold what they held.
#[must_use]
pub fn rewritten(before: &DataIndex, after: &DataIndex, allowed: Allowed<'_>) -> Option<String> {
    let (mut all, mut other) = (0, Vec::new());
    for (volume, old) in &before.volumes {
        let Some(new) = after.volumes.get(volume) else { continue };
        for (path, entry) in Lasting::of(old, allowed).files.into_iter().filter(|(_, entry)| !entry.is_counted()) {
            all += 1;
            let now = new.entries.get(path).filter(|now| now.kind == EntryKind::File);
            let Some((was, is)) = now.and_then(|now| entry.digest().zip(now.digest())) else { continue };
            if was != is {
                other.push(path);
            }
        }
    }
    let named = other.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = match other.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match other.len() {
        0 => None,
        1 => Some(format!("1 of {all} files in volumes holds other content than at base: {named}")),
        count => Some(format!("{count} of {all} files in volumes hold other content than at base: {named}{more}")),
    }
}
