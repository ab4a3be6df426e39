//! Reads database dumps back out of a snapshot and tells complete ones from empty and cut-off ones (BAK-2).

use cc_ci_model::data::dumped::DumpedDatabase;
use cc_ci_model::data::rows::Tables;
use cc_ci_model::outcome::{Cause, Finding};
use serde::Deserialize;
use std::time::Duration;

use super::restic::BackupRepository;
use crate::exec::{ExecCommand, Overflow};
use crate::workbench::{WorkError, Workbench};

/// File name endings that make a file a dump.
const ENDINGS: [&str; 15] = [
    ".sql",
    ".sql.gz",
    ".sql.zst",
    ".sql.xz",
    ".sql.bz2",
    ".dump",
    ".dump.gz",
    ".pgdump",
    ".pg_dump",
    ".rdb",
    ".rdb.gz",
    ".sqlite",
    ".sqlite.gz",
    ".sqlite3",
    ".sqlite3.gz",
];

/// The program's answer names every table.
const ANSWER_CAP: usize = 16 << 20;

/// At most this many dumps are read back.
pub(crate) const MOST: usize = 50;

/// Whether a path names a dump.
pub(crate) fn is_dump(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// What a dump was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dump {
    pub(crate) path: String,
    pub(crate) state: DumpState,
    /// Whether the marker's value stands in it.
    pub(crate) marked: bool,
    /// Whose it is, where its rows can be counted.
    pub(crate) kind: Option<DumpKind>,
    /// What it holds.
    pub(crate) held: Vec<DumpedDatabase>,
}

/// Which kind of server a dump is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DumpKind {
    Postgres,
    Mysql,
    Sqlite,
}

/// Whether a dump can be trusted to hold everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DumpState {
    /// It ends as its program ends a dump.
    Complete,
    /// It is not empty and reads well, but nothing in it says where it should end.
    Plain,
    /// It is packed in a way the bench cannot unpack, so its inside is not known.
    Packed,
    /// It unpacks to more than 4 GiB, and was not read to its end.
    Large,
    /// It holds nothing.
    Empty,
    /// Its packing breaks off or its end mark is missing.
    Cut,
    /// It is whole pages, yet SQLite finds them malformed: copied while they changed.
    Malformed,
    /// The snapshot could not give it back.
    Unreadable,
}

/// Reads the dumps and judges them (see its own description).
const PROGRAM: &str = include_str!("dumps.py");

/// One line of the program's answer.
#[derive(Deserialize)]
struct Said {
    state: DumpState,
    marked: bool,
    kind: Option<DumpKind>,
    #[serde(default)]
    held: Vec<Held>,
}

#[derive(Deserialize)]
struct Held {
    database: Option<String>,
    tables: Tables,
}

/// Reads each of `paths` out of the snapshot. `value` is looked for in each.
pub(crate) async fn read(
    bench: &Workbench,
    repository: &BackupRepository,
    snapshot: &str,
    paths: Vec<String>,
    value: &str,
    limit: Duration,
) -> Result<Vec<Dump>, WorkError> {
    let what = "read the dumps of the snapshot";
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let words = ["python3", "-I", "-S", "-c", PROGRAM, "dumps", snapshot, value].map(str::to_owned).into_iter();
    let command = ExecCommand::new(words.chain(paths.iter().cloned())).limit(limit).cap(ANSWER_CAP, Overflow::Stop);
    let text = bench.must(what, &repository.unlock(command)).await?.text();
    let mut lines = text.lines();
    let answers = paths.into_iter().map(|path| {
        let line = lines.next().unwrap_or_default();
        let wrong =
            |error| WorkError::Answer { what: what.to_owned(), text: format!("{error} in `{line}` for {path}") };
        let Said { state, marked, kind, held } = serde_json::from_str(line).map_err(wrong)?;
        let held = held.into_iter().map(|Held { database, tables }| DumpedDatabase { database, tables }).collect();
        Ok(Dump { path, state, marked, kind, held })
    });
    answers.collect()
}

/// What is wrong with a dump by itself. `shown` is its path as the recipe knows it.
pub(crate) fn finding(dump: &Dump, shown: &str, service: &str) -> Option<Finding> {
    let (cause, what) = match dump.state {
        DumpState::Complete | DumpState::Plain | DumpState::Packed => return None,
        DumpState::Empty => (Cause::DumpTruncated, "is empty"),
        DumpState::Cut => (Cause::DumpTruncated, "breaks off: its end is missing"),
        DumpState::Malformed => (Cause::DumpTruncated, "is malformed: SQLite cannot read all of it"),
        DumpState::Large => (Cause::BackupIncomplete, "unpacks to more than 4 GiB, so nobody read what it holds"),
        DumpState::Unreadable => (Cause::BackupIncomplete, "cannot be read back from the snapshot"),
    };
    Some(Finding::new(cause, format!("the dump {shown} {what}")).of_service(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_known_by_their_names() {
        for dump in
            ["/v/backup.sql", "/v/a/Backup.SQL.gz", "/v/x.dump", "/v/x.pgdump", "/v/dump.rdb", "/v/a.sqlite3.gz"]
        {
            assert!(is_dump(dump), "{dump}");
        }
        for other in
            ["/v/backup.sql.part", "/v/sql", "/v/base/1/sql", "/v/mysql/x.ibd", "/v/app.sqlite-wal", "/v/thumbs.db"]
        {
            assert!(!is_dump(other), "{other}");
        }
    }

    #[test]
    fn an_empty_or_cut_dump_is_a_finding_of_its_service() {
        let dump = |state| Dump { path: "/volumes/v/a.sql".into(), state, marked: false, kind: None, held: Vec::new() };
        let found = finding(&dump(DumpState::Cut), "db:/data/a.sql", "db").unwrap();
        assert_eq!((found.cause, found.service.as_deref()), (Cause::DumpTruncated, Some("db")));
        assert_eq!(found.summary, "the dump db:/data/a.sql breaks off: its end is missing");
        assert_eq!(finding(&dump(DumpState::Complete), "", ""), None);
    }
}
