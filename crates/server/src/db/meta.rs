//! What concerns the server as a whole: whether it starts runs, what a person has to see to, and what an operator did.

use super::DbError;
use cc_ci_web::board::Intake;
use rusqlite::{Connection, OptionalExtension};

/// What a person has to see to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) key: String,
    pub(crate) since: i64,
    pub(crate) text: String,
}

fn value(db: &Connection, key: &str) -> Result<Option<String>, DbError> {
    Ok(db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

fn set(db: &Connection, key: &str, value: &str) -> Result<(), DbError> {
    db.execute(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )?;
    Ok(())
}

/// Whether runs are started.
pub(crate) fn intake(db: &Connection) -> Result<Intake, DbError> {
    match value(db, "intake")?.as_deref() {
        None | Some("open") => Ok(Intake::Open),
        Some("paused") => Ok(Intake::Paused),
        Some("draining") => Ok(Intake::Draining),
        Some(other) => Err(DbError::Corrupt(format!("the intake `{other}`"))),
    }
}

/// Changes that.
pub(crate) fn set_intake(db: &Connection, intake: Intake) -> Result<(), DbError> {
    let word = match intake {
        Intake::Open => "open",
        Intake::Paused => "paused",
        Intake::Draining => "draining",
    };
    set(db, "intake", word)
}

/// A server that begins drains no more; one that was paused stays so.
pub(crate) fn reopen(db: &rusqlite::Transaction<'_>) -> Result<(), DbError> {
    db.execute("UPDATE meta SET value = 'open' WHERE key = 'intake' AND value = 'draining'", [])?;
    Ok(())
}

/// When a run may look for a swarm again, after one found none.
pub(crate) fn swarm_again(db: &Connection) -> Result<i64, DbError> {
    Ok(value(db, "swarm-again")?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Sets that.
pub(crate) fn set_swarm_again(db: &Connection, at: i64) -> Result<(), DbError> {
    set(db, "swarm-again", &at.to_string())
}

/// Tells a person, once for as long as it lasts.
pub(crate) fn raise(db: &Connection, key: &str, now: i64, text: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO alert VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET text = excluded.text";
    db.execute(sql, (key, now, text))?;
    Ok(())
}

/// It is over.
pub(crate) fn resolve(db: &Connection, key: &str) -> Result<(), DbError> {
    db.execute("DELETE FROM alert WHERE key = ?1", [key])?;
    Ok(())
}

/// All of them, the oldest first.
pub(crate) fn alerts(db: &Connection) -> Result<Vec<Alert>, DbError> {
    let mut rows = db.prepare("SELECT key, since, text FROM alert ORDER BY since, key")?;
    let alerts = rows.query_map([], |row| Ok(Alert { key: row.get(0)?, since: row.get(1)?, text: row.get(2)? }))?;
    Ok(alerts.collect::<Result<_, _>>()?)
}

/// Notes what an operator did.
pub(crate) fn audit(db: &Connection, now: i64, what: &str) -> Result<(), DbError> {
    db.execute("INSERT INTO audit VALUES (?1, ?2)", (now, what))?;
    Ok(())
}
