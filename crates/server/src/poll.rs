//! Reads comments: by a cursor, as the forge's own clock has it. A webhook only makes that happen sooner.

use crate::command::{Heard, hear};
use crate::core::{Core, ForgeDesk, now};
use crate::db::repos::{self, Repo};
use crate::db::requests::{self, Sighting, Via};
use crate::db::{DbError, jobs, meta};
use crate::points::Point;
use crate::trouble::Trouble;
use cc_ci_forge::{Author, Comment, Completeness, ForgeTime, Poke, PullNumber, Thread};
use std::sync::PoisonError;
use std::time::Duration;

/// For so long after a command a repository is looked at often, in seconds.
const LIVELY: i64 = 3600;

/// How far before its cursor a repository is read once by each server. Whatever happened to the clocks while none was there,
/// nothing that would still be obeyed lies further back, and what was seen before is known by its id.
const FIRST_LOOK: Duration = Duration::from_secs(24 * 3600);

/// A repository was enrolled by a clock that was wrong, when that clock shows an earlier time by more seconds than these.
const PUT_BACK: i64 = 60;

/// What a comment is to us when it is seen for the first time in a repository.
pub(crate) fn sighting(comment: &Comment, enrolled_at: i64, via: Via) -> Sighting {
    let (person, pull) = match (&comment.author, comment.thread) {
        (Author::Person(account), Thread::Pull(PullNumber(number))) => (Some(account), number),
        (_, Thread::Pull(PullNumber(number))) => (None, number),
        (_, Thread::Elsewhere) => (None, 0),
    };
    let heard = if comment.written.seconds() < enrolled_at { Heard::Silence } else { hear(&comment.body) };
    let command = match heard {
        Heard::Command(command) if person.is_some() => Some(command),
        Heard::Command(_) | Heard::Silence => None,
    };
    Sighting {
        comment: comment.id.to_string(),
        pr: pull,
        author_id: person.map(|account| account.id.to_string()).unwrap_or_default(),
        author: person.map(|account| account.login.to_string()).unwrap_or_default(),
        command,
        via,
        written: comment.written.seconds(),
        updated: comment.updated.seconds(),
    }
}

/// Since when what is written in a repository is ours, by the clock of its forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Enrolled {
    /// As the clock showed it when the repository was enrolled.
    noted: i64,
    /// What the clock shows now, when it was put back behind that.
    put_back: Option<i64>,
}

impl Enrolled {
    /// Enrolled at `noted` by a clock that now shows `theirs`.
    fn new(noted: i64, theirs: Option<i64>) -> Self {
        Self { noted, put_back: theirs.filter(|theirs| *theirs < noted - PUT_BACK) }
    }

    /// When it was enrolled, by the clock as it goes now.
    fn now(self) -> i64 {
        self.put_back.map_or(self.noted, |theirs| theirs - PUT_BACK)
    }

    /// When it was enrolled, by the clock that a comment of this time was written by: one of a time that is still to come
    /// was written before the clock was put back.
    fn when(self, written: i64) -> i64 {
        if self.put_back.is_some_and(|theirs| written > theirs) { self.noted } else { self.now() }
    }
}

impl Core {
    /// Reads all that is new in a repository.
    pub(crate) async fn poll(&self, desk: &ForgeDesk, repo: &Repo) -> Result<(), Trouble> {
        let Some(known) = repo.cursor else { return Ok(()) };
        let mut cursor = known;
        if !desk.looked_at.lock().unwrap_or_else(PoisonError::into_inner).contains(&repo.id) {
            cursor = cursor.earlier(FIRST_LOOK);
        }
        loop {
            let found = desk.known.door.comments_since(&repo.name, &cursor).await?;
            self.points.reached(Point::CommentsRead).await;
            let theirs = found.date.map(ForgeTime::seconds);
            if let Some(theirs) = theirs {
                desk.set_clock(theirs);
            }
            let enrolled = Enrolled::new(repo.enrolled_at, theirs);
            let since = |comment: &Comment| enrolled.when(comment.written.seconds());
            let seen: Vec<Sighting> =
                found.list.iter().map(|comment| sighting(comment, since(comment), Via::Poll)).collect();
            // What is left of the list is told apart by the time that was noted, too.
            let enrolled_at = match found.completeness {
                Completeness::Whole => enrolled.now(),
                Completeness::More => repo.enrolled_at,
            };
            let (id, now, next) = (repo.id, now(), found.cursor);
            // Only a clock that was put back leads behind what was known.
            let put_back = theirs.is_some_and(|theirs| theirs < known.time().seconds());
            let kept = if put_back { next } else { next.max(known) };
            let new = self.db.act(move |db| {
                let mut new = 0_usize;
                for one in &seen {
                    new += usize::from(requests::see(db, id, one, now)?);
                }
                if new > 0 {
                    repos::heard(db, id, now)?;
                }
                repos::polled(db, id, (kept, enrolled_at), now)?;
                meta::resolve(db, &format!("poll-{id}"))?;
                Ok(new)
            });
            if new.await? > 0 {
                self.points.reached(Point::Delivered).await;
                self.alarm.ring();
            }
            cursor = next;
            if found.completeness == Completeness::Whole {
                desk.looked_at.lock().unwrap_or_else(PoisonError::into_inner).insert(repo.id);
                return Ok(());
            }
        }
    }

