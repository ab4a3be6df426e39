//! Snapshots that lack something.

use super::*;
use crate::backup::dump::DumpState;
use crate::data::DatabaseServer;
use crate::data::MarkerPhase;
use crate::data::SqlLogin;
use crate::data::files::Folder;
use crate::data::redis;
use crate::data::sqlite::SqliteFile;
use cc_ci_model::data::dumped::DumpedDatabase;
use cc_ci_model::data::rows::{Counted, Server};
use cc_ci_model::data::{Entry, Mounted, VolumeIndex};
use std::collections::{BTreeMap, BTreeSet};

const VALUE: &str = "0123456789abcdef";

fn taken(paths: &[&str], files: &[(&str, u64)]) -> Snapshot {
    let entries = files.iter().map(|(path, size)| {
        let entry = Entry { kind: EntryKind::File, size: *size, mode: 0o644, uid: 0, gid: 0, content: None };
        ((*path).to_owned(), entry)
    });
    Snapshot {
        id: "1".into(),
        promises: paths.iter().map(|path| Promise { volume: "v".into(), path: (*path).into() }).collect(),
        index: [("v".to_owned(), VolumeIndex { root: None, entries: entries.collect() })].into(),
        mounts: [Mounted { service: "db".into(), target: "/data".into(), volume: "v".into() }].into(),
        moving: BTreeSet::new(),
        size: (0, 0),
        attempts: 1,
    }
}

fn nodes(files: &[(&str, u64)]) -> BTreeMap<String, Node> {
    let root = [("/volumes/v".to_owned(), Node { path: "/volumes/v".into(), kind: "dir".into(), size: 0 })];
    let files = files.iter().map(|(path, size)| {
        let path = format!("/volumes/v/{path}");
        (path.clone(), Node { path, kind: "file".into(), size: *size })
    });
    root.into_iter().chain(files).collect()
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{:?} {}", finding.cause, finding.summary)).collect()
}

#[test]
fn everything_there_is_nothing_to_report() {
    let snapshot = taken(&[""], &[("a", 3), ("cache/x", 9)]);
    assert_eq!(contents(&snapshot, &nodes(&[("a", 4)]), &Churn::default(), &BTreeSet::new()), []);
}

#[test]
fn a_promised_path_that_is_absent_is_named_as_the_recipe_knows_it() {
    let snapshot = taken(&["backup.sql"], &[]);
    let findings = contents(&snapshot, &nodes(&[]), &Churn::default(), &BTreeSet::new());
    assert_eq!(
        texts(&findings),
        ["BackupIncomplete db:/data/backup.sql: promised in the backup, but not in the snapshot"]
    );
}

#[test]
fn files_that_were_left_out_or_saved_empty_are_listed() {
    let snapshot = taken(&[""], &[("a", 3), ("b", 3), ("c", 3)]);
    let findings = contents(&snapshot, &nodes(&[("a", 3), ("b", 0)]), &Churn::default(), &BTreeSet::new());
    assert_eq!(findings[0].summary, "db:/data: 2 of its files are not in the snapshot");
    assert_eq!(findings[0].details, ["b (empty)", "c"]);
}

#[test]
fn what_the_app_took_away_meanwhile_is_not_missing_and_what_is_still_there_is() {
    let snapshot = taken(&[""], &[("a", 3), ("queue/job-9", 3), ("cache/x", 9), ("backup.sql.gz", 3), ("b", 3)]);
    let saved = nodes(&[("b", 0)]);
    let listing = Listing(saved.clone());
    let absent = listing.absent(&snapshot, &Churn::default());
    let named = |path: &str| ("v".to_owned(), path.to_owned());
    // What was saved empty is there, and a dump does not go by itself.
    assert_eq!(absent, BTreeSet::from([named("a"), named("queue/job-9")]));
    let findings = contents(&snapshot, &saved, &Churn::default(), &BTreeSet::from([named("queue/job-9")]));
    assert_eq!(findings[0].details, ["a", "b (empty)"]);
}

