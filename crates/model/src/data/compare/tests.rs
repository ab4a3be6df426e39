//! Volumes before and after, drawn as short texts.

use super::*;
use crate::data::churn::Churn;
use crate::data::content::{Content, Form};
use crate::outcome::Cause;
use proptest::prelude::*;
use std::fmt::Write;

/// `service:/target=volume path@size#digest ...`, one mount per line; a service without mounts stands alone. The digest is also the
/// content's sample. A volume with `!` is mounted read-only. `service+/path` is a path at which something else is mounted.
fn index(text: &str) -> DataIndex {
    let mut index = DataIndex::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let head = words.next().unwrap();
        if let Some((service, path)) = head.split_once('+') {
            index.covers.entry(service.to_owned()).or_default().insert(path.to_owned());
            continue;
        }
        let Some((service, rest)) = head.split_once(':') else {
            index.services.insert(head.to_owned());
            continue;
        };
        let (target, volume) = rest.split_once('=').unwrap();
        let (volume, read_only) = volume.strip_suffix('!').map_or((volume, false), |volume| (volume, true));
        index.services.insert(service.to_owned());
        index.covers.entry(service.to_owned()).or_default().insert(target.to_owned());
        let mounted = Mounted { service: service.into(), target: target.into(), volume: volume.into() };
        if read_only {
            index.read_only.insert(mounted.clone());
        }
        index.mounts.insert(mounted);
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
    let content = digest.map(|digest| {
        let form = if digest.starts_with("sqlite") { Form::Sqlite } else { Form::Binary };
        Content { form, sample: digest.clone().into_bytes(), digest }
    });
    Entry { kind: EntryKind::File, size, mode: 0o644, uid: 0, gid: 0, content }
}

fn losses(before: &str, after: &str, programs: &[&str]) -> Vec<Loss> {
    let programs = programs.iter().map(|digest| (*digest).to_owned()).collect();
    compare(&index(before), &index(after), Allowed { churn: &Churn::default(), programs: &programs })
}

#[track_caller]
fn check(before: &str, after: &str, expected: &str) {
    check_with(before, after, &[], expected);
}

