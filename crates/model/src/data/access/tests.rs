//! Owners and modes before and after, and whom they keep out.

use super::*;
use crate::data::churn::Churn;

/// `uid` or `uid+gid`, several apart by `,`.
fn users(text: &str) -> BTreeMap<String, BTreeSet<User>> {
    let one = |word: &str| {
        let (uid, gid) = word.split_once('+').unwrap_or((word, word));
        User { uid: uid.parse().unwrap(), gids: [gid.parse().unwrap()].into() }
    };
    [("app".to_owned(), text.split(',').map(one).collect())].into()
}

/// `path:owner:mode`, a folder with `/` at its end, the volume's own folder `/`.
fn look(who: &str, entries: &str) -> DataIndex {
    let mut index = VolumeIndex::default();
    for word in entries.split_whitespace() {
        let mut parts = word.split(':');
        let path = parts.next().unwrap();
        let uid = parts.next().unwrap().parse().unwrap();
        let mode = u32::from_str_radix(parts.next().unwrap(), 8).unwrap();
        let kind = if path.ends_with('/') { EntryKind::Folder } else { EntryKind::File };
        let entry = Entry { kind, size: 9, mode, uid, gid: uid, content: None };
        match path.trim_end_matches('/') {
            "" => index.root = Some(entry),
            path => drop(index.entries.insert(path.to_owned(), entry)),
        }
    }
    DataIndex {
        services: ["app".to_owned()].into(),
        mounts: [Mounted { service: "app".into(), target: "/d".into(), volume: "v".into() }].into(),
        users: users(who),
        volumes: [("v".to_owned(), index)].into(),
        ..DataIndex::default()
    }
}

#[track_caller]
fn check(before: (&str, &str), after: (&str, &str), expected: &str) {
    let churn = Churn::default();
    let losses = compare(&look(before.0, before.1), &look(after.0, after.1), Allowed::only(&churn));
    let text: Vec<String> = losses.iter().map(|loss| format!("{} {:?}", loss.summary(), loss.paths)).collect();
    assert_eq!(text.join("\n"), expected);
}

const ROOTS: &str = "/:0:755 notes:0:644";

#[test]
fn a_service_that_runs_as_another_user_cannot_write_what_root_could() {
    check(
        ("0", ROOTS),
        ("1500", ROOTS),
        "app /d: user 1500 cannot write 2 paths of volume v, which user 0 could [\"the volume's own folder\", \"notes\"]",
    );
    // It was given the files.
    check(("0", ROOTS), ("1500", "/:1500:755 notes:1500:644"), "");
    // It is in the files' group.
    check(("0", ROOTS), ("1500+0", "/:0:775 notes:0:664"), "");
}

#[test]
fn files_that_were_given_away_or_locked_are_named() {
    let own = "/:1000:755 a:1000:600 b:1000:600";
    check(
        ("1000", own),
        ("1000", "/:1000:755 a:0:600 b:1000:600"),
        "app /d: user 1000 cannot read 1 path of volume v, which before it could [\"a\"]",
    );
    check(
        ("1000", own),
        ("1000", "/:0:700 a:1000:600 b:1000:600"),
        "app /d: user 1000 cannot read 3 paths of volume v, which before it could [\"the volume's own folder\", \"a\", \"b\"]",
    );
    check(("1000", "/:1000:755 u/:1000:755 u/a:1000:600"), ("1000", "/:1000:755 u/:1000:755 u/a:1000:600"), "");
}

#[test]
fn whoever_runs_as_root_can_do_everything() {
    check(("0", ROOTS), ("0", "/:0:0 notes:5:0"), "");
    check(("0", ROOTS), ("0,33", ROOTS), "");
    check(("0,33", ROOTS), ("0", "/:0:700 notes:0:600"), "");
}

#[test]
fn a_worker_beside_root_is_asked_for_itself() {
    let own = "/:33:755 a:33:644 b:33:644 key:33:600";
    check(("0,33", own), ("0,33", "/:33:755 a:33:644 b:33:644 key:0:600"), "");
    check(
        ("0,33", own),
        ("0,82", own),
        "app /d: user 82 cannot write 4 paths of volume v, which user 33 could [\"the volume's own folder\", \"a\", \"b\", \"key\"]",
    );
    check(("0,33", own), ("0,82", "/:82:755 a:82:644 b:82:644 key:82:600"), "");
}

#[test]
fn a_file_may_be_protected_from_its_own_user() {
    let before = "/:1000:755 a:1000:644 b:1000:644 key:1000:600";
    check(("1000", before), ("1000", "/:1000:755 a:1000:644 b:1000:644 key:1000:400"), "");
    check(
        ("1000", before),
        ("1000", "/:1000:555 a:1000:444 b:1000:444 key:1000:400"),
        "app /d: user 1000 cannot write 4 paths of volume v, which before it could [\"the volume's own folder\", \"a\", \"b\", \"key\"]",
    );
}

#[test]
fn files_that_came_or_went_are_another_matter() {
    check(("1000", "/:1000:755 a:1000:644"), ("1000", "/:1000:755 new:0:600"), "");
    check(("1000", "/:1000:755 cache/x:1000:644"), ("1000", "/:1000:755 cache/x:0:600"), "");
}
