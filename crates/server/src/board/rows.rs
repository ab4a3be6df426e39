//! Rows of the database as the pages show them.

use crate::command::Command;
use crate::core::at;
use crate::db::DbError;
use crate::db::jobs::{self, JobPhase, JobRow};
use crate::db::repos::Repo;
use crate::db::requests::{Request, RequestPhase};
use crate::decide::welcome::Enrolment;
use crate::tell;
use cc_ci_model::ids::{Commit, RecipeName, RunId};
use cc_ci_pages::comment::Address;
use cc_ci_web::board::counters::RunsEnded;
use cc_ci_web::board::forge::{Failing, RepositoryRow};
use cc_ci_web::board::job::{EndedRow, Job, JobEnd, JobId, Lane, Phase, PullPage, QueuedRow, RunningRow};
use cc_ci_web::board::request::{JobState, RequestRow, RequestState};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that is looked at.
pub(super) struct Rows<'a> {
    pub(super) db: &'a Connection,
    pub(super) repos: &'a [Repo],
    pub(super) forges: &'a BTreeMap<String, String>,
    pub(super) slots: usize,
    pub(super) now: i64,
}

impl Rows<'_> {
    fn repo(&self, id: i64) -> Option<&Repo> {
        self.repos.iter().find(|repo| repo.id == id)
    }

    /// The page of something in a repository on its forge.
    fn address(&self, repo: &Repo, rest: &str) -> Option<Address> {
        Address::parse(&format!("{}/{}{rest}", self.forges.get(&repo.forge)?, repo.name)).ok()
    }

    /// What a job is about; `None` for one that cannot be shown.
    fn job(&self, row: &JobRow) -> Option<Job> {
        let repo = self.repo(row.repo)?;
        let pull = PullPage { owner: repo.name.owner().to_owned(), repo: repo.name.name().to_owned(), number: row.pr };
        Some(Job {
            id: row.id,
            recipe: RecipeName::parse(repo.name.name()).ok()?,
            commit: Commit::parse(row.sha.as_str()).ok()?,
            lane: row.lane,
            pull: matches!(row.lane, Lane::Pull | Lane::Operator).then_some(pull),
        })
    }

    pub(super) fn queued(&self) -> Result<Vec<QueuedRow>, DbError> {
        let mut rows = Vec::new();
        for (before, (id, begins)) in tell::line(self.db, self.now, self.slots)?.into_iter().enumerate() {
            let row = jobs::get(self.db, id)?;
            let Some(job) = self.job(&row) else { continue };
            let estimate = begins.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
            rows.push(QueuedRow { job, before, since: at(row.queued_at), waits: row.waits, estimate });
        }
        Ok(rows)
    }

    pub(super) fn running(&self, guard: Duration) -> Result<Vec<RunningRow>, DbError> {
        let mut rows = Vec::new();
        for row in jobs::live(self.db)? {
            let Some(attempt) = jobs::attempts(self.db, row.id)?.pop() else { continue };
            let Some(job) = self.job(&row) else { continue };
            let phase = match row.phase {
                JobPhase::Queued | JobPhase::Starting => Phase::Starting,
                JobPhase::Running => Phase::Running,
                JobPhase::Cancelling | JobPhase::Ended => Phase::Cancelling,
            };
            let (run, since) = (attempt.run, at(attempt.began_at));
            rows.push(RunningRow { job, run, attempt: attempt.n, since, limit: Some(guard), phase, node: None });
        }
        Ok(rows)
    }

    pub(super) fn ended(&self, ended: &[JobRow]) -> Result<Vec<EndedRow>, DbError> {
        let mut rows = Vec::new();
        for row in ended {
            let (Some(job), Some(end)) = (self.job(row), row.end.clone()) else { continue };
            let run = jobs::attempts(self.db, row.id)?.pop().map(|attempt| attempt.run);
            rows.push(EndedRow { job, run, at: at(row.ended_at.unwrap_or(0)), end });
        }
        Ok(rows)
    }

    pub(super) fn requests(&self, requests: &[Request]) -> Result<Vec<RequestRow>, DbError> {
        let order = tell::order(self.db, self.now)?;
        let mut rows = Vec::new();
        for request in requests {
            let Some(repo) = self.repo(request.repo) else { continue };
            let job = request.job.map(|job| jobs::get(self.db, JobId(job))).transpose()?;
            let runs = request.job.map(|job| jobs::attempts(self.db, JobId(job))).transpose()?.unwrap_or_default();
            let runs: Vec<RunId> = runs.into_iter().map(|attempt| attempt.run).collect();
            let place = format!("/pulls/{}#issuecomment-{}", request.pr, request.comment);
            let number = request.pr;
            rows.push(RequestRow {
                comment: request.comment.clone(),
                pull: PullPage { owner: repo.name.owner().to_owned(), repo: repo.name.name().to_owned(), number },
                address: self.address(repo, &place),
                author: request.author.clone(),
                command: written(&request.command),
                written: at(request.written),
                state: state(request, job.as_ref(), &order),
                commit: job.and_then(|job| Commit::parse(job.sha.as_str()).ok()),
                answer: request.answer.clone(),
                runs,
            });
        }
        Ok(rows)
    }

    pub(super) fn repositories(&self) -> Vec<RepositoryRow> {
        let enrolled = self.repos.iter().filter(|repo| repo.enrolment == Enrolment::Enrolled);
        let row = |repo: &Repo| {
            let failing = repo.failing.clone().map(|(since, why)| Failing { since: at(since), why });
            Some(RepositoryRow {
                forge: repo.forge.clone(),
                owner: repo.name.owner().to_owned(),
                name: repo.name.name().to_owned(),
                recipe: RecipeName::parse(repo.name.name()).ok()?,
                address: self.address(repo, ""),
                polled: repo.polled_at.map(at),
                failing,
            })
        };
        enrolled.filter_map(row).collect()
    }

    /// How many runs came to which verdict, ever.
    pub(super) fn counts(&self) -> Result<Vec<RunsEnded>, DbError> {
        let mut counts: Vec<RunsEnded> = Vec::new();
        for (end, count) in jobs::ends(self.db)? {
            let JobEnd::Judged { color, blame, level: _ } = end else { continue };
            match counts.iter_mut().find(|one| (one.color, one.blame) == (color, blame)) {
                Some(one) => one.count += count,
                None => counts.push(RunsEnded { color, blame, count }),
            }
        }
        Ok(counts)
    }
}