#[track_caller]
fn check_with(before: &str, after: &str, programs: &[&str], expected: &str) {
    let mut text = String::new();
    for loss in losses(before, after, programs) {
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
fn a_volume_that_nobody_can_write_to_any_more_is_named() {
    let lost =
        "DataLost app /d: volume v (1 file) is mounted read-only everywhere: nobody can change what was written there";
    check("app:/d=v a@5", "app:/d=v! a@5", lost);
    check("app:/d=v a@5\nweb:/d=v!", "app:/d=v! a@5\nweb:/d=v!", lost);
}

#[test]
fn memory_in_the_old_place_of_a_volume_is_named() {
    let lost = "DataLost app /d: something that is no volume is mounted there, in place of volume v (2 files), which app has elsewhere now";
    check("app:/d=v a@5 b@5", "app:/old=v a@5 b@5\napp+/d", lost);
    check("app:/d/=v a@5 b@5", "app:/old=v a@5 b@5\napp+/d", &lost.replace("/d:", "/d/:"));
    // Where nothing or a volume is, where another service has it, and where somebody still has it as it was, it may be well.
    check("app:/d=v a@5 b@5", "app:/old=v a@5 b@5\napp+/d/tmp", "");
    check("app:/d=v a@5 b@5", "app:/old=v a@5 b@5\napp:/d=w a@5 b@5", "");
    check("app:/d=v a@5 b@5", "files:/d=v a@5 b@5\napp\napp+/d", "");
    check("app:/d=v a@5 b@5\nweb:/d=v", "app:/d=v a@5 b@5\nweb\nweb+/d", "");
    check("app:/d=v cache/a@5", "app:/old=v cache/a@5\napp+/d", "");
}

#[test]
fn another_volume_with_files_of_its_own_in_the_old_place_is_named() {
    let lost = |by: &str| format!("VolumeReplaced app /d: volume v was replaced by {by}, which lacks 1 file\n  a");
    check("app:/d=v a@5", "app:/old=v a@5\napp:/d=w b@5", &lost("w"));
    check("app:/d=v a@5", "app:/old=v a@5\napp:/d=w a@5#other", &lost("w"));
    let swapped = format!("{}\nVolumeReplaced app /e: volume w was replaced by v, which lacks 1 file\n  b", lost("w"));
    check("app:/d=v a@5\napp:/e=w b@5", "app:/d=w b@5\napp:/e=v a@5", &swapped);
    check("app:/d=v a@5 set@5", "app:/old=v a@5 set@5\napp:/d=w a@5#other set@5", &lost("w"));
    // What was copied, most of it or all, what is below its old place, what another service has, and rows, which are counted.
    check("app:/d=v a@5 b@5 c@5", "app:/old=v a@5 b@5 c@5\napp:/d=w new/a@5#a@5 b@5", "");
    check("app:/d=v a@5", "app:/d/old=v a@5\napp:/d=w b@5", "");
    check("app:/d=v a@5", "files:/old=v a@5\napp:/d=w b@5", "");
    check("app:/d=v a@512#sqlite1", "app:/old=v a@512#sqlite1\napp:/d=w a@512#sqlite2", "");
}

#[test]
fn a_volume_that_somebody_writes_to_may_be_read_only_for_others() {
    check("app:/d=v a@5\nweb:/d=v", "app:/d=v a@5\nweb:/d=v!", "");
    check("app:/d=v! a@5", "app:/d=v! a@5", "");
    check("app:/d=v cache/a@5", "app:/d=v! cache/a@5", "");
    check_with("app:/d=v a@5#core", "app:/d=v! a@5#core", &["core"], "");
}

#[test]
fn files_with_another_content_are_told() {
    let told = |before: &str, after: &str| {
        let churn = Churn::default();
        rewritten(&index(before), &index(after), Allowed::only(&churn)).unwrap_or_default()
    };
    assert_eq!(
        told("app:/d=v a@5 b@5 c@5", "app:/d=v a@5 b@5 c@5#set"),
        "1 of 3 files in volumes holds other content than at base: c"
    );
    assert_eq!(
        told("app:/d=v a@5 b@5 c@5 d@5 e@5", "app:/d=v a@6 b@5#1 c@5#2 d@5#3 e@5"),
        "4 of 5 files in volumes hold other content than at base: a, b, c and 1 more"
    );
    assert_eq!(told("app:/d=v a@5 x.log@5 s@512#sqlite1", "app:/d=v a@5 x.log@9 s@512#sqlite2 new@1"), "");
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
fn a_file_that_was_thrown_away_vanished() {
    let said = "VolumeShrunk app /d: 1 file vanished from volume v\n  u/cat";
    check("app:/d=v a@5 u/cat@7#cc", "app:/d=v a@5 .trash/cat@7#cc", said);
    check("app:/d=v a@5 u/cat@7#cc", "app:/d=v a@5 u/deleted/cat@7#cc", said);
    check("app:/d=v a@5 .trash/cat@7#cc", "app:/d=v a@5 .trash/cat@7#cc", "");
}

#[test]
fn a_file_that_became_empty_is_named() {
    let cut = |bytes: &str| {
        format!(
            "VolumeShrunk app /d: file a of volume v was cut from {bytes}\n  a: {}",
            bytes.replace(" bytes to ", " bytes became ")
        )
    };
    check("app:/d=v a@5 b@1", "app:/d=v a@0 b@1", &cut("5 bytes to 0"));
    check("app:/d=v a@9000 b@1", "app:/d=v a@1 b@1", &cut("9000 bytes to 1"));
    check("app:/d=v a@9000#rotated b@1", "app:/d=v a@1 a.1@9000#rotated b@1", "");
    check("app:/d=v a@9000 b@1", "app:/d=v a@8000 b@1", "");
    check("app:/d=v a@9000#sqlite1 b@1", "app:/d=v a@1024#sqlite2 b@1", "");
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
    check(
        "app:/d=v a@900000",
        "app:/d=v a@1000",
        "VolumeShrunk app /d: volume v shrank from 900000 to 1000 bytes\n\
         VolumeShrunk app /d: file a of volume v was cut from 900000 bytes to 1000\n  a: 900000 bytes became 1000",
    );
    check("app:/d=v a@900", "app:/d=v a@700", "");
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
    let losses = losses("app:/d=v a@5 b@1\ndb:/pg=w PG_VERSION@3 x@4", "app:/d=v a@5\ndb:/pg=n", &[]);
    let finding = finding(&losses).unwrap();
    assert_eq!((finding.cause, finding.service.as_deref()), (Cause::VolumeReplaced, Some("db")));
    assert!(finding.details.iter().any(|line| line == "b"), "{:?}", finding.details);
    assert_eq!(super::finding(&[]), None);
}

const PHOTO: &str = "#0123456789abcdef";
const OTHER: &str = "#ghijklmnopqrstuv";
const EDITED: &str = "#0123456789abcdeX";

#[test]
fn a_volume_whose_files_hold_other_content_lost_its_content() {
    let volume = |one: &str, two: &str, three: &str| format!("app:/d=v a@90{one} b@90{two} c@90{three}");
    let before = volume(PHOTO, PHOTO, PHOTO);
    let lost = |count: usize, paths: &str| {
        format!("DataLost app /d: {count} files of 3 in volume v hold another content than before\n{paths}")
    };
    check(&before, &volume(OTHER, OTHER, OTHER), &lost(3, "  a\n  b\n  c"));
    check(
        "app:/d=v a@90#0123456789abcdef b@1 c@1",
        "app:/d=v a@90#ghijklmnopqrstuv b@1 c@1",
        &lost(1, "  a").replace("files of", "file of"),
    );
    // An edit leaves most bytes as they were, and one file of three is none of most.
    check(&before, &volume(EDITED, EDITED, EDITED), "");
    check("app:/d=v a@90#0123456789abcdef b@90 c@90", "app:/d=v a@90#ghijklmnopqrstuv b@90 c@90", "");
    // The content is there under another name, or the file is too small to tell.
    check("app:/d=v a@90#0123456789abcdef", "app:/d=v a@90#ghijklmnopqrstuv a.1@90#0123456789abcdef", "");
    check("app:/d=v a@20#0123456789abcdef", "app:/d=v a@20#ghijklmnopqrstuv", "");
    // An index that the app makes anew has another size.
    check("app:/d=v a@90#0123456789abcdef", "app:/d=v a@80#ghijklmnopqrstuv", "");
}

#[test]
fn a_file_that_was_renamed_and_edited_did_not_vanish() {
    let before = "app:/d=v keep@5 core/index-1.php@90#0123456789abcdef";
    check(before, "app:/d=v keep@5 core/index-2.php@92#0123456789abcdeX", "");
    let lost = "VolumeShrunk app /d: 1 file vanished from volume v\n  core/index-1.php";
    check(before, "app:/d=v keep@5 core/index-2.php@92#ghijklmnopqrstuv", lost);
    check(before, "app:/d=v keep@5 core/index-2.html@92#0123456789abcdeX", lost);
}

#[test]
fn a_new_file_stands_for_one_vanished_file_only() {
    check(
        "app:/d=v keep@5 a.php@90#0123456789abcdef b.php@90#0123456789abcdeg",
        "app:/d=v keep@5 c.php@90#0123456789abcdeX",
        "VolumeShrunk app /d: 1 file vanished from volume v\n  b.php",
    );
}

#[test]
fn files_of_the_program_may_be_replaced_and_dropped() {
    let before = "app:/d=v users/cat@90#cat core/a.php@90000#a1 core/b.php@9000#b1";
    check_with(before, "app:/d=v users/cat@90#cat core/a.php@200#a2", &["a1", "b1"], "");
    check_with(
        before,
        "app:/d=v core/a.php@200#a2",
        &["a1", "b1"],
        "VolumeShrunk app /d: 1 file vanished from volume v\n  users/cat",
    );
    check_with("app:/d=v core/a.php@9#a1", "app:/d=w", &["a1"], "");
}

#[test]
fn what_something_else_is_mounted_over_is_hidden() {
    let before = "app:/d=v a@5 up/cat@7 up/dog@7";
    let hidden = "DataLost app /d: 2 files of volume v cannot be seen any more: something else is mounted at /d/up\n  up/cat\n  up/dog";
    check(before, "app:/d=v a@5 up/cat@7 up/dog@7\napp+/d/up", hidden);
    check(before, "app:/d=v a@5 up/cat@7 up/dog@7\napp:/d/up=w", hidden);
    // The new volume holds the same, or another service still sees them, or nothing is below that path.
    check(before, "app:/d=v a@5 up/cat@7 up/dog@7\napp:/d/up=w cat@7#up/cat@7 dog@7#up/dog@7", "");
    check(before, "app:/d=v a@5 up/cat@7 up/dog@7\napp+/d/up\nworker:/w=v", "");
    check(before, "app:/d=v a@5 up/cat@7 up/dog@7\napp+/d/upper\napp+/d/tmp", "");
    // It was so before.
    check("app:/d=v a@5 up/cat@7\napp+/d/up", "app:/d=v a@5 up/cat@7\napp+/d/up", "");
}

#[test]
fn a_service_that_was_renamed_with_its_volume_left_its_data_behind() {
    check(
        "uploads:/data=u cat@90000\napp",
        "media:/data=m\napp",
        "VolumeReplaced uploads /data: volume u (1 file, 90000 bytes) is mounted by nothing any more; media has the new volume m there",
    );
    // Copied over; still mounted by the new service; another program with a folder of its own; only dropped.
    check("uploads:/data=u cat@9\napp", "media:/data=m cat@9\napp", "");
    check("uploads:/data=u cat@9\napp", "media:/data=u cat@9\napp", "");
    check("search:/es=u cat@9\napp", "meili:/meili_data=m\napp", "");
    check("uploads:/data=u cat@9\napp", "app", "");
}

prop_compose! {
    fn any_volume()(entries in prop::collection::btree_map(
        "(PG_VERSION|base|cache|a|b|\\\\xff)(/[a-c]{1,2}){0,2}", (0_u64..4_000_000, any::<bool>()), 0..12,
    )) -> VolumeIndex {
        let entries = entries.into_iter().map(|(path, (size, known))| {
            let digest = known.then(|| format!("{size}"));
            (path, file(size, digest))
        });
        VolumeIndex { root: None, entries: entries.collect() }
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
            ..DataIndex::default()
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_between_two_equal_looks(index in any_index()) {
        let programs = BTreeSet::new();
        let allowed = Allowed { churn: &Churn::default(), programs: &programs };
        prop_assert_eq!(compare(&index, &index, allowed), vec![]);
    }
}
