//! Jobs and their attempts.

use super::{DbError, count};
use crate::command::Wish;
use crate::decide::fairness::Waiting;
use cc_ci_forge::CommitSha;
use cc_ci_model::ids::RunId;
use cc_ci_web::board::job::{JobEnd, JobId, Lane, WaitsFor};
use rusqlite::{Connection, Row};
use std::collections::{BTreeMap, BTreeSet};

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobPhase {
    Queued,
    Starting,
    Running,
    Cancelling,
    Ended,
}

impl JobPhase {
    const ALL: [Self; 5] = [Self::Queued, Self::Starting, Self::Running, Self::Cancelling, Self::Ended];

    const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Ended => "ended",
        }
    }

    fn parse(text: &str) -> Result<Self, DbError> {
        let found = Self::ALL.into_iter().find(|phase| phase.word() == text);
        found.ok_or_else(|| DbError::Corrupt(format!("the state `{text}` of a job")))
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobRow {
    pub(crate) id: JobId,
    pub(crate) repo: i64,
    pub(crate) pr: u64,
    pub(crate) sha: CommitSha,
    pub(crate) wish: Wish,
    pub(crate) lane: Lane,
    pub(crate) phase: JobPhase,
    pub(crate) waits: WaitsFor,
    pub(crate) queued_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) end: Option<JobEnd>,
    /// A word that belongs to every report of it.
    pub(crate) note: Option<String>,
    /// Who wants it to end.
    pub(crate) ended_by: Option<String>,
    /// When its run was told to end, as seconds since the machine started.
    pub(crate) signalled_at: Option<i64>,
}

/// One try of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) n: u32,
    pub(crate) run: RunId,
    /// Which start of the machine.
    pub(crate) boot: String,
    pub(crate) began_at: i64,
    /// The same as seconds since the machine started.
    pub(crate) began_up: i64,
    /// How it ended, in words.
    pub(crate) ended: Option<String>,
}

const COLUMNS: &str =
    "id, repo, pr, sha, wish, lane, state, waits, queued_at, ended_at, ended, note, ended_by, signalled_at";

fn corrupt<E>(what: &'static str) -> impl FnOnce(E) -> DbError {
    move |_bad| DbError::Corrupt(what.to_owned())
}

fn text<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(corrupt("a value that cannot be written"))
}

fn read(row: &Row<'_>) -> Result<JobRow, DbError> {
    let (sha, wish, lane): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let (phase, waits, end): (String, String, Option<String>) = (row.get(6)?, row.get(7)?, row.get(10)?);
    let pr: i64 = row.get(2)?;
    Ok(JobRow {
        id: JobId(row.get(0)?),
        repo: row.get(1)?,
        pr: u64::try_from(pr).unwrap_or(0),
        sha: sha.parse().map_err(corrupt("the commit of a job"))?,
        wish: serde_json::from_str(&wish).map_err(corrupt("the wish of a job"))?,
        lane: Lane::ALL.into_iter().find(|one| one.word() == lane).ok_or(()).map_err(corrupt("a lane"))?,
        phase: JobPhase::parse(&phase)?,
        waits: serde_json::from_str(&waits).map_err(corrupt("what a job waits for"))?,
        queued_at: row.get(8)?,
        ended_at: row.get(9)?,
        end: end.map(|end| serde_json::from_str(&end)).transpose().map_err(corrupt("the end of a job"))?,
        note: row.get(11)?,
        ended_by: row.get(12)?,
        signalled_at: row.get(13)?,
    })
}

fn some(db: &Connection, condition: &str, params: impl rusqlite::Params) -> Result<Vec<JobRow>, DbError> {
    let mut rows = db.prepare(&format!("SELECT {COLUMNS} FROM job WHERE {condition}"))?;
    let jobs = rows.query_and_then(params, read)?;
    jobs.collect()
}

/// A new job, which waits.
pub(crate) struct NewJob<'a> {
    pub(crate) repo: i64,
    pub(crate) pr: u64,
    pub(crate) sha: &'a CommitSha,
    pub(crate) wish: &'a Wish,
    pub(crate) lane: Lane,
}

/// Puts a job into the queue.
pub(crate) fn queue(db: &Connection, job: &NewJob<'_>, now: i64) -> Result<JobId, DbError> {
    let sql =
        "INSERT INTO job (repo, pr, sha, wish, lane, state, waits, queued_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let pr = i64::try_from(job.pr).unwrap_or(0);
    let (wish, waits) = (text(job.wish)?, text(&WaitsFor::Nothing)?);
    let phase = JobPhase::Queued.word();
    db.execute(sql, (job.repo, pr, job.sha.as_str(), wish, job.lane.word(), phase, waits, now))?;
    Ok(JobId(db.last_insert_rowid()))
}

/// One by an id that somebody typed; `None` when there is none.
pub(crate) fn find(db: &Connection, id: JobId) -> Result<Option<JobRow>, DbError> {
    Ok(some(db, "id = ?1", [id.0])?.pop())
}

