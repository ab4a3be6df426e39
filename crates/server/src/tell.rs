//! Writes what the forge should show for a job or a request, inside the transaction that changed it.

use crate::command::Wish;
use crate::db::jobs::{self, JobPhase, JobRow};
use crate::db::requests::{self, RequestPhase};
use crate::db::{DbError, reports, repos};
use crate::decide::{estimate, fairness};
use crate::words::{self, About, Scene};
use cc_ci_web::board::job::{JobEnd, JobId};
use rusqlite::Connection;

/// So many of the last runs of a repository tell how long the next one takes.
const LAST: u32 = 5;

/// What the texts need beyond the database.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    /// Where our pages are.
    pub(crate) pages: Option<String>,
    /// The addresses of the forges, by name.
    pub(crate) forges: std::collections::BTreeMap<String, String>,
    /// Runs at once.
    pub(crate) slots: usize,
    /// The wall clock in seconds.
    pub(crate) now: i64,
}

/// What a run showed, as far as it was looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown<'a> {
    /// How many jobs go before it.
    pub(crate) before: usize,
    /// In how many seconds it begins, as far as anybody can tell.
    pub(crate) begins: Option<i64>,
    /// Where the run is.
    pub(crate) place: Option<&'a str>,
    /// The report of a run that ended.
    pub(crate) report: Option<&'a str>,
}

/// Says how a job stands to everybody who asked for it, and on its commit.
pub(crate) fn job(db: &Connection, teller: &Teller, id: JobId, shown: Shown<'_>) -> Result<(), DbError> {
    let job = jobs::get(db, id)?;
    let repo = repos::get(db, job.repo)?;
    let attempts = jobs::attempts(db, id)?;
    let run = attempts.last().map(|attempt| attempt.run.as_str());
    let clone = format!("{}/{}.git", teller.forges.get(&repo.forge).map_or("", String::as_str), repo.name);
    let about = About {
        recipe: repo.name.name(),
        sha: job.sha.as_str(),
        wish: &job.wish,
        clone: &clone,
        pages: teller.pages.as_deref(),
        note: job.note.as_deref(),
        attempt: attempts.len(),
    };
    let lost = JobEnd::Lost { why: "how it ended was not kept".to_owned() };
    let scene = match (job.phase, run) {
        (JobPhase::Queued, _) => Scene::Queued { before: shown.before, begins: shown.begins, waits: &job.waits },
        (JobPhase::Starting | JobPhase::Running, run) => {
            Scene::Running { run: run.unwrap_or_default(), place: shown.place }
        }
        (JobPhase::Cancelling, _) => Scene::Cancelling { by: job.ended_by.as_deref().unwrap_or("somebody ended it") },
        (JobPhase::Ended, run) => Scene::Ended { end: job.end.as_ref().unwrap_or(&lost), run, report: shown.report },
    };
    let text = words::job(&about, &scene);
    // Who withdrew is told nothing more.
    let asking = |request: &requests::Request| request.phase == RequestPhase::Accepted;
    for request in requests::of_job(db, id.0)?.into_iter().filter(asking) {
        let body = words::answer(&request.comment, &text);
        reports::comment(db, request.id, job.repo, job.pr, &body, teller.now)?;
    }
    status(db, teller, &job, &job.wish, &scene)
}

fn status(db: &Connection, teller: &Teller, job: &JobRow, wish: &Wish, scene: &Scene<'_>) -> Result<(), DbError> {
    let words = words::status(scene, teller.pages.as_deref());
    let body = serde_json::to_string(&words).map_err(|error| DbError::Corrupt(error.to_string()))?;
    reports::status(db, (job.repo, job.pr, &job.sha), wish.proof().context(), &body, teller.now)
}

/// Says to everybody who waits how many go before.
pub(crate) fn queue(db: &Connection, teller: &Teller) -> Result<(), DbError> {
    for (before, (id, begins)) in line(db, teller.now, teller.slots)?.into_iter().enumerate() {
        job(db, teller, id, Shown { before, begins, ..Shown::default() })?;
    }
    Ok(())
}

/// Those that wait, in the order in which they start, and in how many seconds that will be.
pub(crate) fn line(db: &Connection, now: i64, slots: usize) -> Result<Vec<(JobId, Option<i64>)>, DbError> {
    let takes = |repo| Ok::<_, DbError>(estimate::median(jobs::lasted(db, repo, LAST)?));
    let mut running = Vec::new();
    for job in jobs::live(db)? {
        let began = jobs::attempts(db, job.id)?.pop().map_or(now, |attempt| attempt.began_at);
        running.push(takes(job.repo)?.map(|takes| (takes - (now - began)).max(0)));
    }
    let order = order(db, now)?;
    let mut waiting = Vec::new();
    for id in &order {
        waiting.push(takes(jobs::get(db, *id)?.repo)?);
    }
    Ok(order.into_iter().zip(estimate::begins(&running, &waiting, slots)).collect())
}

/// Those that wait, in the order in which they start.
pub(crate) fn order(db: &Connection, now: i64) -> Result<Vec<JobId>, DbError> {
    Ok(fairness::order(jobs::waiting(&jobs::queued(db)?), &jobs::lately(db, now - 3600)?, now))
}

/// Ends a job, says so, and lets those behind it move up.
pub(crate) fn end(
    db: &Connection,
    teller: &Teller,
    id: JobId,
    end: &JobEnd,
    report: Option<&str>,
) -> Result<(), DbError> {
    jobs::end(db, id, end, teller.now)?;
    job(db, teller, id, Shown { report, ..Shown::default() })?;
    queue(db, teller)
}

/// Wants a job to end: one that waits ends now, one with a process is told to.
pub(crate) fn cancel(db: &Connection, teller: &Teller, row: &JobRow, why: &str) -> Result<(), DbError> {
    match row.phase {
        JobPhase::Queued => end(db, teller, row.id, &JobEnd::Withdrawn { why: why.to_owned() }, None),
        JobPhase::Starting | JobPhase::Running => {
            jobs::cancel(db, row.id, why)?;
            job(db, teller, row.id, Shown::default())
        }
        JobPhase::Cancelling | JobPhase::Ended => Ok(()),
    }
}
