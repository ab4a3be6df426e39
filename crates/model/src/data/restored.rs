//! Whether a restore brought back what the volumes held when the backup was taken (DATA-4).

use super::churn::Churn;
use super::compare::loss::{counted, first};
use super::path::is_in;
use super::{Entry, EntryKind, Mounted, VolumeIndex, is_marker};
use crate::outcome::{Cause, Finding};
use std::collections::{BTreeMap, BTreeSet};

/// Volumes by full name.
pub type Volumes = BTreeMap<String, VolumeIndex>;

/// Which of the two restores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over the running app: what no backup holds is still there.
    InPlace,
    /// Onto empty volumes: what no backup holds was made anew by the app.
    OntoEmpty,
}

/// What the volumes held before, and what the backup promises of it.
#[derive(Debug, Clone, Copy)]
pub struct BeforeRestore<'a> {
    /// Before the backup's hooks ran.
    pub settled: &'a Volumes,
    /// Just before the restore: what differs from `settled` is changed by the app itself, and says nothing.
    pub later: &'a Volumes,
    /// Where services mount the volumes.
    pub mounts: &'a BTreeSet<Mounted>,
    /// Promised folders and files by volume, `""` for all of it.
    pub promises: &'a [(String, String)],
    /// What base's backup promises, in the same way: onto empty volumes that has to come back whatever head's promises.
    pub of_base: &'a [(String, String)],
}

/// What is not as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    Missing,
    Content,
    Owner,
    Mode,
}

/// One finding for everything that a restore did not bring back as it was; `None` when there is nothing.
#[must_use]
pub fn finding(kept: BeforeRestore<'_>, now: &Volumes, way: Way, churn: &Churn) -> Option<Finding> {
    let mut found: BTreeMap<Difference, Vec<Line<'_>>> = BTreeMap::new();
    for (volume, settled) in kept.settled {
        let (Some(later), Some(now)) = (kept.later.get(volume), now.get(volume)) else { continue };
        let in_one_of = |promises: &[(String, String)], path: &str| {
            promises.iter().any(|(of, folder)| of == volume && is_in(path, folder))
        };
        let promised =
            |path: &str| in_one_of(kept.promises, path) || (way == Way::OntoEmpty && in_one_of(kept.of_base, path));
        let in_part = kept.promises.iter().any(|(of, _)| of == volume);
        let databases = settled.database_folders();
        for (path, entry) in &settled.entries {
            if is_marker(path) || churn.covers(path) || databases.iter().any(|folder| is_in(path, folder)) {
                continue;
            }
            // What is promised has to be back. What a hook may have had to do with can only be watched in place.
            let asked = promised(path) || (in_part && way == Way::InPlace);
            let Some(later) = later.entries.get(path).filter(|_| asked) else { continue };
            for difference in differences(entry, later, now.entries.get(path), promised(path)) {
                let dropped = !in_one_of(kept.promises, path) && promised(path);
                let line = Line { volume, path, entry, now: now.entries.get(path), dropped };
                found.entry(difference).or_default().push(line);
            }
        }
    }
    let (difference, lines) = found.first_key_value()?;
    let summary = summary(*difference, lines, kept.mounts);
    let details = found.iter().flat_map(|(difference, lines)| first(lines.iter().map(|line| line.text(*difference))));
    let finding = Finding::new(Cause::RestoreIncomplete, summary).with_details(details.collect());
    let mount = kept.mounts.iter().find(|mount| mount.volume == *lines[0].volume);
    Some(match mount {
        Some(mount) => finding.of_service(&mount.service),
        None => finding,
    })
}

fn differences(entry: &Entry, later: &Entry, now: Option<&Entry>, promised: bool) -> Vec<Difference> {
    let Some(now) = now else {
        // No backup holds a socket: whoever listens there makes it.
        let kept = promised && entry.kind != EntryKind::Socket && entry.kind == later.kind;
        return kept.then_some(Difference::Missing).into_iter().collect();
    };
    let mut found = Vec::new();
    let steady = holds(entry, later) && !entry.is_counted();
    if steady && !holds(entry, now) {
        found.push(Difference::Content);
    }
    if (entry.uid, entry.gid) == (later.uid, later.gid) && (entry.uid, entry.gid) != (now.uid, now.gid) {
        found.push(Difference::Owner);
    }
    if entry.mode == later.mode && entry.mode != now.mode && entry.kind != EntryKind::Link {
        found.push(Difference::Mode);
    }
    found
}

/// Whether both hold the same. A content that was not read both times is compared by its size.
fn holds(one: &Entry, two: &Entry) -> bool {
    let digests = one.digest().zip(two.digest());
    one.kind == two.kind && one.size == two.size && digests.is_none_or(|(one, two)| one == two)
}

struct Line<'a> {
    volume: &'a String,
    path: &'a String,
    entry: &'a Entry,
    now: Option<&'a Entry>,
    /// Only base's backup holds it.
    dropped: bool,
}

impl Line<'_> {
    fn text(&self, difference: Difference) -> String {
        let Self { path, entry, .. } = self;
        match (difference, self.now) {
            (Difference::Missing, _) | (_, None) => format!("{path} is not there"),
            (Difference::Content, Some(now)) if now.size == entry.size => format!("{path} holds other content"),
            (Difference::Content, Some(now)) => {
                format!("{path} holds other content: {} bytes, it was {}", now.size, entry.size)
            }
            (Difference::Owner, Some(now)) => {
                format!("{path} belongs to {}:{}, it was {}:{}", now.uid, now.gid, entry.uid, entry.gid)
            }
            (Difference::Mode, Some(now)) => format!("{path} has mode {:04o}, it was {:04o}", now.mode, entry.mode),
        }
    }
}

fn summary(difference: Difference, lines: &[Line<'_>], mounts: &BTreeSet<Mounted>) -> String {
    let at = mounts.iter().find(|mount| lines.first().is_some_and(|line| *line.volume == mount.volume));
    let at = at.map_or_else(String::new, |mount| format!("{} {}: ", mount.service, mount.target));
    let text = match lines {
        [line] => line.text(difference),
        lines => {
            let what = match difference {
                Difference::Missing => "are not there",
                Difference::Content => "hold other content",
                Difference::Owner => "have another owner",
                Difference::Mode => "have another mode",
            };
            format!("{} {what}", counted(lines.len(), "path"))
        }
    };
    let of = if lines.iter().all(|line| line.dropped) {
        "base's backup holds, and head's leaves out"
    } else {
        "the backup was taken of"
    };
    format!("{at}the restore did not bring back what {of}: {text}")
}

#[cfg(test)]
mod tests;
