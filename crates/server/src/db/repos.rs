//! Repositories: which are looked after, and up to where their comments are known.

use super::DbError;
use crate::decide::welcome::Enrolment;
use cc_ci_forge::{Cursor, RepoName};
use rusqlite::{Connection, OptionalExtension, Row};

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repo {
    pub(crate) id: i64,
    /// The forge it is on, by its name in the settings.
    pub(crate) forge: String,
    pub(crate) name: RepoName,
    pub(crate) enrolment: Enrolment,
    pub(crate) cursor: Option<Cursor>,
    /// Comments that were written before are not ours, by the forge's clock.
    pub(crate) enrolled_at: i64,
    /// When its comments were last read.
    pub(crate) polled_at: Option<i64>,
    /// When the last command was seen in it.
    pub(crate) heard_at: Option<i64>,
    /// Since when it cannot be read, and why.
    pub(crate) failing: Option<(i64, String)>,
}

const COLUMNS: &str =
    "id, forge, owner, name, enrolled, cursor, enrolled_at, polled_at, heard_at, failing_since, failing_why";

fn read(row: &Row<'_>) -> Result<Repo, DbError> {
    let (owner, name): (String, String) = (row.get(2)?, row.get(3)?);
    let full = format!("{owner}/{name}");
    let cursor: Option<String> = row.get(5)?;
    let corrupt = |what: &str| DbError::Corrupt(format!("the {what} of `{full}`"));
    let failing: (Option<i64>, Option<String>) = (row.get(9)?, row.get(10)?);
    Ok(Repo {
        id: row.get(0)?,
        forge: row.get(1)?,
        name: full.parse().map_err(|_bad| corrupt("name"))?,
        enrolment: if row.get(4)? { Enrolment::Enrolled } else { Enrolment::Stranger },
        cursor: cursor.map(|text| text.parse()).transpose().map_err(|_bad| corrupt("cursor"))?,
        enrolled_at: row.get(6)?,
        polled_at: row.get(7)?,
        heard_at: row.get(8)?,
        failing: failing.0.zip(failing.1),
    })
}

/// All that are looked after, by name.
pub(crate) fn enrolled(db: &Connection) -> Result<Vec<Repo>, DbError> {
    let mut rows = db.prepare(&format!("SELECT {COLUMNS} FROM repo WHERE enrolled ORDER BY forge, owner, name"))?;
    let repos = rows.query_and_then([], read)?;
    repos.collect()
}

/// All that anything was heard of.
pub(crate) fn all(db: &Connection) -> Result<Vec<Repo>, DbError> {
    let mut rows = db.prepare(&format!("SELECT {COLUMNS} FROM repo ORDER BY forge, owner, name"))?;
    let repos = rows.query_and_then([], read)?;
    repos.collect()
}

/// One by its id.
pub(crate) fn get(db: &Connection, id: i64) -> Result<Repo, DbError> {
    let mut rows = db.prepare(&format!("SELECT {COLUMNS} FROM repo WHERE id = ?1"))?;
    let mut found = rows.query_and_then([id], read)?;
    found.next().unwrap_or_else(|| Err(DbError::Corrupt(format!("no repository {id}"))))
}

/// One by its name, if anything was ever heard of it.
pub(crate) fn find(db: &Connection, forge: &str, name: &RepoName) -> Result<Option<Repo>, DbError> {
    let sql = "SELECT id FROM repo WHERE forge = ?1 AND owner = ?2 AND name = ?3";
    let id: Option<i64> = db.query_row(sql, [forge, name.owner(), name.name()], |row| row.get(0)).optional()?;
    id.map(|id| get(db, id)).transpose()
}

/// Notes one that only a webhook named.
pub(crate) fn stranger(db: &Connection, forge: &str, name: &RepoName) -> Result<Repo, DbError> {
    let sql = "INSERT INTO repo (forge, owner, name, enrolled) VALUES (?1, ?2, ?3, 0) ON CONFLICT DO NOTHING";
    db.execute(sql, [forge, name.owner(), name.name()])?;
    find(db, forge, name)?.ok_or(DbError::Closed)
}

/// Looks after one from now on: `now` is the forge's clock. One that is looked after already keeps its cursor.
pub(crate) fn enrol(db: &Connection, forge: &str, name: &RepoName, now: Cursor) -> Result<(), DbError> {
    let repo = stranger(db, forge, name)?;
    let sql = "UPDATE repo SET enrolled = 1, cursor = ?2, enrolled_at = ?3 WHERE id = ?1 AND enrolled = 0";
    db.execute(sql, (repo.id, now.to_string(), now.time().seconds()))?;
    Ok(())
}

/// Notes that comments were read up to a time, and when it was enrolled, which a clock that was put back changes.
pub(crate) fn polled(db: &Connection, id: i64, (cursor, enrolled_at): (Cursor, i64), now: i64) -> Result<(), DbError> {
    let sql = "UPDATE repo SET cursor = ?2, enrolled_at = ?3, polled_at = ?4, failing_since = NULL, failing_why = NULL
        WHERE id = ?1";
    db.execute(sql, (id, cursor.to_string(), enrolled_at, now))?;
    Ok(())
}

/// Notes that comments could not be read.
pub(crate) fn failing(db: &Connection, id: i64, now: i64, why: &str) -> Result<(), DbError> {
    let sql = "UPDATE repo SET failing_since = coalesce(failing_since, ?2), failing_why = ?3 WHERE id = ?1";
    db.execute(sql, (id, now, why))?;
    Ok(())
}

/// Notes that a command was seen.
pub(crate) fn heard(db: &Connection, id: i64, now: i64) -> Result<(), DbError> {
    db.execute("UPDATE repo SET heard_at = ?2 WHERE id = ?1", (id, now))?;
    Ok(())
}