fn state(request: &Request, job: Option<&JobRow>, order: &[JobId]) -> RequestState {
    let why = request.answer.clone().unwrap_or_else(|| "it was said before".to_owned());
    match (request.phase, job) {
        (RequestPhase::Delivered | RequestPhase::Ignored, _) | (RequestPhase::Accepted, None) => {
            RequestState::Delivered
        }
        (RequestPhase::Refused, _) => RequestState::Refused { why },
        (RequestPhase::Withdrawn, _) => RequestState::Withdrawn,
        (RequestPhase::Answered, _) => RequestState::Answered,
        (RequestPhase::Accepted, Some(row)) => RequestState::Accepted { job: row.id, state: job_state(row, order) },
    }
}

fn job_state(row: &JobRow, order: &[JobId]) -> JobState {
    let lost = || JobEnd::Lost { why: "how it ended was not kept".to_owned() };
    match row.phase {
        JobPhase::Queued => JobState::Queued { before: order.iter().position(|id| *id == row.id).unwrap_or(0) },
        JobPhase::Starting | JobPhase::Running => JobState::Running,
        JobPhase::Cancelling => JobState::Cancelling,
        JobPhase::Ended => JobState::Ended(row.end.clone().unwrap_or_else(lost)),
    }
}

/// A command as it is written.
fn written(command: &Command) -> String {
    match command {
        Command::Run(wish) => wish.written(),
        Command::Help => "!testme help".to_owned(),
        Command::Status => "!testme status".to_owned(),
        Command::Cancel => "!testme cancel".to_owned(),
        Command::Unclear(_) => "!testme …".to_owned(),
    }
}
