//! The tables, and how an older file becomes one of today.

use super::DbError;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use std::path::Path;

/// One step for each form that was ever released; none is changed afterwards.
const STEPS: [&str; 1] = ["
CREATE TABLE repo (
    id INTEGER PRIMARY KEY, forge TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
    enrolled INTEGER NOT NULL,
    cursor TEXT, enrolled_at INTEGER NOT NULL DEFAULT 0,
    polled_at INTEGER, heard_at INTEGER, failing_since INTEGER, failing_why TEXT,
    UNIQUE (forge, owner, name)
) STRICT;
CREATE TABLE job (
    id INTEGER PRIMARY KEY, repo INTEGER NOT NULL REFERENCES repo, pr INTEGER NOT NULL,
    sha TEXT NOT NULL, wish TEXT NOT NULL, lane TEXT NOT NULL, state TEXT NOT NULL, waits TEXT NOT NULL,
    queued_at INTEGER NOT NULL, ended_at INTEGER, ended TEXT, note TEXT, ended_by TEXT, signalled_at INTEGER
) STRICT;
CREATE TABLE request (
    id INTEGER PRIMARY KEY, repo INTEGER NOT NULL REFERENCES repo, comment_id TEXT NOT NULL,
    pr INTEGER NOT NULL, author_id TEXT NOT NULL, author TEXT NOT NULL, command TEXT NOT NULL, via TEXT NOT NULL,
    written_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
    state TEXT NOT NULL, answer TEXT, job INTEGER REFERENCES job,
    UNIQUE (repo, comment_id)
) STRICT;
CREATE INDEX request_job ON request (job);
CREATE INDEX request_state ON request (state);
CREATE TABLE attempt (
    job INTEGER NOT NULL REFERENCES job, n INTEGER NOT NULL, run TEXT NOT NULL UNIQUE, boot TEXT NOT NULL,
    began_at INTEGER NOT NULL, began_up INTEGER NOT NULL, ended_at INTEGER, ended TEXT,
    PRIMARY KEY (job, n)
) STRICT;
CREATE TABLE report (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, repo INTEGER NOT NULL REFERENCES repo,
    pr INTEGER NOT NULL, sha TEXT, body TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1, sent INTEGER NOT NULL DEFAULT 0, forge_id TEXT,
    tries INTEGER NOT NULL DEFAULT 0, next_try INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL, undeliverable TEXT,
    UNIQUE (kind, key)
) STRICT;
CREATE TABLE alert (key TEXT PRIMARY KEY, since INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE audit (at INTEGER NOT NULL, what TEXT NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"];

/// Brings a file to today's form. Before an older one is changed, a copy of it is put beside it.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), DbError> {
    bring(connection, path, &STEPS)
}

/// Whether a file has a form that this program knows.
pub(super) fn known(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let has: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let today = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    match has {
        0 => Err(DbError::Corrupt("no table of a server".to_owned())),
        newer if newer > today => Err(DbError::Newer(path.to_owned())),
        _ => Ok(()),
    }
}

fn bring(connection: &mut Connection, path: &Path, steps: &[&'static str]) -> Result<(), DbError> {
    let failed = |why: String| DbError::Migration { path: path.to_owned(), why };
    let has: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let today = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if has > today {
        return Err(DbError::Newer(path.to_owned()));
    }
    if (1..today).contains(&has) {
        let mut copy = path.as_os_str().to_owned();
        copy.push(format!(".before-{today}"));
        if !Path::new(&copy).exists() {
            let copy = copy.to_str().ok_or_else(|| failed("its path is no text".to_owned()))?.to_owned();
            connection.execute("VACUUM INTO ?1", [copy])?;
        }
    }
    let steps = Migrations::new(steps.iter().copied().map(M::up).collect());
    steps.to_latest(connection).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{STEPS, bring, migrate};
    use crate::db::DbError;
    use rusqlite::Connection;

    #[test]
    fn a_file_of_a_newer_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let mut connection = Connection::open(&path).unwrap();
        migrate(&mut connection, &path).unwrap();
        migrate(&mut connection, &path).unwrap();
        connection.pragma_update(None, "user_version", 1000).unwrap();
        let refused = migrate(&mut connection, &path).unwrap_err();
        assert!(matches!(refused, DbError::Newer(_)), "{refused}");
    }

    #[test]
    fn before_an_older_file_is_changed_a_copy_is_put_beside_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let mut connection = Connection::open(&path).unwrap();
        migrate(&mut connection, &path).unwrap();
        connection.execute("INSERT INTO meta VALUES ('kept', 'yes')", []).unwrap();
        let copy = folder.path().join("server.db.before-2");
        assert!(!copy.exists());
        // A step that fails changes nothing, and the copy is there.
        bring(&mut connection, &path, &[STEPS[0], "CREATE TABLE meta (again TEXT)"]).unwrap_err();
        assert_eq!(kept(&connection), "yes");
        assert_eq!(kept(&Connection::open(&copy).unwrap()), "yes");
        connection.execute("UPDATE meta SET value = 'changed' WHERE key = 'kept'", []).unwrap();
        bring(&mut connection, &path, &[STEPS[0], "CREATE TABLE more (one TEXT)"]).unwrap();
        assert_eq!(kept(&connection), "changed");
        connection.execute("INSERT INTO more VALUES ('row')", []).unwrap();
        assert_eq!(kept(&Connection::open(&copy).unwrap()), "yes", "the copy is of before the first try");
        // The program of before does not touch it any more, and can use the copy.
        assert!(matches!(migrate(&mut connection, &path), Err(DbError::Newer(_))));
        migrate(&mut Connection::open(&copy).unwrap(), &copy).unwrap();
    }

    fn kept(connection: &Connection) -> String {
        connection.query_row("SELECT value FROM meta WHERE key = 'kept'", [], |row| row.get(0)).unwrap()
    }
}