    /// What a webhook hints at is looked at now. Whether a comment that was deleted was a request that waits is looked at, too.
    pub(crate) async fn poked(&self, desk: &ForgeDesk, poke: &Poke) -> Result<(), Trouble> {
        let (forge, name) = (desk.known.name.clone(), poke.repo.clone());
        let repo = self.db.act(move |db| repos::find(db, &forge, &name)).await?;
        if let Some(repo) = repo.as_ref().filter(|repo| repo.cursor.is_some()) {
            self.poll(desk, repo).await?;
            self.see_named(desk, repo, poke).await?;
            let (id, comment) = (repo.id, poke.comment.to_string());
            let waits = self.db.act(move |db| {
                let request = requests::of_comment(db, id, &comment)?;
                let job = request.as_ref().and_then(|request| request.job);
                let job = job.map(|job| jobs::get(db, cc_ci_web::board::job::JobId(job))).transpose()?;
                Ok(job.filter(|job| job.phase == jobs::JobPhase::Queued))
            });
            if let Some(job) = waits.await? {
                self.still_wanted(desk, repo, &job).await?;
            }
            return Ok(());
        }
        let found = desk.known.door.comment(&poke.repo, &poke.comment).await?;
        let Some(comment) = found else { return Ok(()) };
        let seen = sighting(&comment, 0, Via::Hook);
        if seen.command.is_none() {
            return Ok(());
        }
        let (forge, name, now) = (desk.known.name.clone(), poke.repo.clone(), now());
        self.db.act(move |db| requests::see(db, repos::stranger(db, &forge, &name)?.id, &seen, now)).await?;
        self.alarm.ring();
        Ok(())
    }

    /// Looks at the comment that a webhook names, when no list had it: its time may be one that was read long ago.
    async fn see_named(&self, desk: &ForgeDesk, repo: &Repo, poke: &Poke) -> Result<(), Trouble> {
        let (id, comment) = (repo.id, poke.comment.to_string());
        if self.db.act(move |db| requests::is_known(db, id, &comment)).await? {
            return Ok(());
        }
        let Some(comment) = desk.known.door.comment(&poke.repo, &poke.comment).await? else { return Ok(()) };
        let (seen, now) = (sighting(&comment, repo.enrolled_at, Via::Hook), now());
        if self.db.act(move |db| requests::see(db, id, &seen, now)).await? {
            self.alarm.ring();
        }
        Ok(())
    }

    /// How long until a repository is looked at again.
    pub(crate) async fn until_poll(&self, repo: &Repo) -> Result<Duration, DbError> {
        let (id, now_s) = (repo.id, now());
        let open = self.db.act(move |db| jobs::open_of_repo(db, id)).await?;
        let heard = repo.heard_at.is_some_and(|at| now_s - at < LIVELY);
        Ok(if open > 0 || heard { self.pace.lively } else { self.pace.quiet })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_on_changes_nothing() {
        for theirs in [None, Some(1_000), Some(5_000), Some(1_000 - PUT_BACK)] {
            let enrolled = Enrolled::new(1_000, theirs);
            assert_eq!((enrolled.now(), enrolled.when(0), enrolled.when(9_000)), (1_000, 1_000, 1_000), "{theirs:?}");
        }
    }

    #[test]
    fn a_clock_that_was_put_back_tells_what_was_written_before_from_what_is_written_now() {
        let enrolled = Enrolled::new(100_000, Some(50_000));
        let ours = |written: i64| written >= enrolled.when(written);
        // Written now, by the clock as it goes now.
        assert!(ours(50_000) && ours(50_000 - PUT_BACK));
        // Written long ago by either clock.
        assert!(!ours(40_000));
        // Of a time to come: by the clock of the enrolment, before it and after it.
        assert!(!ours(50_001) && !ours(99_999));
        assert!(ours(100_000) && ours(100_030));
        assert_eq!(enrolled.now(), 50_000 - PUT_BACK);
    }
}