#[test]
fn a_database_folder_is_compared_by_its_bulk() {
    let snapshot = taken(&[""], &[("PG_VERSION", 3), ("base/5/1", 900), ("base/5/2", 900)]);
    assert_eq!(
        contents(&snapshot, &nodes(&[("PG_VERSION", 3), ("base/5/1", 950)]), &Churn::default(), &BTreeSet::new()),
        []
    );
    assert_eq!(
        texts(&contents(&snapshot, &nodes(&[("PG_VERSION", 3)]), &Churn::default(), &BTreeSet::new())),
        ["BackupIncomplete db:/data: the database's files hold 1803 bytes, the snapshot 3"]
    );
}

#[test]
fn a_marker_file_must_be_there_with_its_size() {
    let folder = Folder { service: "db".into(), target: "/data".into(), path: String::new(), volume: "v".into() };
    let seeded = Seeded::known(MarkerPhase::Backup, VALUE, vec![MarkerPlace::Folder(folder)]);
    let snapshot = taken(&[""], &[]);
    let one = ("cc-ci-marker-backup.one", 16);
    let both = nodes(&[one, ("cc-ci-marker-backup.two", 16)]);
    assert_eq!(marker_files(&snapshot, &both, &seeded), []);
    assert_eq!(
        texts(&marker_files(&snapshot, &nodes(&[one]), &seeded)),
        ["BackupIncomplete db:/data: the seeded file cc-ci-marker-backup.two is not there"]
    );
}

#[test]
fn a_dump_without_the_seeded_row_is_stale() {
    let seeded = Seeded::known(
        MarkerPhase::Backup,
        VALUE,
        vec![MarkerPlace::Server(DatabaseServer::Postgres(SqlLogin::of("db")))],
    );
    let snapshot = taken(&["backup.sql"], &[]);
    let dump = |marked| Dump {
        path: "/volumes/v/backup.sql".into(),
        state: DumpState::Complete,
        marked,
        kind: None,
        held: Vec::new(),
    };
    assert_eq!(marker_rows(&snapshot, &nodes(&[]), &[dump(true)], &seeded), []);
    // No dump at all: the database is saved by its files, and only a restore can tell.
    assert_eq!(marker_rows(&snapshot, &nodes(&[]), &[], &seeded), []);
    let finding = &marker_rows(&snapshot, &nodes(&[]), &[dump(false)], &seeded)[0];
    assert_eq!(
        finding.summary,
        "what was seeded in the PostgreSQL database of db is not in its dump db:/data/backup.sql"
    );
}

#[test]
fn a_databases_own_file_is_no_dump_of_it() {
    let file =
        SqliteFile { service: "db".into(), target: "/data".into(), path: "app.sqlite".into(), volume: "v".into() };
    let seeded = Seeded::known(MarkerPhase::Backup, VALUE, vec![MarkerPlace::Sqlite(file)]);
    let snapshot = taken(&[""], &[]);
    let dump = |name: &str| Dump {
        path: format!("/volumes/v/{name}"),
        state: DumpState::Complete,
        marked: false,
        kind: None,
        held: Vec::new(),
    };
    let found = |dumps: &[Dump]| texts(&marker_rows(&snapshot, &nodes(&[]), dumps, &seeded));
    assert_eq!(found(&[dump("app.sqlite")]), Vec::<String>::new());
    let stale =
        "BackupIncomplete what was seeded in SQLite file db:/data/app.sqlite is not in its dump db:/data/backup.sqlite";
    assert_eq!(found(&[dump("app.sqlite"), dump("backup.sqlite")]), [stale]);
}

