//! Reports: what a forge should show in the end, however often it was away. Not a list of messages.

use super::DbError;
use cc_ci_forge::{CommentId, CommitSha};
use rusqlite::{Connection, Row};

/// Where a report stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A comment that answers another one.
    Comment {
        /// The request that it answers.
        request: i64,
        /// Ours, once that is known.
        own: Option<CommentId>,
    },
    /// A status of a commit in a context.
    Status {
        /// Which commit.
        sha: CommitSha,
        /// Whose status it is.
        context: String,
    },
}

/// A report that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) id: i64,
    pub(crate) repo: i64,
    pub(crate) pr: u64,
    pub(crate) target: Target,
    /// The text of the comment, or the status as JSON.
    pub(crate) body: String,
    pub(crate) revision: i64,
    /// How often it was tried since it last went well.
    pub(crate) tries: u32,
    /// Since when it is due.
    pub(crate) since: i64,
}

fn write(
    db: &Connection,
    kind: &str,
    key: &str,
    place: (i64, u64, Option<&str>),
    body: &str,
    now: i64,
) -> Result<(), DbError> {
    let (repo, pr, sha) = place;
    let pr = i64::try_from(pr).unwrap_or(0);
    // What says the same is not sent again: each edit is kept by the forge and told to everybody.
    let sql = "INSERT INTO report (kind, key, repo, pr, sha, body, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, revision = revision + 1,
            since = CASE WHEN sent = revision THEN excluded.since ELSE since END
        WHERE body != excluded.body";
    db.execute(sql, (kind, key, repo, pr, sha, body, now))?;
    Ok(())
}

/// Says what the comment that answers a request should hold.
pub(crate) fn comment(db: &Connection, request: i64, repo: i64, pr: u64, body: &str, now: i64) -> Result<(), DbError> {
    write(db, "comment", &request.to_string(), (repo, pr, None), body, now)
}

/// Says what the status of a commit in a context should be.
pub(crate) fn status(
    db: &Connection,
    (repo, pr, sha): (i64, u64, &CommitSha),
    context: &str,
    body: &str,
    now: i64,
) -> Result<(), DbError> {
    write(db, "status", &format!("{repo} {sha} {context}"), (repo, pr, Some(sha.as_str())), body, now)
}

fn read(row: &Row<'_>) -> Result<Report, DbError> {
    let (kind, key, sha): (String, String, Option<String>) = (row.get(1)?, row.get(2)?, row.get(5)?);
    let own: Option<String> = row.get(8)?;
    let corrupt = || DbError::Corrupt(format!("the {kind} `{key}`"));
    let target = match (kind.as_str(), sha) {
        ("comment", _) => Target::Comment {
            request: key.parse().map_err(|_bad| corrupt())?,
            own: own.map(|own| own.parse()).transpose().map_err(|_bad| corrupt())?,
        },
        ("status", Some(sha)) => Target::Status {
            sha: sha.parse().map_err(|_bad| corrupt())?,
            context: key.rsplit(' ').next().unwrap_or_default().to_owned(),
        },
        _ => return Err(corrupt()),
    };
    let pr: i64 = row.get(4)?;
    Ok(Report {
        id: row.get(0)?,
        repo: row.get(3)?,
        pr: u64::try_from(pr).unwrap_or(0),
        target,
        body: row.get(6)?,
        revision: row.get(7)?,
        tries: row.get(9)?,
        since: row.get(10)?,
    })
}

/// What is due on one forge, the oldest first. Nothing is put off for longer than `longest`: a later time was noted by a clock that
/// was put back since.
pub(crate) fn due(db: &Connection, forge: &str, now: i64, longest: i64) -> Result<Vec<Report>, DbError> {
    let sql = "SELECT report.id, kind, key, repo, pr, sha, body, revision, forge_id, tries, since FROM report
        JOIN repo ON repo.id = report.repo
        WHERE revision > sent AND undeliverable IS NULL AND (next_try <= ?2 OR next_try > ?3)
            AND repo.forge = ?1 ORDER BY report.id";
    let mut rows = db.prepare(sql)?;
    let reports = rows.query_and_then((forge, now, now.saturating_add(longest)), read)?;
    reports.collect()
}

/// Notes that it is about to be tried: whoever comes after a crash looks first.
pub(crate) fn trying(db: &Connection, id: i64) -> Result<(), DbError> {
    db.execute("UPDATE report SET tries = tries + 1 WHERE id = ?1", [id])?;
    Ok(())
}

/// Notes which comment is ours.
pub(crate) fn known(db: &Connection, id: i64, own: &CommentId) -> Result<(), DbError> {
    db.execute("UPDATE report SET forge_id = ?2 WHERE id = ?1", (id, own.as_str()))?;
    Ok(())
}

/// Notes that a revision stands there.
pub(crate) fn sent(db: &Connection, id: i64, revision: i64) -> Result<(), DbError> {
    db.execute("UPDATE report SET sent = max(sent, ?2), tries = 0, next_try = 0 WHERE id = ?1", (id, revision))?;
    Ok(())
}

/// Notes when to try again.
pub(crate) fn later(db: &Connection, id: i64, at: i64) -> Result<(), DbError> {
    db.execute("UPDATE report SET next_try = ?2 WHERE id = ?1", (id, at))?;
    Ok(())
}

/// Gives a report up.
pub(crate) fn give_up(db: &Connection, id: i64, why: &str) -> Result<(), DbError> {
    db.execute("UPDATE report SET undeliverable = ?2 WHERE id = ?1", (id, why))?;
    Ok(())
}

/// How many are still to be delivered.
pub(crate) fn pending(db: &Connection) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM report WHERE revision > sent AND undeliverable IS NULL";
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::{comment, due, later};
    use crate::db::{repos, schema};
    use rusqlite::Connection;

    #[test]
    fn a_report_is_not_put_off_for_ever_by_a_clock_that_was_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let mut db = Connection::open(&path).unwrap();
        schema::migrate(&mut db, &path).unwrap();
        let repo = repos::stranger(&db, "main", &"recipes/ghost".parse().unwrap()).unwrap().id;
        comment(&db, 1, repo, 7, "text", 1_000_000).unwrap();
        let is_due = |now: i64| due(&db, "main", now, 375).unwrap().len() == 1;
        assert!(is_due(1_000_000));
        later(&db, due(&db, "main", 1_000_000, 375).unwrap()[0].id, 1_000_300).unwrap();
        assert!(!is_due(1_000_000) && is_due(1_000_300));
        assert!(is_due(1_000_300 - 2 * 86_400), "no wait is as long as that");
    }
}
