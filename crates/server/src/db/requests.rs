//! Requests: one row for each comment that was ever seen, so that only its first sight counts.

use super::{DbError, count};
use crate::command::Command;
use crate::decide::limits::Load;
use rusqlite::{Connection, Row};

/// What came of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestPhase {
    /// Not ours.
    Ignored,
    /// Ours, and nothing is decided.
    Delivered,
    /// Not obeyed.
    Refused,
    /// Its comment went away.
    Withdrawn,
    /// Answered without a run.
    Answered,
    /// Obeyed by a job.
    Accepted,
}

impl RequestPhase {
    const ALL: [Self; 6] =
        [Self::Ignored, Self::Delivered, Self::Refused, Self::Withdrawn, Self::Answered, Self::Accepted];

    const fn word(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Answered => "answered",
            Self::Accepted => "accepted",
        }
    }

    fn parse(text: &str) -> Result<Self, DbError> {
        let found = Self::ALL.into_iter().find(|phase| phase.word() == text);
        found.ok_or_else(|| DbError::Corrupt(format!("the state `{text}` of a request")))
    }
}

/// How a comment was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Poll,
    Hook,
}

/// A comment as it was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) comment: String,
    pub(crate) pr: u64,
    pub(crate) author_id: String,
    pub(crate) author: String,
    /// What it asks for; `None` when it is not ours.
    pub(crate) command: Option<Command>,
    pub(crate) via: Via,
    pub(crate) written: i64,
    pub(crate) updated: i64,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) id: i64,
    pub(crate) repo: i64,
    pub(crate) comment: String,
    pub(crate) pr: u64,
    pub(crate) author_id: String,
    pub(crate) author: String,
    pub(crate) command: Command,
    pub(crate) written: i64,
    pub(crate) updated: i64,
    pub(crate) phase: RequestPhase,
    pub(crate) answer: Option<String>,
    pub(crate) job: Option<i64>,
}

const COLUMNS: &str =
    "id, repo, comment_id, pr, author_id, author, command, written_at, updated_at, state, answer, job";

fn read(row: &Row<'_>) -> Result<Request, DbError> {
    let (command, phase): (String, String) = (row.get(6)?, row.get(9)?);
    let pr: i64 = row.get(3)?;
    Ok(Request {
        id: row.get(0)?,
        repo: row.get(1)?,
        comment: row.get(2)?,
        pr: u64::try_from(pr).unwrap_or(0),
        author_id: row.get(4)?,
        author: row.get(5)?,
        command: serde_json::from_str(&command).map_err(|_bad| DbError::Corrupt("a command".to_owned()))?,
        written: row.get(7)?,
        updated: row.get(8)?,
        phase: RequestPhase::parse(&phase)?,
        answer: row.get(10)?,
        job: row.get(11)?,
    })
}

/// Notes a comment. Whether it is ours, and was not seen before.
pub(crate) fn see(db: &Connection, repo: i64, seen: &Sighting, now: i64) -> Result<bool, DbError> {
    let (command, phase) = match &seen.command {
        Some(command) => {
            let text = serde_json::to_string(command).map_err(|error| DbError::Corrupt(error.to_string()))?;
            (text, RequestPhase::Delivered)
        }
        None => (String::new(), RequestPhase::Ignored),
    };
    let via = match seen.via {
        Via::Poll => "poll",
        Via::Hook => "hook",
    };
    let sql = "INSERT INTO request (repo, comment_id, pr, author_id, author, command, via, written_at, updated_at, seen_at, state)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
    let pr = i64::try_from(seen.pr).unwrap_or(0);
    let author = (&seen.author_id, &seen.author);
    let values = rusqlite::params![
        repo,
        seen.comment,
        pr,
        author.0,
        author.1,
        command,
        via,
        seen.written,
        seen.updated,
        now,
        phase.word()
    ];
    let new = db.execute(sql, values)?;
    Ok(new > 0 && phase == RequestPhase::Delivered)
}

