//! Delivers reports: what a forge should show is brought there, once, however often it was away.

use crate::core::{Core, ForgeDesk, now};
use crate::db::reports::{self, Report, Target};
use crate::db::repos::{self, Repo};
use crate::db::{DbError, meta};
use crate::points::Point;
use crate::trouble::{Trouble, Whose, whose};
use crate::words::StatusWords;
use cc_ci_forge::{CommentId, CommitSha, CommitStatus, EditAnswer, PullNumber, SayAnswer, StatusAnswer};
use std::time::Duration;

/// A status whose commit the forge does not know is tried so often.
const STATUS_TRIES: u32 = 10;

/// What became of one report.
enum Delivery {
    /// It stands there.
    Done,
    /// It will never stand there.
    Never(&'static str),
    /// Later, perhaps.
    Later,
}

impl Core {
    /// Delivers all that is due on a forge.
    pub(crate) async fn deliver(&self, desk: &ForgeDesk) -> Result<(), Trouble> {
        let (name, now) = (desk.known.name.clone(), now());
        let longest = seconds(self.growth().longest()).saturating_add(1);
        for report in self.db.act(move |db| reports::due(db, &name, now, longest)).await? {
            let repo = report.repo;
            let repo = self.db.act(move |db| repos::get(db, repo)).await?;
            let id = report.id;
            self.db.act(move |db| reports::trying(db, id)).await?;
            let delivered = match &report.target {
                Target::Comment { own, .. } => self.comment(desk, &repo, &report, own.as_ref()).await,
                Target::Status { sha, context } => self.status(desk, &repo, &report, (sha, context)).await,
            };
            match delivered {
                Ok(Delivery::Done) => {}
                Ok(Delivery::Never(why)) => self.give_up(&report, &repo, why).await?,
                Ok(Delivery::Later) => self.put_off(&report).await?,
                Err(Trouble::Forge(error)) if whose(&error) == Whose::One => {
                    self.say(&error.to_string());
                    self.give_up(&report, &repo, "the forge does not let us").await?;
                }
                Err(Trouble::Forge(error)) => {
                    self.put_off(&report).await?;
                    return Err(error.into());
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// A comment: a new one, or another text for ours. One whose answer was lost is looked for before it is written again.
    async fn comment(
        &self,
        desk: &ForgeDesk,
        repo: &Repo,
        report: &Report,
        own: Option<&CommentId>,
    ) -> Result<Delivery, Trouble> {
        let (door, pull) = (&desk.known.door, PullNumber(report.pr));
        let mut own = own.cloned();
        if own.is_none() && report.tries > 0 {
            let line = report.body.lines().next().unwrap_or_default();
            let ours = door.own_comments(&repo.name, pull).await?;
            let found = ours.into_iter().find(|comment| comment.body.lines().next() == Some(line));
            if let Some(found) = found {
                let (id, comment) = (report.id, found.id.clone());
                self.db.act(move |db| reports::known(db, id, &comment)).await?;
                if found.body == report.body {
                    return self.sent(report).await;
                }
                own = Some(found.id);
            }
        }
        let Some(own) = own else { return self.say_new(desk, repo, report).await };
        match door.edit(&repo.name, &own, &report.body).await? {
            EditAnswer::Edited => self.sent(report).await,
            EditAnswer::NotOurs => Ok(Delivery::Never("our comment may not be edited")),
            EditAnswer::Archived => Ok(Delivery::Never("the repository is archived")),
            EditAnswer::Gone => Ok(Delivery::Never("our comment was deleted")),
            EditAnswer::BadText => Ok(Delivery::Never("the forge does not take the text")),
        }
    }

    async fn say_new(&self, desk: &ForgeDesk, repo: &Repo, report: &Report) -> Result<Delivery, Trouble> {
        match desk.known.door.say(&repo.name, PullNumber(report.pr), &report.body).await? {
            SayAnswer::Said(comment) => {
                self.points.reached(Point::CommentSaid).await;
                let (id, revision, key) = (report.id, report.revision, alert(report));
                let act = self.db.act(move |db| {
                    reports::known(db, id, &comment)?;
                    meta::resolve(db, &key)?;
                    reports::sent(db, id, revision)
                });
                act.await?;
                Ok(Delivery::Done)
            }
            SayAnswer::Locked => Ok(Delivery::Never("the conversation is locked")),
            SayAnswer::Archived => Ok(Delivery::Never("the repository is archived")),
            SayAnswer::Gone => Ok(Delivery::Never("the pull request is gone")),
            SayAnswer::BadText => Ok(Delivery::Never("the forge does not take the text")),
        }
    }

    async fn status(
        &self,
        desk: &ForgeDesk,
        repo: &Repo,
        report: &Report,
        (sha, context): (&CommitSha, &str),
    ) -> Result<Delivery, Trouble> {
        // Who gives no token for statuses wants none.
        let Some(door) = &desk.known.statuses else { return self.sent(report).await };
        let words: StatusWords =
            serde_json::from_str(&report.body).map_err(|error| DbError::Corrupt(format!("a status: {error}")))?;
        let context = context.to_owned();
        let StatusWords { state, description, url } = words;
        let status = CommitStatus { state: state.into(), target_url: url, description, context };
        match door.status(&repo.name, sha, &status).await? {
            StatusAnswer::Sent => {
                self.points.reached(Point::StatusSet).await;
                self.sent(report).await
            }
            StatusAnswer::NotAllowed => Ok(Delivery::Never("the token may not write code, which statuses need")),
            StatusAnswer::Archived => Ok(Delivery::Never("the repository is archived")),
            StatusAnswer::NoSuchCommit if report.tries >= STATUS_TRIES => {
                Ok(Delivery::Never("the forge does not know the commit"))
            }
            StatusAnswer::NoSuchCommit => Ok(Delivery::Later),
        }
    }

    async fn sent(&self, report: &Report) -> Result<Delivery, Trouble> {
        let (id, revision, key) = (report.id, report.revision, alert(report));
        let act = self.db.act(move |db| {
            meta::resolve(db, &key)?;
            reports::sent(db, id, revision)
        });
        act.await?;
        Ok(Delivery::Done)
    }

    /// Tries again later, for a day.
    async fn put_off(&self, report: &Report) -> Result<(), DbError> {
        let now = now();
        let wait = seconds(self.growth().after(report.tries + 1, cc_ci_forge::Again::Later, report.tries));
        // By the clock alone, one that jumps would end it.
        let enough = self.growth().tries_within(self.pace.give_up);
        let over = now - report.since > seconds(self.pace.give_up) && report.tries >= enough;
        let id = report.id;
        let act = self.db.act(move |db| {
            if over {
                reports::give_up(db, id, "the forge was away for too long")
            } else {
                reports::later(db, id, now.saturating_add(wait))
            }
        });
        act.await
    }

    async fn give_up(&self, report: &Report, repo: &Repo, why: &'static str) -> Result<(), DbError> {
        let place = format!("{} #{}", repo.name, report.pr);
        let what = match report.target {
            Target::Comment { .. } => "the answer",
            Target::Status { .. } => "the status",
        };
        self.say(&format!("{place}: {what} cannot be delivered: {why}"));
        let (id, now, key) = (report.id, now(), alert(report));
        let act = self.db.act(move |db| {
            reports::give_up(db, id, why)?;
            meta::raise(db, &key, now, &format!("{what} on {place} cannot be delivered: {why}"))
        });
        act.await
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// What a person is told by: once for each kind of report in a repository, until one is delivered there again.
fn alert(report: &Report) -> String {
    match report.target {
        Target::Comment { .. } => format!("comments-{}", report.repo),
        Target::Status { .. } => format!("statuses-{}", report.repo),
    }
}
