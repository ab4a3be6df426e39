//! Attends to a job with a run: its claim says whether the run lives, its files say the rest. Nothing hangs on a process number.

use crate::child::{self, ChildOutcome, Claim, OUTCOME, Signal};
use crate::core::{Core, now};
use crate::db::jobs::{self, Attempt, JobPhase, JobRow};
use crate::db::{DbError, meta};
use crate::machine;
use crate::points::Point;
use crate::queue::judge;
use crate::tell::{self, Shown};
use cc_ci_model::exit::EndKind;
use cc_ci_model::report::life::Life;
use cc_ci_store::{life, replay, run_dir::RunDir};
use cc_ci_web::board::job::{JobEnd, WaitsFor};
use std::fs::File;

/// A run that was killed before it deployed anything is tried once more.
const TRIES: u32 = 2;

impl Core {
    /// Looks at one job and does what is to be done.
    pub(super) async fn attend(&self, job: &JobRow) -> Result<(), DbError> {
        let (folder, id) = (self.job_dir(job.id), job.id);
        let Some(attempt) = self.db.act(move |db| Ok(jobs::attempts(db, id)?.pop())).await? else {
            return self.close(job, &JobEnd::Lost { why: "its run is not known".to_owned() }, None, "unknown").await;
        };
        let seen = child::look(&folder).map(|claim| (claim, ChildOutcome::read(&folder.join(OUTCOME))));
        match seen {
            Ok((Claim::Held, _)) => self.goes_on(job, &attempt).await,
            Ok((Claim::Free(_claim), Ok(Some(outcome)))) if outcome.run.as_deref() == Some(attempt.run.as_str()) => {
                self.points.reached(Point::RunEnded).await;
                Box::pin(self.ended(job, &attempt, &outcome)).await
            }
            Ok((Claim::Free(claim), Ok(_))) => Box::pin(self.silent(job, &attempt, claim)).await,
            Ok((Claim::Free(_), Err(error))) => {
                let why = format!("how the run ended cannot be read: {error}");
                self.close(job, &JobEnd::Lost { why }, None, "unreadable").await
            }
            Err(error) => {
                self.say(&format!("job {}: cannot look at its claim: {error}", job.id));
                Ok(())
            }
        }
    }

    /// The run lives.
    async fn goes_on(&self, job: &JobRow, attempt: &Attempt) -> Result<(), DbError> {
        self.watch(job.id);
        if job.phase == JobPhase::Starting {
            self.set_phase(job, JobPhase::Running).await?;
        }
        let up = machine::uptime();
        let over = up.saturating_sub(attempt.began_up) > seconds(self.pace.guard);
        let out_of_grace = job.signalled_at.is_some_and(|at| up.saturating_sub(at) > seconds(self.pace.grace));
        let signal = match job.phase {
            _ if over || out_of_grace => Some(Signal::Kill),
            JobPhase::Cancelling if job.signalled_at.is_none() => Some(Signal::End),
            JobPhase::Queued | JobPhase::Starting | JobPhase::Running | JobPhase::Cancelling | JobPhase::Ended => None,
        };
        if let Some(signal) = signal {
            match child::holders_told(&self.job_dir(job.id), signal) {
                // It may not have come to its standard input yet: told at the next look.
                Ok(0) => {}
                Ok(_) => {
                    let id = job.id;
                    self.db.act(move |db| jobs::signalled(db, id, up)).await?;
                }
                Err(error) => self.say(&format!("job {}: cannot tell its run to end: {error}", job.id)),
            }
            return Ok(());
        }
        if job.phase == JobPhase::Cancelling {
            return Ok(());
        }
        let (id, teller, place) = (job.id, self.teller(), self.place(attempt));
        let act =
            self.db.act(move |db| tell::job(db, &teller, id, Shown { place: place.as_deref(), ..Shown::default() }));
        act.await
    }

    /// Where a run is: its tier. No more, so that its comment is edited a few times only.
    fn place(&self, attempt: &Attempt) -> Option<String> {
        let dir = RunDir::open(&self.state, &attempt.run).ok()?;
        let whereabouts = replay::judged(&dir).ok()?.view().whereabouts();
        // The record may have its end a moment before the process has its own.
        let whereabouts = whereabouts.unwrap_or_else(|| "tearing down".to_owned());
        Some(whereabouts.split(" (").next().unwrap_or_default().to_owned())
    }

    /// The run ended and said how.
    async fn ended(&self, job: &JobRow, attempt: &Attempt, outcome: &ChildOutcome) -> Result<(), DbError> {
        if outcome.kind == EndKind::NoSwarm {
            return self.no_swarm(job, outcome).await;
        }
        let dir = RunDir::open(&self.state, &attempt.run).ok();
        let view = dir.and_then(|dir| replay::judged(&dir).ok()).map(|judged| judged.view());
        let end = judge::end(job, outcome, view.as_ref());
        let report = match (&end, view) {
            (JobEnd::Judged { level, .. }, Some(view)) => {
                let mut report = cc_ci_pages::comment::render(&view, &self.published(attempt.run.as_str()));
                if let Some(beside) = self.beside_merged(job, *level).await? {
                    report.extend(["\n", &beside, "\n"]);
                }
                Some(report)
            }
            (JobEnd::Judged { .. } | JobEnd::Refused { .. } | JobEnd::Withdrawn { .. } | JobEnd::Lost { .. }, _) => {
                None
            }
        };
        self.close(job, &end, report, "ended").await
    }

