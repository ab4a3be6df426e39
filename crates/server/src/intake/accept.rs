//! A run that is asked for: its commit is found, kept, and put into the queue.

use super::say;
use crate::command::Wish;
use crate::core::{Core, ForgeDesk, now};
use crate::db::jobs::{self, NewJob};
use crate::db::repos::Repo;
use crate::db::requests::{self, Request, RequestPhase};
use crate::decide::limits;
use crate::mirror::{Mirror, Origin};
use crate::points::Point;
use crate::tell::{self, Shown};
use crate::trouble::Trouble;
use crate::words;
use cc_ci_forge::{CommitSha, PullAnswer, PullHead, PullNumber, PullState};
use cc_ci_web::board::job::Lane;

/// How often a head that moves while it is fetched is looked at again.
const LOOKS: u32 = 3;

/// What a pull request comes to.
enum Head {
    /// This commit, which is in the copy.
    At(CommitSha),
    /// It is not to be tested.
    Not(&'static str),
}

impl Core {
    /// Obeys: the commit is fixed now, whatever is pushed later.
    pub(super) async fn accept(
        &self,
        desk: &ForgeDesk,
        repo: &Repo,
        request: Request,
        wish: Wish,
    ) -> Result<(), Trouble> {
        let now = now();
        let asked = request.clone();
        if let Some(why) = self.db.act(move |db| Ok(limits::too_much(&requests::load(db, &asked, now)?))).await? {
            let act = self.db.act(move |db| say(db, &request, RequestPhase::Refused, &words::refused(&why), now));
            return Ok(act.await?);
        }
        let mirror = self.mirrors.of(&repo.forge, &repo.name);
        let sha = match self.head(desk, repo, &request, &mirror).await? {
            Head::At(sha) => sha,
            Head::Not(why) => {
                let act = self.db.act(move |db| say(db, &request, RequestPhase::Refused, &words::refused(why), now));
                return Ok(act.await?);
            }
        };
        mirror.pin(request.id, &sha).await?;
        self.points.reached(Point::Pinned).await;
        let teller = self.teller();
        let act = self.db.act(move |db| {
            let open = jobs::open_of_pull(db, request.repo, request.pr)?;
            let same = |job: &&jobs::JobRow| {
                job.phase == jobs::JobPhase::Queued && job.sha == sha && job.wish == wish && job.lane == Lane::Pull
            };
            let job = match open.iter().find(same) {
                Some(job) => job.id,
                None => {
                    let lane = Lane::Pull;
                    let job = NewJob { repo: request.repo, pr: request.pr, sha: &sha, wish: &wish, lane };
                    jobs::queue(db, &job, now)?
                }
            };
            requests::decide(db, request.id, RequestPhase::Accepted, None, Some(job.0))?;
            tell::job(db, &teller, job, Shown::default())?;
            tell::queue(db, &teller)
        });
        act.await?;
        self.points.reached(Point::Queued).await;
        Ok(())
    }

    /// The commit that a pull request wants to bring in, fetched.
    async fn head(&self, desk: &ForgeDesk, repo: &Repo, request: &Request, mirror: &Mirror) -> Result<Head, Trouble> {
        let number = PullNumber(request.pr);
        let origin = Origin { forge: &desk.known.url, repo: &repo.name, token: &desk.known.token };
        let mut last = None;
        for _look in 0..LOOKS {
            let wanted = match desk.known.door.pull(&repo.name, number).await? {
                PullAnswer::NotFound => return Ok(Head::Not("there is no such pull request")),
                PullAnswer::Found(pull) => match (pull.state, pull.head) {
                    (PullState::Closed, _) => return Ok(Head::Not("the pull request is closed")),
                    (PullState::Merged, _) => return Ok(Head::Not("the pull request is merged")),
                    (PullState::Open, PullHead::At(sha)) => Some(sha),
                    (PullState::Open, PullHead::OnlyInGit) => None,
                },
                PullAnswer::OnlyInGit(_) => None,
            };
            let found = mirror.fetch(&origin, number).await?;
            match wanted {
                None => return Ok(Head::At(found)),
                Some(sha) if mirror.has(&sha).await => return Ok(Head::At(sha)),
                Some(sha) => last = Some(sha),
            }
        }
        let gone = last.map_or_else(String::new, |sha| format!(": {sha} is not in the repository"));
        Err(Trouble::Mirror(format!("the head of the pull request moves{gone}")))
    }
}
