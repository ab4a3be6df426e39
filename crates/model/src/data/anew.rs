//! An app that begins anew: it keeps its files at a path where base had a volume and where head has none, and the files of base lie in
//! that volume, where the app does not look any more.

use super::churn::Churn;
use super::outside::Written;
use super::path::inside;
use super::{DataIndex, EntryKind, Mounted};
use crate::outcome::{Cause, Finding};
use std::collections::BTreeSet;

/// At most this many files are named.
const NAMED: usize = 5;

/// The places at which services of head have nothing, and had a volume at base.
#[must_use]
pub fn bare<'a>(before: &'a DataIndex, after: &BTreeSet<Mounted>) -> Vec<&'a Mounted> {
    let is_kept = |mount: &Mounted| {
        after.iter().any(|now| now.service == mount.service && inside(&mount.target, &now.target).is_some())
    };
    before.mounts.iter().filter(|mount| !is_kept(mount)).collect()
}

/// What head wrote there into its containers, where base's volume has a file of the same name.
#[must_use]
pub fn findings(bare: &[&Mounted], before: &DataIndex, written: &Written, churn: &Churn) -> Vec<Finding> {
    let found = bare.iter().filter_map(|mount| {
        let volume = before.volumes.get(&mount.volume)?;
        let is_of_base = |path: &&String| {
            let Some(inside) = inside(path, &mount.target) else { return false };
            let known = volume.entries.get(inside).is_some_and(|entry| entry.kind == EntryKind::File && entry.size > 0);
            known && !churn.covers(inside)
        };
        let again: Vec<&String> = written.get(&mount.service)?.iter().filter(is_of_base).collect();
        let first = again.first()?;
        let Mounted { service, target, volume } = mount;
        let summary = format!(
            "{service} begins anew: it writes {first} into its container; base had volume {volume} at {target}, where head mounts \
             nothing"
        );
        let names = again.iter().take(NAMED).map(|path| (*path).clone()).collect();
        Some(Finding::new(Cause::DataLost, summary).of_service(service).with_details(names))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Entry, VolumeIndex};
    use std::collections::BTreeMap;

    fn mounted(service: &str, target: &str, volume: &str) -> Mounted {
        Mounted { service: service.to_owned(), target: target.to_owned(), volume: volume.to_owned() }
    }

    fn base() -> DataIndex {
        let file = |size| Entry { kind: EntryKind::File, size, mode: 0o644, uid: 0, gid: 0, content: None };
        let entries = BTreeMap::from([
            ("settings.ini".to_owned(), file(9)),
            ("cache/page".to_owned(), file(9)),
            ("lock".to_owned(), file(0)),
        ]);
        let volumes = BTreeMap::from([("s_data".to_owned(), VolumeIndex { root: None, entries })]);
        DataIndex { mounts: BTreeSet::from([mounted("app", "/data", "s_data")]), volumes, ..DataIndex::default() }
    }

    fn said(after: &[Mounted], files: &[&str]) -> Option<String> {
        let (base, after) = (base(), after.iter().cloned().collect());
        let files = files.iter().map(|path| (*path).to_owned()).collect();
        let written = Written::from([("app".to_owned(), files)]);
        let found = findings(&bare(&base, &after), &base, &written, &Churn::with(&["cache".to_owned()]));
        found.into_iter().next().map(|one| one.summary)
    }

    #[test]
    fn a_file_that_base_kept_in_a_volume_and_head_writes_into_its_container_is_begun_anew() {
        let elsewhere = [mounted("app", "/srv/data", "s_data"), mounted("web", "/data", "s_data")];
        let expected = "app begins anew: it writes /data/settings.ini into its container; base had volume s_data at /data, where head \
                        mounts nothing";
        assert_eq!(said(&elsewhere, &["/data/settings.ini"]).as_deref(), Some(expected));
        assert_eq!(said(&[], &["/data/other", "/data/settings.ini"]).as_deref(), Some(expected));
    }

    #[test]
    fn what_is_mounted_there_or_is_not_of_base_is_not() {
        for after in
            [mounted("app", "/data", "s_data"), mounted("app", "/data/", "s_new"), mounted("app", "/", "s_new")]
        {
            assert_eq!(said(&[after], &["/data/settings.ini"]), None);
        }
        let files = ["/data/other", "/data/cache/page", "/data/lock", "/database/settings.ini", "/srv/settings.ini"];
        assert_eq!(said(&[], &files), None);
    }
}
