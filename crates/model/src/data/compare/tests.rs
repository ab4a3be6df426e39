//! Volumes before and after, drawn as short texts.

use super::*;
use crate::data::EntryKind;
use proptest::prelude::*;
use std::fmt::Write;

/// `service:/target=volume path@size#digest ...`, one mount per line; a service without mounts stands alone.
fn index(text: &str) -> DataIndex {
    let mut index = DataIndex::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let head = words.next().unwrap();
        let Some((service, rest)) = head.split_once(':') else {
            index.services.insert(head.to_owned());
            continue;
        };
        let (target, volume) = rest.split_once('=').unwrap();
        index.services.insert(service.to_owned());
        index.mounts.insert(Mounted { service: service.into(), target: target.into(), volume: volume.into() });
        let entries = &mut index.volumes.entry(volume.to_owned()).or_default().entries;
        for word in words {
            let (path, size) = word.split_once('@').unwrap();
            let (size, digest) =
                size.split_once('#').map_or((size, None), |(size, digest)| (size, Some(digest.to_owned())));
            let digest = digest.or_else(|| Some(format!("{path}@{size}")));
            entries.insert(path.into(), file(size.parse().unwrap(), digest));
        }
    }
    index
}

fn file(size: u64, digest: Option<String>) -> Entry {
    Entry { kind: EntryKind::File, size, mode: 0o644, uid: 0, gid: 0, digest }
}

#[track_caller]
fn check(before: &str, after: &str, expected: &str) {
    let losses = compare(&index(before), &index(after), &Churn::default());
    let mut text = String::new();
    for loss in &losses {
        writeln!(text, "{:?} {}", loss.cause(), loss.summary()).unwrap();
        loss.details().iter().for_each(|line| writeln!(text, "  {line}").unwrap());
    }
    assert_eq!(text.trim(), expected.trim());
}

#[test]
fn the_same_data_and_more_is_no_loss() {
    check("app:/d=v a@5 b@0", "app:/d=v a@9 b@0 c@1", "");
}

#[test]
fn logs_and_caches_may_go() {
    check("app:/d=v a@5 cache/x@99999 logs/a.log@5 run.pid@3", "app:/d=v a@5", "");
}

#[test]
fn a_vanished_file_is_named() {
    check(
        "app:/d=v a@5 u/cat.png@7",
        "app:/d=v a@5",
        "VolumeShrunk app /d: 1 file vanished from volume v\n  u/cat.png",
    );
}

#[test]
fn a_renamed_file_did_not_vanish() {
    check("app:/d=v a@5 old/cat@7#cc", "app:/d=v a@5 new/cat@7#cc", "");
}

#[test]
fn a_file_that_became_empty_is_named() {
    check("app:/d=v a@5 b@1", "app:/d=v a@0 b@1", "VolumeShrunk app /d: 1 file of volume v became empty\n  a");
}

#[test]
fn an_emptied_volume_is_one_loss() {
    check("app:/d=v a@5 b@1", "app:/d=v cache/x@1", "VolumeShrunk app /d: volume v is empty, it held 2 files");
}

#[test]
fn a_volume_that_held_only_churn_or_markers_is_not_full() {
    check("app:/d=v cache/a@5 cc-ci-marker-upgrade-kept@30", "app:/d=w", "");
}

#[test]
fn a_volume_that_lost_most_of_its_bytes_shrank() {
    check("app:/d=v a@900000", "app:/d=v a@1000", "VolumeShrunk app /d: volume v shrank from 900000 to 1000 bytes");
    check("app:/d=v a@900", "app:/d=v a@10", "");
}

#[test]
fn a_new_empty_volume_in_the_old_place_is_a_replacement() {
    check("app:/d=v a@5", "app:/d=w", "VolumeReplaced app /d: volume v was replaced by w, which lacks 1 file\n  a");
    // Also when another service still mounts the old one.
    check(
        "app:/d=v a@5",
        "app:/d=w\nother:/o=v a@5",
        "VolumeReplaced app /d: volume v was replaced by w, which lacks 0 files",
    );
}

