//! Whether a job that waits is still wanted: its comment may be gone, its pull request closed, its commit left behind.

use crate::core::{Core, ForgeDesk, now};
use crate::db::jobs::{self, JobPhase, JobRow};
use crate::db::reports;
use crate::db::repos::Repo;
use crate::db::requests::{self, RequestPhase};
use crate::tell;
use crate::trouble::Trouble;
use crate::words;
use cc_ci_forge::{CommentId, PullAnswer, PullHead, PullNumber, PullState};
use cc_ci_web::board::job::JobEnd;

/// Whether a job is still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Yes,
    No,
}

/// What our comment says when the one it answers is gone.
const WITHDRAWN: &str = "⏹️ Withdrawn: the comment that asked for it was deleted.";

impl Core {
    /// Asks the forge, and ends what nobody wants any more.
    pub(crate) async fn still_wanted(&self, desk: &ForgeDesk, repo: &Repo, job: &JobRow) -> Result<Wanted, Trouble> {
        let id = job.id.0;
        let asked = self.db.act(move |db| requests::of_job(db, id)).await?;
        let live: Vec<_> = asked.into_iter().filter(|request| request.phase == RequestPhase::Accepted).collect();
        let mut gone = Vec::new();
        for request in &live {
            let Ok(comment) = request.comment.parse::<CommentId>() else { continue };
            if desk.known.door.comment(&repo.name, &comment).await?.is_none() {
                gone.push(request.clone());
            }
        }
        let all_gone = !live.is_empty() && gone.len() == live.len();
        let (state, head) = match desk.known.door.pull(&repo.name, PullNumber(job.pr)).await? {
            PullAnswer::Found(pull) => (Some(pull.state), Some(pull.head)),
            PullAnswer::OnlyInGit(_) => (None, None),
            PullAnswer::NotFound => (Some(PullState::Closed), None),
        };
        let why = match state {
            _ if all_gone => Some("its comment was deleted"),
            Some(PullState::Closed) => Some("the pull request was closed"),
            Some(PullState::Merged) => Some("the pull request was merged"),
            Some(PullState::Open) | None => None,
        };
        let moved = match head {
            Some(PullHead::At(sha)) if sha != job.sha => Some(moved_on(sha.as_str())),
            Some(PullHead::At(_) | PullHead::OnlyInGit) | None => None,
        };
        let (id, now, teller) = (job.id, now(), self.teller());
        let act = self.db.act(move |db| {
            let job = jobs::get(db, id)?;
            if job.phase != JobPhase::Queued {
                return Ok(Wanted::No);
            }
            for request in &gone {
                requests::decide(db, request.id, RequestPhase::Withdrawn, Some("its comment was deleted"), None)?;
            }
            if let Some(note) = moved.filter(|_| why.is_none()) {
                jobs::note(db, id, &note)?;
            }
            if let Some(why) = why {
                tell::end(db, &teller, id, &JobEnd::Withdrawn { why: why.to_owned() }, None)?;
            }
            for request in &gone {
                let body = words::answer(&request.comment, WITHDRAWN);
                reports::comment(db, request.id, request.repo, request.pr, &body, now)?;
            }
            Ok(if why.is_some() { Wanted::No } else { Wanted::Yes })
        });
        Ok(act.await?)
    }
}

fn moved_on(sha: &str) -> String {
    let short = sha.get(..8).unwrap_or(sha);
    format!("The head of the pull request is {short} now; what was its head when this was asked for is tested.")
}