#[test]
fn a_redis_that_logs_every_change_needs_no_fresh_dump() {
    let seeded = Seeded::known(
        MarkerPhase::Backup,
        VALUE,
        vec![MarkerPlace::Server(DatabaseServer::Redis(redis::RedisLogin::of("db")))],
    );
    let snapshot = taken(&[""], &[]);
    let dumps = [Dump {
        path: "/volumes/v/dump.rdb".into(),
        state: DumpState::Complete,
        marked: false,
        kind: None,
        held: Vec::new(),
    }];
    let stale = "BackupIncomplete what was seeded in the Redis database of db is not in its dump db:/data/dump.rdb";
    assert_eq!(texts(&marker_rows(&snapshot, &nodes(&[]), &dumps, &seeded)), [stale]);
    let logged = nodes(&[("appendonlydir/appendonly.aof.manifest", 9)]);
    assert_eq!(marker_rows(&snapshot, &logged, &dumps, &seeded), []);
}

#[test]
fn several_findings_become_one_with_all_details() {
    let finding = |text: &str| Finding::new(Cause::BackupIncomplete, text).with_details(vec![format!("{text}-1")]);
    let merged = merged(vec![finding("a"), finding("b")]).unwrap();
    assert_eq!((merged.summary.as_str(), merged.details), ("a", ["a-1", "b", "b-1"].map(str::to_owned).to_vec()));
    assert_eq!(super::merged(vec![]), None);
}

#[test]
fn a_dump_without_the_rows_of_a_table_is_named_unless_the_restore_has_to_tell() {
    let place = MarkerPlace::Server(DatabaseServer::Postgres(SqlLogin::of("db")));
    let seeded = Seeded::known(MarkerPhase::Backup, VALUE, vec![place.clone()]);
    let tables = |rows| [("photos".to_owned(), rows)].into();
    let server = Server {
        service: "db".into(),
        counted: Counted::Rows,
        databases: [("app".to_owned(), tables(7))].into(),
        filled: BTreeMap::new(),
        objects: BTreeMap::new(),
        used: BTreeSet::new(),
    };
    let rows = RowCounts { servers: [(counting::name(&place), server)].into(), ..RowCounts::default() };
    let expected = SnapshotDue { rows, ..SnapshotDue::of(&seeded) };
    let dump = |kind, rows| Dump {
        path: "/volumes/v/backup.sql".into(),
        state: DumpState::Complete,
        marked: true,
        kind,
        held: vec![DumpedDatabase { database: None, tables: tables(rows) }],
    };
    let snapshot = taken(&[""], &[]);
    let said = |files: &[(&str, u64)], dump: Dump| texts(&rows_of_dumps(&snapshot, &nodes(files), &[dump], &expected));
    assert_eq!(
        said(&[], dump(Some(DumpKind::Postgres), 0)),
        ["BackupIncomplete PostgreSQL of db: photos of database app had 7 rows before the backup, its dump has 0"]
    );
    assert_eq!(said(&[], dump(Some(DumpKind::Postgres), 8)), [""; 0]);
    assert_eq!(said(&[], dump(None, 0)), [""; 0]);
    assert_eq!(said(&[], dump(Some(DumpKind::Mysql), 0)), [""; 0]);
    assert_eq!(said(&[("PG_VERSION", 3)], dump(Some(DumpKind::Postgres), 0)), [""; 0]);
}

#[test]
fn a_sqlite_file_that_was_written_while_it_was_copied_is_named_unless_a_dump_holds_its_rows() {
    let seeded = Seeded::known(MarkerPhase::Backup, VALUE, vec![]);
    let expected = SnapshotDue::of(&seeded);
    let path = "/volumes/v/app.db".to_owned();
    let snapshot = Snapshot { moving: [path].into(), ..taken(&[""], &[]) };
    let dump = |marked| Dump {
        path: "/volumes/v/copy.sqlite".into(),
        state: DumpState::Complete,
        marked,
        kind: None,
        held: Vec::new(),
    };
    let said = |files: &[(&str, u64)], dump: Dump| texts(&moving(&snapshot, &nodes(files), &[dump], &expected));
    assert_eq!(
        said(&[("app.db", 1)], dump(false)),
        ["BackupIncomplete the SQLite file db:/data/app.db was written while it was copied as a file"]
    );
    assert_eq!(said(&[("app.db", 1)], dump(true)), [""; 0]);
    assert_eq!(said(&[("other", 1)], dump(false)), [""; 0]);
}