/// One by an id of ours.
pub(crate) fn get(db: &Connection, id: JobId) -> Result<JobRow, DbError> {
    find(db, id)?.ok_or_else(|| DbError::Corrupt(format!("no job {id}")))
}

/// Those that wait, as they were put in.
pub(crate) fn queued(db: &Connection) -> Result<Vec<JobRow>, DbError> {
    some(db, "state = 'queued' ORDER BY id", [])
}

/// Those that have a process, or should have one.
pub(crate) fn live(db: &Connection) -> Result<Vec<JobRow>, DbError> {
    some(db, "state IN ('starting', 'running', 'cancelling') ORDER BY id", [])
}

/// Those of a pull request that have not ended.
pub(crate) fn open_of_pull(db: &Connection, repo: i64, pr: u64) -> Result<Vec<JobRow>, DbError> {
    let pr = i64::try_from(pr).unwrap_or(0);
    some(db, "state != 'ended' AND repo = ?1 AND pr = ?2 ORDER BY id", (repo, pr))
}

/// Those of a pull request, the latest first.
pub(crate) fn of_pull(db: &Connection, repo: i64, pr: u64, most: u32) -> Result<Vec<JobRow>, DbError> {
    let pr = i64::try_from(pr).unwrap_or(0);
    some(db, "repo = ?1 AND pr = ?2 ORDER BY id DESC LIMIT ?3", (repo, pr, most))
}

/// The last of a repository that ended, the latest first.
pub(crate) fn ended_of_repo(db: &Connection, repo: i64, most: u32) -> Result<Vec<JobRow>, DbError> {
    some(db, "state = 'ended' AND repo = ?1 ORDER BY ended_at DESC, id DESC LIMIT ?2", (repo, most))
}

/// The last that ended, the latest first.
pub(crate) fn ended(db: &Connection, most: u32) -> Result<Vec<JobRow>, DbError> {
    some(db, "state = 'ended' ORDER BY ended_at DESC, id DESC LIMIT ?1", [most])
}

/// What the order of those that wait depends on.
pub(crate) fn waiting(jobs: &[JobRow]) -> Vec<Waiting> {
    let one = |job: &JobRow| Waiting { id: job.id, lane: job.lane, repo: job.repo, since: job.queued_at };
    jobs.iter().map(one).collect()
}

/// How many runs began for each repository since a time.
pub(crate) fn lately(db: &Connection, since: i64) -> Result<BTreeMap<i64, usize>, DbError> {
    let sql = "SELECT job.repo, count(*) FROM attempt JOIN job ON job.id = attempt.job WHERE attempt.began_at > ?1 GROUP BY job.repo";
    let mut rows = db.prepare(sql)?;
    let counts = rows.query_map([since], |row| Ok((row.get(0)?, count(row.get(1)?))))?;
    Ok(counts.collect::<Result<_, _>>()?)
}

/// Says what a job waits for. Whether that is news.
pub(crate) fn wait_for(db: &Connection, id: JobId, waits: &WaitsFor) -> Result<bool, DbError> {
    let changed = db.execute("UPDATE job SET waits = ?2 WHERE id = ?1 AND waits != ?2", (id.0, text(waits)?))?;
    Ok(changed > 0)
}

/// Changes how a job stands.
pub(crate) fn set_phase(db: &Connection, id: JobId, phase: JobPhase) -> Result<(), DbError> {
    db.execute("UPDATE job SET state = ?2 WHERE id = ?1", (id.0, phase.word()))?;
    Ok(())
}

/// Adds a word to every report of a job.
pub(crate) fn note(db: &Connection, id: JobId, note: &str) -> Result<(), DbError> {
    db.execute("UPDATE job SET note = ?2 WHERE id = ?1", (id.0, note))?;
    Ok(())
}

/// Wants a job that has a process to end.
pub(crate) fn cancel(db: &Connection, id: JobId, by: &str) -> Result<(), DbError> {
    db.execute("UPDATE job SET state = 'cancelling', ended_by = ?2 WHERE id = ?1", (id.0, by))?;
    Ok(())
}

/// Notes that its run was told to end.
pub(crate) fn signalled(db: &Connection, id: JobId, up: i64) -> Result<(), DbError> {
    db.execute("UPDATE job SET signalled_at = coalesce(signalled_at, ?2) WHERE id = ?1", (id.0, up))?;
    Ok(())
}

/// Ends a job.
pub(crate) fn end(db: &Connection, id: JobId, end: &JobEnd, now: i64) -> Result<(), DbError> {
    let sql = "UPDATE job SET state = 'ended', ended_at = ?2, ended = ?3 WHERE id = ?1";
    db.execute(sql, (id.0, now, text(end)?))?;
    Ok(())
}

/// Begins an attempt: the run's id is chosen before anything starts.
pub(crate) fn begin(db: &Connection, id: JobId, attempt: &Attempt) -> Result<(), DbError> {
    let sql = "INSERT INTO attempt (job, n, run, boot, began_at, began_up) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Attempt { n, run, boot, began_at, began_up, ended: _ } = attempt;
    db.execute(sql, (id.0, n, run.as_str(), boot, began_at, began_up))?;
    set_phase(db, id, JobPhase::Starting)
}