    /// The run is over and said nothing: it was killed, or never began.
    async fn silent(&self, job: &JobRow, attempt: &Attempt, claim: File) -> Result<(), DbError> {
        let began = RunDir::open(&self.state, &attempt.run).ok();
        if let Some(dir) = &began
            && self.uncleaned(dir)
        {
            // What was killed is still being cleaned up after; the next run of this place begins when that is done.
            if !self.reaped_too_late(job.id) {
                return Ok(());
            }
            self.say(&format!(
                "job {}: its run was killed and is not cleaned up after; `cc-ci clean` does that",
                job.id
            ));
            let (now, id) = (now(), job.id);
            let text =
                format!("the run {} was killed, and what it left on the engine is there: `cc-ci clean`", attempt.run);
            self.db.act(move |db| meta::raise(db, &format!("left-{id}"), now, &text)).await?;
        }
        match (began, job.phase) {
            (_, JobPhase::Cancelling) => {
                let why = job.ended_by.clone().unwrap_or_else(|| "somebody ended it".to_owned());
                self.close(job, &JobEnd::Withdrawn { why }, None, "cancelled").await
            }
            (None, JobPhase::Starting) => match child::folder(&self.job_dir(job.id)) {
                Ok(()) => self.start(job, attempt, claim).await,
                Err(error) => {
                    let why = format!("the run could not be started: {error}");
                    self.close(job, &JobEnd::Lost { why }, None, "not started").await
                }
            },
            (None, _) if attempt.n < TRIES => self.again(job).await,
            (Some(dir), _) if attempt.n < TRIES && deployed_nothing(&dir) => self.again(job).await,
            (None | Some(_), _) => {
                let why = "the machine or the process of the run went away before its end".to_owned();
                self.close(job, &JobEnd::Lost { why }, None, "lost").await
            }
        }
    }

    /// Whether the time is over in which a dead run is cleaned up after, from when it was first seen dead.
    fn reaped_too_late(&self, id: cc_ci_web::board::job::JobId) -> bool {
        let mut dead = self.dead.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let since = *dead.entry(id.0).or_insert_with(std::time::Instant::now);
        let over = since.elapsed() > self.pace.reaper;
        if over {
            dead.remove(&id.0);
        }
        over
    }

    /// Puts a job back whose run was killed before it did anything.
    async fn again(&self, job: &JobRow) -> Result<(), DbError> {
        let (id, teller) = (job.id, self.teller());
        let act = self.db.act(move |db| {
            jobs::end_attempt(db, id, "lost", teller.now)?;
            jobs::set_phase(db, id, JobPhase::Queued)?;
            tell::queue(db, &teller)
        });
        act.await?;
        self.alarm.ring();
        Ok(())
    }

    /// Puts a job back for want of a swarm, and tells a person.
    async fn no_swarm(&self, job: &JobRow, outcome: &ChildOutcome) -> Result<(), DbError> {
        let (id, teller, again) = (job.id, self.teller(), now() + seconds(self.pace.swarm).max(1));
        let text = format!("{}; no run starts until one finds a swarm. `cc-ci doctor` says more", outcome.message);
        let act = self.db.act(move |db| {
            jobs::end_attempt(db, id, "no swarm", teller.now)?;
            jobs::set_phase(db, id, JobPhase::Queued)?;
            jobs::wait_for(db, id, &WaitsFor::Swarm)?;
            meta::set_swarm_again(db, again)?;
            meta::raise(db, "no-swarm", teller.now, &text)?;
            tell::queue(db, &teller)
        });
        act.await?;
        self.alarm.ring();
        Ok(())
    }

    /// Ends a job.
    pub(super) async fn close(
        &self,
        job: &JobRow,
        end: &JobEnd,
        report: Option<String>,
        how: &'static str,
    ) -> Result<(), DbError> {
        let (id, teller, end) = (job.id, self.teller(), end.clone());
        let act = self.db.act(move |db| {
            jobs::end_attempt(db, id, how, teller.now)?;
            match &end {
                JobEnd::Judged { .. } => meta::resolve(db, "no-swarm")?,
                JobEnd::Refused { .. } | JobEnd::Withdrawn { .. } | JobEnd::Lost { .. } => {}
            }
            tell::end(db, &teller, id, &end, report.as_deref())
        });
        act.await?;
        self.alarm.ring();
        Ok(())
    }
}

/// Whether a run that died had not begun to deploy. What cannot be read may have.
fn deployed_nothing(dir: &RunDir) -> bool {
    match life::life(dir) {
        Ok(Life::Died | Life::Preparing) => {}
        Ok(Life::Running | Life::Over) | Err(_) => return false,
    }
    match replay::judged(dir) {
        Ok(judged) => judged.view().deploys.is_empty(),
        Err(_) => !dir.file(cc_ci_store::run_dir::EVENTS).exists(),
    }
}

pub(super) fn seconds(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
