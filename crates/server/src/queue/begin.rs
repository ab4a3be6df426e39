//! Starts a job: the id of its run is chosen and kept before anything happens.

use super::Wanted;
use crate::child::{self, Child, Claim};
use crate::core::{Core, now};
use crate::db::DbError;
use crate::db::jobs::{self, Attempt, JobPhase, JobRow};
use crate::db::repos::{self, Repo};
use crate::machine;
use crate::mirror::Origin;
use crate::points::Point;
use crate::tell;
use crate::trouble::Trouble;
use cc_ci_forge::PullNumber;
use cc_ci_model::ids::RunId;
use cc_ci_web::board::job::{JobEnd, JobId};
use chrono::DateTime;
use std::fs::File;
use std::sync::Arc;

impl Core {
    /// Starts a job that waits. Whether another one may be looked at right away.
    pub(super) async fn begin(&self, job: &JobRow) -> Result<bool, DbError> {
        let id = job.repo;
        let repo = self.db.act(move |db| repos::get(db, id)).await?;
        // A forge that does not answer keeps nobody from a run that was granted.
        if let Some(desk) = self.forges.get(&repo.forge).filter(|desk| desk.rest().is_none()) {
            match self.still_wanted(desk, &repo, job).await {
                Ok(Wanted::Yes) => {}
                Ok(Wanted::No) => {
                    self.alarm.ring();
                    return Ok(true);
                }
                Err(trouble @ Trouble::Forge(_)) => self.went_wrong(desk, trouble).await?,
                Err(Trouble::Db(error)) => return Err(error),
                Err(Trouble::Mirror(_)) => {}
            }
        }
        if !self.at_hand(job, &repo).await? {
            return Ok(false);
        }
        let folder = self.job_dir(job.id);
        let claim = child::folder(&folder).and_then(|()| child::look(&folder));
        let claim = match claim {
            Ok(Claim::Free(claim)) => claim,
            Ok(Claim::Held) => {
                self.say(&format!("job {}: an earlier run of it still ends", job.id));
                return Ok(false);
            }
            Err(error) => {
                self.say(&format!("job {}: cannot use its folder: {error}", job.id));
                return Ok(false);
            }
        };
        let attempt = self.choose(job.id).await?;
        self.points.reached(Point::RunChosen).await;
        self.start(job, &attempt, claim).await?;
        Ok(true)
    }

    /// Sees to it that the commit of a job is in the copy of its repository, which may have gone: a server that was restored has
    /// none. One that is nowhere any more ends its job; one whose forge is away keeps it waiting.
    async fn at_hand(&self, job: &JobRow, repo: &Repo) -> Result<bool, DbError> {
        let mirror = self.mirrors.of(&repo.forge, &repo.name);
        if mirror.has(&job.sha).await {
            return Ok(true);
        }
        let Some(desk) = self.forges.get(&repo.forge).filter(|desk| desk.rest().is_none()) else { return Ok(false) };
        let origin = Origin { forge: &desk.known.url, repo: &repo.name, token: &desk.known.token };
        if let Err(error) = mirror.fetch(&origin, PullNumber(job.pr)).await {
            self.say(&format!("job {}: {error}", job.id));
            return Ok(false);
        }
        if mirror.has(&job.sha).await {
            return Ok(true);
        }
        let why = "the commit that was asked for is in the repository no more".to_owned();
        self.close(job, &JobEnd::Lost { why }, None, "no commit").await?;
        Ok(false)
    }

    /// Chooses the id of the next run of a job.
    async fn choose(&self, id: JobId) -> Result<Attempt, DbError> {
        let (began_at, began_up, boot, teller) = (now(), machine::uptime(), machine::boot(), self.teller());
        let act = self.db.act(move |db| {
            let n = u32::try_from(jobs::attempts(db, id)?.len() + 1).unwrap_or(u32::MAX);
            let run = run_id(began_at, id, n)?;
            let attempt = Attempt { n, run, boot, began_at, began_up, ended: None };
            jobs::begin(db, id, &attempt)?;
            tell::job(db, &teller, id, tell::Shown::default())?;
            tell::queue(db, &teller)?;
            Ok(attempt)
        });
        let attempt = act.await?;
        self.alarm.ring();
        Ok(attempt)
    }

    /// Starts the process of a run whose id is kept.
    pub(super) async fn start(&self, job: &JobRow, attempt: &Attempt, claim: File) -> Result<(), DbError> {
        let id = job.repo;
        let repo = self.db.act(move |db| repos::get(db, id)).await?;
        let folder = self.job_dir(job.id);
        let more = job.wish.arguments();
        let mirror = self.mirrors.of(&repo.forge, &repo.name);
        let child = Child {
            state: self.state.root(),
            folder: &folder,
            mirror: mirror.path(),
            sha: job.sha.as_str(),
            pull: job.pr,
            run: attempt.run.as_str(),
            more: &more,
        };
        if let Err(error) = child::start(&self.program, &child, claim) {
            let why = format!("the run could not be started: {error}");
            self.say(&format!("job {}: {why}", job.id));
            return self.close(job, &JobEnd::Lost { why }, None, "not started").await;
        }
        self.points.reached(Point::RunStarted).await;
        self.watch(job.id);
        self.set_phase(job, JobPhase::Running).await?;
        self.points.reached(Point::RunGoesOn).await;
        Ok(())
    }

    /// Has the queue look again once the claim of a job is free.
    pub(super) fn watch(&self, id: JobId) {
        if !self.watched.begin(id.0) {
            return;
        }
        let (watched, alarm) = (Arc::clone(&self.watched), Arc::clone(&self.alarm));
        let free = move || {
            watched.end(id.0);
            alarm.ring();
        };
        if let Err(error) = child::when_free(&self.job_dir(id), free) {
            self.watched.end(id.0);
            // The tick finds it, later.
            self.say(&format!("job {id}: nobody waits for its claim: {error}"));
        }
    }
}

/// The id of a run. It sorts like the time, and no other run of this server has it.
fn run_id(at: i64, job: JobId, n: u32) -> Result<RunId, DbError> {
    let time = DateTime::from_timestamp(at, 0).unwrap_or_default().format("%Y%m%d-%H%M%S");
    RunId::parse(&format!("{time}-{:06x}-{n}", job.0)).map_err(|error| DbError::Corrupt(error.to_string()))
}
