//! Volumes before a backup and after a restore, drawn as short texts.

use super::*;
use crate::data::content::{Content, Form};

/// `path@size#digest:uid:mode`, one entry per word; a path that ends with `/` is a folder, one with `=` a socket.
fn volumes(text: &str) -> Volumes {
    let entries = text.split_whitespace().map(|word| {
        let (path, facts) = word.split_once('@').unwrap();
        let mut facts = facts.split(':');
        let (size, digest) = facts.next().unwrap().split_once('#').unwrap();
        let uid = facts.next().map_or(0, |uid| uid.parse().unwrap());
        let mode = facts.next().map_or(0o644, |mode| u32::from_str_radix(mode, 8).unwrap());
        let kind = match path.chars().last() {
            Some('/') => EntryKind::Folder,
            Some('=') => EntryKind::Socket,
            _ => EntryKind::File,
        };
        let form = if digest == "sqlite" || size == "512" { Form::Sqlite } else { Form::Binary };
        let content =
            (kind == EntryKind::File).then(|| Content { digest: digest.to_owned(), form, sample: Vec::new() });
        let entry = Entry { kind, size: size.parse().unwrap(), mode, uid, gid: uid, content };
        (path.trim_end_matches(['/', '=']).to_owned(), entry)
    });
    [("v".to_owned(), VolumeIndex { root: None, entries: entries.collect() })].into()
}

#[track_caller]
fn check_all(looks: [&str; 3], promise: &str, way: Way, expected: &str) {
    let mounts = [Mounted { service: "app".into(), target: "/d".into(), volume: "v".into() }].into();
    let [settled, later, now] = looks.map(volumes);
    let promises = [("v".to_owned(), promise.to_owned())];
    let of_base = [("v".to_owned(), "both".to_owned())];
    let kept =
        BeforeRestore { settled: &settled, later: &later, mounts: &mounts, promises: &promises, of_base: &of_base };
    let found = finding(kept, &now, way, &Churn::default());
    let text = found.map_or_else(String::new, |finding| {
        finding.summary.replace("app /d: the restore did not bring back what the backup was taken of: ", "")
    });
    assert_eq!(text, expected);
}

#[track_caller]
fn check(before: &str, now: &str, expected: &str) {
    check_all([before, before, now], "", Way::InPlace, expected);
    check_all([before, before, now], "", Way::OntoEmpty, expected);
}

#[test]
fn what_is_as_it_was_is_no_finding() {
    check("a@5#x:7 u/@0#:7:755", "a@5#x:7 u/@0#:7:755 new@3#y", "");
}

#[test]
fn another_content_owner_or_mode_is_named() {
    check("a@5#x", "a@5#y", "a holds other content");
    check("a@5#x", "a@4#y", "a holds other content: 4 bytes, it was 5");
    check("a@5#x:1000", "a@5#x:0", "a belongs to 0:0, it was 1000:1000");
    check("a@5#x:0:600", "a@5#x:0:644", "a has mode 0644, it was 0600");
    check("a@5#x b@1#y", "", "2 paths are not there");
    check("u/@0#:7:700", "u/@0#:7:755", "u has mode 0755, it was 0700");
}

#[test]
fn what_the_app_changes_itself_says_nothing() {
    check_all(["beat@5#1", "beat@5#2", "beat@5#3"], "", Way::InPlace, "");
    check_all(["q@5#1", "", ""], "", Way::InPlace, "");
    check("cache/a@5#1 app.pid@3#1 x-wal@9#1", "cache/a@5#2", "");
}

#[test]
fn a_database_is_compared_by_its_rows_and_its_owner() {
    check("app.db@512#1:7", "app.db@512#2:7", "");
    check("app.db@512#1:7", "app.db@512#2:0", "app.db belongs to 0:0, it was 7:7");
    check("pg/PG_VERSION@3#1 pg/base/1@9#1", "pg/PG_VERSION@3#1 pg/base/1@9#2", "");
}

#[test]
fn a_dump_of_the_hooks_was_not_there_before_and_may_go() {
    check_all(["a@5#x", "a@5#x dump.gz@9#1", "a@5#x"], "", Way::InPlace, "");
}

#[test]
fn a_socket_is_made_by_who_listens() {
    check("ctl=@0#", "", "");
}

#[test]
fn what_base_promised_has_to_be_there_on_a_fresh_host() {
    let looks = ["both/a@5#x dump/d@1#1 c@2#x", "both/a@5#x dump/d@1#1 c@2#x", "both/a@5#y dump/d@1#1 c@2#y"];
    let lost = "app /d: the restore did not bring back what base's backup holds, and head's leaves out: ";
    check_all(looks, "dump", Way::OntoEmpty, &format!("{lost}both/a holds other content"));
    let looks = ["both/a@5#x dump/d@1#1", "both/a@5#x dump/d@1#1", "dump/d@1#1"];
    check_all(looks, "dump", Way::OntoEmpty, &format!("{lost}both/a is not there"));
    check_all(looks, "dump", Way::InPlace, "");
    let looks = ["both/a@5#x dump/d@1#1", "both/a@5#x2 dump/d@1#1", "both/a@5#x3 dump/d@1#1"];
    check_all(looks, "dump", Way::OntoEmpty, "");
}

#[test]
fn what_is_not_promised_is_watched_only_where_it_was_left_in_place() {
    let looks = ["a@5#x:7 dump/d@1#1", "a@5#x:7 dump/d@1#1", "a@5#y:0 dump/d@1#1"];
    check_all(looks, "dump", Way::InPlace, "a holds other content");
    check_all(looks, "dump", Way::OntoEmpty, "");
    check_all(["a@5#x", "a@5#x", ""], "dump", Way::InPlace, "");
}