/// Ends the last attempt of a job.
pub(crate) fn end_attempt(db: &Connection, id: JobId, ended: &str, now: i64) -> Result<(), DbError> {
    let sql = "UPDATE attempt SET ended_at = ?2, ended = ?3 WHERE job = ?1 AND ended_at IS NULL";
    db.execute(sql, (id.0, now, ended))?;
    Ok(())
}

/// The attempts of a job, the first one first.
pub(crate) fn attempts(db: &Connection, id: JobId) -> Result<Vec<Attempt>, DbError> {
    let sql = "SELECT n, run, boot, began_at, began_up, ended FROM attempt WHERE job = ?1 ORDER BY n";
    let mut rows = db.prepare(sql)?;
    let attempts = rows.query_and_then([id.0], |row| {
        let run: String = row.get(1)?;
        Ok(Attempt {
            n: row.get(0)?,
            run: RunId::parse(&run).map_err(corrupt("the id of a run"))?,
            boot: row.get(2)?,
            began_at: row.get(3)?,
            began_up: row.get(4)?,
            ended: row.get(5)?,
        })
    })?;
    attempts.collect()
}

/// How many jobs of a repository have not ended.
pub(crate) fn open_of_repo(db: &Connection, repo: i64) -> Result<usize, DbError> {
    let sql = "SELECT count(*) FROM job WHERE state != 'ended' AND repo = ?1";
    Ok(count(db.query_row(sql, [repo], |row| row.get(0))?))
}

/// How many jobs ended how.
pub(crate) fn ends(db: &Connection) -> Result<Vec<(JobEnd, u64)>, DbError> {
    let mut rows = db.prepare("SELECT ended, count(*) FROM job WHERE ended IS NOT NULL GROUP BY ended")?;
    let ends = rows.query_and_then([], |row| {
        let (end, count): (String, i64) = (row.get(0)?, row.get(1)?);
        let end = serde_json::from_str(&end).map_err(corrupt("the end of a job"))?;
        Ok((end, u64::try_from(count).unwrap_or(0)))
    })?;
    ends.collect()
}

/// Runs that somebody is still to be told of, and the last one of each repository that came to a verdict.
pub(crate) fn needed(db: &Connection) -> Result<BTreeSet<RunId>, DbError> {
    let sql = "SELECT run FROM attempt JOIN job ON job.id = attempt.job WHERE job.state != 'ended'
        OR EXISTS (SELECT 1 FROM report WHERE revision > sent AND undeliverable IS NULL AND (
            (kind = 'comment' AND key IN (SELECT CAST(id AS TEXT) FROM request WHERE request.job = job.id))
            OR (kind = 'status' AND report.repo = job.repo AND report.sha = job.sha)))
        OR job.id IN (SELECT max(id) FROM job WHERE ended LIKE '%judged%' GROUP BY repo)";
    let mut rows = db.prepare(sql)?;
    let runs = rows.query_and_then([], |row| {
        let run: String = row.get(0)?;
        RunId::parse(&run).map_err(corrupt("the id of a run"))
    })?;
    runs.collect()
}

/// Jobs that ended, with their runs.
pub(crate) fn over(db: &Connection) -> Result<Vec<(JobId, Vec<RunId>)>, DbError> {
    let mut rows = db.prepare("SELECT id FROM job WHERE state = 'ended' ORDER BY id")?;
    let ids = rows.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let runs = |id| Ok((id, attempts(db, id)?.into_iter().map(|attempt| attempt.run).collect()));
    ids.into_iter().map(JobId).map(runs).collect()
}

/// Requests of a repository whose commit is to stay in its copy: those that are not decided, and those whose job is none of these.
pub(crate) fn pinned(db: &Connection, repo: i64, forgotten: &BTreeSet<JobId>) -> Result<BTreeSet<i64>, DbError> {
    let sql = "SELECT id, job FROM request WHERE repo = ?1 AND state IN ('delivered', 'accepted')";
    let mut rows = db.prepare(sql)?;
    let mut wanted = BTreeSet::new();
    let mut found = rows.query([repo])?;
    while let Some(row) = found.next()? {
        let (id, job): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
        if !job.is_some_and(|job| forgotten.contains(&JobId(job))) {
            wanted.insert(id);
        }
    }
    Ok(wanted)
}

/// How long the last runs of a repository took that came to their end, in seconds, the last one first.
pub(crate) fn lasted(db: &Connection, repo: i64, most: u32) -> Result<Vec<i64>, DbError> {
    let sql = "SELECT attempt.ended_at - attempt.began_at FROM attempt JOIN job ON job.id = attempt.job
        WHERE job.repo = ?1 AND attempt.ended = 'ended' ORDER BY attempt.ended_at DESC LIMIT ?2";
    let mut rows = db.prepare(sql)?;
    Ok(rows.query_map((repo, most), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?)
}