/// Requests that fit a condition, the oldest first.
fn some(db: &Connection, condition: &str, params: impl rusqlite::Params) -> Result<Vec<Request>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM request WHERE state != 'ignored' AND {condition} ORDER BY id");
    let mut rows = db.prepare(&sql)?;
    let requests = rows.query_and_then(params, read)?;
    requests.collect()
}

/// Those that nothing is decided about, on one forge.
pub(crate) fn delivered(db: &Connection, forge: &str) -> Result<Vec<Request>, DbError> {
    some(db, "state = 'delivered' AND repo IN (SELECT id FROM repo WHERE forge = ?1)", [forge])
}

/// Those that a job is for.
pub(crate) fn of_job(db: &Connection, job: i64) -> Result<Vec<Request>, DbError> {
    some(db, "job = ?1", [job])
}

/// The last ones, the latest first.
pub(crate) fn latest(db: &Connection, most: usize) -> Result<Vec<Request>, DbError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut found = some(db, "id > (SELECT coalesce(max(id), 0) FROM request) - ?1", [most])?;
    found.reverse();
    Ok(found)
}

/// The one that a comment is.
pub(crate) fn of_comment(db: &Connection, repo: i64, comment: &str) -> Result<Option<Request>, DbError> {
    Ok(some(db, "repo = ?1 AND comment_id = ?2", (repo, comment))?.pop())
}

/// Whether a comment was seen before, ours or not.
pub(crate) fn is_known(db: &Connection, repo: i64, comment: &str) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM request WHERE repo = ?1 AND comment_id = ?2)";
    Ok(db.query_row(sql, (repo, comment), |row| row.get(0))?)
}

/// Decides about one.
pub(crate) fn decide(
    db: &Connection,
    id: i64,
    phase: RequestPhase,
    answer: Option<&str>,
    job: Option<i64>,
) -> Result<(), DbError> {
    let sql = "UPDATE request SET state = ?2, answer = coalesce(?3, answer), job = coalesce(?4, job) WHERE id = ?1";
    db.execute(sql, (id, phase.word(), answer, job))?;
    Ok(())
}

/// What waits and what was asked for lately.
pub(crate) fn load(db: &Connection, request: &Request, now: i64) -> Result<Load, DbError> {
    let number = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> Result<usize, DbError> {
        Ok(count(db.query_row(sql, params, |row| row.get(0))?))
    };
    let of_author = "SELECT count(DISTINCT job.id) FROM job JOIN request ON request.job = job.id
        WHERE job.state = 'queued' AND request.author_id = ?1 AND request.state = 'accepted'";
    let lately =
        "SELECT count(*) FROM request WHERE author_id = ?1 AND state = 'accepted' AND seen_at > ?2 AND seen_at <= ?3";
    Ok(Load {
        queued: number("SELECT count(*) FROM job WHERE state = 'queued'", &[])?,
        of_repo: number("SELECT count(*) FROM job WHERE state = 'queued' AND repo = ?1", &[&request.repo])?,
        of_author: number(of_author, &[&request.author_id])?,
        lately: number(lately, &[&request.author_id, &(now - 3600), &now])?,
    })
}

/// Whether a refusal was said to this author on this pull request before, and how many were said in the repository in the
/// last hour.
pub(crate) fn refused(db: &Connection, request: &Request, now: i64) -> Result<(bool, usize), DbError> {
    let here =
        "SELECT EXISTS (SELECT 1 FROM request WHERE repo = ?1 AND pr = ?2 AND author_id = ?3 AND state = 'refused'
        AND answer IS NOT NULL)";
    let pr = i64::try_from(request.pr).unwrap_or(0);
    let before = db.query_row(here, (request.repo, pr, &request.author_id), |row| row.get(0))?;
    let all = "SELECT count(*) FROM request WHERE repo = ?1 AND state = 'refused' AND answer IS NOT NULL AND seen_at > ?2 AND seen_at <= ?3";
    Ok((before, count(db.query_row(all, (request.repo, now - 3600, now), |row| row.get(0))?)))
}
