//! Removes what is too old: runs, the folders of their jobs, and pins of commits. What somebody may still be told of stays.

use crate::child::{self, Claim};
use crate::core::Core;
use crate::db::{DbError, jobs, repos};
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::{retention, stored};
use cc_ci_web::board::job::JobId;
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

/// Why a run stays. A run that somebody else pinned says something else, and is left alone.
const WHY: &str = "the server still needs it";

/// Pins and forgets, for ever.
pub(crate) async fn forget(core: Arc<Core>) -> Result<(), DbError> {
    let mut looks = tokio::time::interval(core.pace.forget);
    loop {
        looks.tick().await;
        core.forget().await?;
    }
}

impl Core {
    /// One look at everything that may be too old.
    pub(crate) async fn forget(&self) -> Result<(), DbError> {
        let needed = self.db.act(|db| jobs::needed(db)).await?;
        if let Err(error) = self.pin(&needed) {
            // Without pins nothing is removed.
            self.say(&format!("old runs are kept, because runs cannot be pinned: {error}"));
            return Ok(());
        }
        let uncleaned = Arc::clone(&self.kept.uncleaned);
        match retention::apply(&self.state, &self.kept.policy, SystemTime::now(), &move |dir| uncleaned(dir)) {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => self.say(&format!("{} runs were too old and are removed", removed.len())),
            Err(error) => self.say(&format!("old runs cannot be removed: {error}")),
        }
        let over = self.db.act(|db| jobs::over(db)).await?;
        let gone = |runs: &[RunId]| runs.iter().all(|run| !self.state.runs().join(run.as_str()).exists());
        let forgotten: BTreeSet<JobId> = over.iter().filter(|(_, runs)| gone(runs)).map(|(job, _)| *job).collect();
        for job in &forgotten {
            self.forget_job(*job);
        }
        self.unpin_commits(forgotten).await
    }

    /// Pins the runs that are needed, and gives back those that were.
    fn pin(&self, needed: &BTreeSet<RunId>) -> Result<(), cc_ci_store::run_dir::RunDirError> {
        for (run, dir) in stored::folders(&self.state)? {
            let ours = dir.pinned_because().is_some_and(|why| why == WHY);
            match (needed.contains(&run), ours) {
                (true, false) if !dir.is_pinned() => dir.pin(WHY)?,
                (false, true) => dir.unpin()?,
                (true | false, _) => {}
            }
        }
        Ok(())
    }

    /// Removes the folder of a job whose runs are gone.
    fn forget_job(&self, job: JobId) {
        let folder = self.job_dir(job);
        if !folder.is_dir() {
            return;
        }
        let removed = match child::look(&folder) {
            Ok(Claim::Free(_claim)) => fs::remove_dir_all(&folder),
            Ok(Claim::Held) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            self.say(&format!("the folder of job {job} cannot be removed: {error}"));
        }
    }

    /// Gives commits back whose job ended and has no run any more. A job that ends meanwhile is none of them.
    async fn unpin_commits(&self, forgotten: BTreeSet<JobId>) -> Result<(), DbError> {
        for repo in self.db.act(|db| repos::all(db)).await? {
            let mirror = self.mirrors.of(&repo.forge, &repo.name);
            // Before it is asked what is wanted: what is pinned later is none of these.
            let pinned = mirror.pinned().await;
            let (id, forgotten) = (repo.id, forgotten.clone());
            let wanted = self.db.act(move |db| jobs::pinned(db, id, &forgotten)).await?;
            let given_back = match pinned {
                Ok(pinned) => mirror.unpin(pinned.difference(&wanted)).await,
                Err(error) => Err(error),
            };
            if let Err(error) = given_back {
                self.say(&format!("{}: {error}", repo.name));
            }
        }
        Ok(())
    }

    /// Whether something of a run that died may still be on the engine.
    pub(crate) fn uncleaned(&self, dir: &RunDir) -> bool {
        (self.kept.uncleaned)(dir)
    }
}
