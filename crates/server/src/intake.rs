//! Takes requests in: who asks, what for, and of which commit. What is decided is one transaction, and it is decided once.

mod accept;
mod short;

use crate::command::Command;
use crate::core::{Core, ForgeDesk, now};
use crate::db::requests::{Request, RequestPhase};
use crate::db::{DbError, meta, reports, repos, requests};
use crate::decide::limits::STRANGERS;
use crate::decide::welcome::{self, FirstSight, Refusal, Standing};
use crate::trouble::{Trouble, Whose, whose};
use crate::words;
use cc_ci_forge::Login;

/// How far requests were taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All are decided.
    All,
    /// One or more cannot be decided yet, for a reason of their own.
    Stuck,
}

impl Core {
    /// Decides about all requests of a forge that nothing is decided about. One whose repository cannot be had keeps no other
    /// from its answer.
    pub(crate) async fn take_in(&self, desk: &ForgeDesk) -> Result<Taken, Trouble> {
        // How old a comment is, its forge's clock says.
        let Some(theirs) = desk.clock() else { return Ok(Taken::Stuck) };
        let name = desk.known.name.clone();
        let mut taken = Taken::All;
        for request in self.db.act(move |db| requests::delivered(db, &name)).await? {
            let why = match Box::pin(self.take_one(desk, request, theirs)).await {
                Ok(()) => {
                    self.alarm.ring();
                    continue;
                }
                Err(Trouble::Mirror(why)) => why,
                Err(Trouble::Forge(error)) if whose(&error) == Whose::One => error.to_string(),
                Err(other) => return Err(other),
            };
            self.say(&format!("forge `{}`: {why}", desk.known.name));
            taken = Taken::Stuck;
        }
        Ok(taken)
    }

    /// Decides about one, at this time of the forge.
    async fn take_one(&self, desk: &ForgeDesk, request: Request, theirs: i64) -> Result<(), Trouble> {
        let id = request.repo;
        let repo = self.db.act(move |db| repos::get(db, id)).await?;
        let seen =
            FirstSight { written: request.written, updated: request.updated, now: theirs, enrolment: repo.enrolment };
        if let Some(refusal) = welcome::at_first_sight(&seen) {
            return self.refuse(request, refusal).await;
        }
        let organisation = desk.known.organisation.clone().map_or_else(|| repo.name.owner().parse::<Login>(), Ok);
        let (Ok(organisation), Ok(author)) = (organisation, request.author.parse::<Login>()) else {
            return self.refuse(request, Refusal::NoMember).await;
        };
        match welcome::standing(desk.known.door.membership(&organisation, &author).await) {
            Standing::Member => self.db.act(|db| meta::resolve(db, "membership-unseen")).await?,
            Standing::Unknown(error) => return Err(error.into()),
            Standing::Refused(refusal) => return self.refuse(request, refusal).await,
        }
        match request.command.clone() {
            Command::Run(wish) => Box::pin(self.accept(desk, &repo, request, wish)).await,
            Command::Help => self.answer(request, words::HELP.to_owned()).await,
            Command::Unclear(why) => self.answer(request, words::unclear(&why)).await,
            Command::Status => self.tell_status(request).await,
            Command::Cancel => self.cancel_all(request).await,
        }
    }

    /// Does not obey, and says so: once to each author on each pull request, and not too often in a repository.
    async fn refuse(&self, request: Request, refusal: Refusal) -> Result<(), Trouble> {
        let now = now();
        let act = self.db.act(move |db| {
            let (before, lately) = requests::refused(db, &request, now)?;
            let said = !before && lately < STRANGERS;
            let why = refusal.words();
            requests::decide(db, request.id, RequestPhase::Refused, said.then_some(why), None)?;
            if refusal == Refusal::Unseen {
                let text = "the bot is no member of the organisation, or not a visible one: make it one, or nobody can ask for runs";
                meta::raise(db, "membership-unseen", now, text)?;
            }
            if said {
                let body = words::answer(&request.comment, &words::refused(why));
                reports::comment(db, request.id, request.repo, request.pr, &body, now)?;
            }
            Ok(())
        });
        Ok(act.await?)
    }

    /// Answers with a text alone.
    pub(super) async fn answer(&self, request: Request, text: String) -> Result<(), Trouble> {
        let now = now();
        let act = self.db.act(move |db| say(db, &request, RequestPhase::Answered, &text, now));
        Ok(act.await?)
    }
}

/// Decides about a request by a text alone.
pub(crate) fn say(
    db: &rusqlite::Connection,
    request: &Request,
    phase: RequestPhase,
    text: &str,
    now: i64,
) -> Result<(), DbError> {
    let line = text.lines().next().unwrap_or_default();
    requests::decide(db, request.id, phase, Some(line), None)?;
    reports::comment(db, request.id, request.repo, request.pr, &words::answer(&request.comment, text), now)
}
