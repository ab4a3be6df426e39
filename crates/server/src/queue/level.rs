//! The level of a run beside that of what was merged already.

use crate::command::Proof;
use crate::core::Core;
use crate::db::jobs::{self, JobRow};
use crate::db::{DbError, repos};
use crate::words;
use cc_ci_web::board::job::JobEnd;

/// So many of the last runs of a repository are looked through.
const LOOKED_THROUGH: u32 = 30;

impl Core {
    /// A sentence about it; `None` when nothing of the default branch was ever tested whole, or this run was not.
    pub(super) async fn beside_merged(&self, job: &JobRow, level: Option<u8>) -> Result<Option<String>, DbError> {
        if job.wish.proof() != Proof::Whole {
            return Ok(None);
        }
        let id = job.repo;
        let act = self.db.act(move |db| Ok((repos::get(db, id)?, jobs::ended_of_repo(db, id, LOOKED_THROUGH)?)));
        let (repo, ended) = act.await?;
        let mirror = self.mirrors.of(&repo.forge, &repo.name);
        for other in ended.iter().filter(|other| other.sha != job.sha && other.wish.proof() == Proof::Whole) {
            let Some(JobEnd::Judged { level: Some(merged), .. }) = other.end else { continue };
            if mirror.is_merged(&other.sha).await {
                return Ok(Some(words::beside_merged(level, merged)));
            }
        }
        Ok(None)
    }
}