#[test]
fn a_volume_copied_under_a_new_name_is_no_loss() {
    check("app:/d=v a@5 b@6", "app:/d=w a@5 b@6 c@1", "");
}

#[test]
fn a_fresh_database_in_a_new_volume_is_a_replacement_although_it_is_full() {
    check(
        "db:/pg=v PG_VERSION@3 base/1/112@8192 base/5/1@9",
        "db:/pg=w PG_VERSION@3 base/1/112@8192",
        "VolumeReplaced db /pg: volume v was replaced by w, which lacks 1 file\n  base/5/1",
    );
}

#[test]
fn a_database_may_drop_files_but_not_half_of_itself() {
    check("db:/pg=v PG_VERSION@3 base/5/1@9000000", "db:/pg=v PG_VERSION@3 base/5/2@8000000", "");
    check("db:/pg=v PG_VERSION@3 base/5/1@9 pg_wal/1@90000000", "db:/pg=v PG_VERSION@3 base/5/1@9", "");
    check(
        "db:/pg=v PG_VERSION@3 base/5/1@9000000",
        "db:/pg=v PG_VERSION@3 base/5/1@80",
        "VolumeShrunk db /pg: volume v shrank from 9000003 to 83 bytes",
    );
    check(
        "db:/pg=v keep@1 data/PG_VERSION@3 data/base/5/1@9",
        "db:/pg=v keep@1",
        "VolumeShrunk db /pg: folder data of volume v is empty, it held 2 files",
    );
}

#[test]
fn a_volume_nobody_mounts_any_more_is_a_loss_only_while_its_service_lives() {
    check("app:/d=v a@5", "app", "VolumeReplaced app /d: volume v (1 file) is not mounted any more");
    check("app:/d=v a@5\nold:/o=w x@5", "app:/d=v a@5", "");
    // Moved to another target, the volume itself unchanged.
    check("app:/d=v a@5", "app:/e=v a@5", "");
}

#[test]
fn the_finding_leads_with_the_worst_loss() {
    let losses = compare(
        &index("app:/d=v a@5 b@1\ndb:/pg=w PG_VERSION@3 x@4"),
        &index("app:/d=v a@5\ndb:/pg=n"),
        &Churn::default(),
    );
    let finding = finding(&losses).unwrap();
    assert_eq!((finding.cause, finding.service.as_deref()), (Cause::VolumeReplaced, Some("db")));
    assert!(finding.details.iter().any(|line| line == "b"), "{:?}", finding.details);
    assert_eq!(super::finding(&[]), None);
}

prop_compose! {
    fn any_volume()(entries in prop::collection::btree_map(
        "(PG_VERSION|base|cache|a|b|\\\\xff)(/[a-c]{1,2}){0,2}", (0_u64..4_000_000, any::<bool>()), 0..12,
    )) -> VolumeIndex {
        let entries = entries.into_iter().map(|(path, (size, known))| {
            let digest = known.then(|| format!("{size}"));
            (path, file(size, digest))
        });
        VolumeIndex { entries: entries.collect() }
    }
}

prop_compose! {
    fn any_index()(
        volumes in prop::collection::btree_map("[v-z]", any_volume(), 0..4),
        mounts in prop::collection::btree_map(("[a-c]", "/[d-f]"), "[v-z]", 0..6),
    ) -> DataIndex {
        DataIndex {
            services: mounts.keys().map(|(service, _)| service.clone()).collect(),
            mounts: mounts
                .into_iter()
                .map(|((service, target), volume)| Mounted { service, target, volume })
                .collect(),
            volumes,
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_between_two_equal_looks(index in any_index()) {
        prop_assert_eq!(compare(&index, &index, &Churn::default()), vec![]);
    }
}
