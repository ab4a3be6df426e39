//! The parts of the server. Each looks at everything that is its business, does what is to be done, and waits: for a word from
//! another part, or for its own time. Nothing is lost when a word is, it is only found later.

use crate::core::{Core, ForgeDesk, now};
use crate::db::{DbError, meta, repos};
use crate::intake::Taken;
use crate::trouble::{Trouble, Whose, whose};
use cc_ci_forge::Poke;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often the forge's clock is held against ours.
const CLOCK: Duration = Duration::from_secs(600);

/// A repository that could not be read for so many seconds is told to a person.
const TOLD_AFTER: i64 = 600;

fn desk<'a>(core: &'a Core, name: &str) -> Result<&'a ForgeDesk, DbError> {
    core.forges.get(name).ok_or_else(|| DbError::Corrupt(format!("no forge `{name}`")))
}

/// Looks after the jobs.
pub(super) async fn manage(core: Arc<Core>) -> Result<(), DbError> {
    let mut bell = core.alarm.bell();
    // What drained is a new server now.
    core.db.act(meta::reopen).await?;
    loop {
        bell.listen();
        core.manage().await?;
        bell.rung_within(core.pace.tick).await;
    }
}

/// Takes requests in.
pub(super) async fn take_in(core: Arc<Core>, name: String) -> Result<(), DbError> {
    let desk = desk(&core, &name)?;
    let mut bell = core.alarm.bell();
    loop {
        if let Some(rest) = desk.rest() {
            tokio::time::sleep(rest).await;
        }
        bell.listen();
        match Box::pin(core.take_in(desk)).await {
            Ok(Taken::All) => bell.rung_within(core.pace.tick).await,
            // What concerns one repository keeps nobody else from an answer.
            Ok(Taken::Stuck) => bell.rung_within(core.pace.first_wait).await,
            Err(trouble) => core.went_wrong(desk, trouble).await?,
        }
    }
}

/// Delivers reports.
pub(super) async fn deliver(core: Arc<Core>, name: String) -> Result<(), DbError> {
    let desk = desk(&core, &name)?;
    let mut bell = core.alarm.bell();
    loop {
        if let Some(rest) = desk.rest() {
            tokio::time::sleep(rest).await;
        }
        bell.listen();
        match core.deliver(desk).await {
            Ok(()) => bell.rung_within(core.pace.tick).await,
            Err(trouble) => core.went_wrong(desk, trouble).await?,
        }
    }
}

/// Reads comments: of each repository when its time has come, and at once when a webhook hints at it.
pub(super) async fn read_comments(
    core: Arc<Core>,
    name: String,
    mut hints: mpsc::Receiver<Poke>,
    // Kept, so that the channel stays open where no webhook is taken.
    _open: mpsc::Sender<Poke>,
) -> Result<(), DbError> {
    let desk = desk(&core, &name)?;
    let mut due: BTreeMap<i64, Instant> = BTreeMap::new();
    let mut clock = Instant::now();
    let mut bell = core.alarm.bell();
    loop {
        bell.listen();
        if let Some(rest) = desk.rest() {
            tokio::time::sleep(rest).await;
        }
        if clock <= Instant::now() {
            match desk.known.door.now().await {
                Ok(theirs) => {
                    desk.set_clock(theirs.seconds());
                    // Requests of before wait for it.
                    core.alarm.ring();
                    core.went_well(desk).await?;
                    clock = Instant::now() + CLOCK;
                }
                Err(error) => {
                    core.went_wrong(desk, error.into()).await?;
                    continue;
                }
            }
        }
        let next = poll_due(&core, desk, &mut due).await?;
        let next = next.min(clock).max(Instant::now() + Duration::from_millis(1));
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            // A repository may have been enrolled.
            () = bell.rung() => {}
            Some(hint) = hints.recv() => {
                if let Err(trouble) = core.poked(desk, &hint).await {
                    report(&core, desk, trouble).await?;
                }
            }
        }
    }
}

/// Reads the repositories whose time has come, and says when the next one's comes.
async fn poll_due(core: &Core, desk: &ForgeDesk, due: &mut BTreeMap<i64, Instant>) -> Result<Instant, DbError> {
    let mut next = Instant::now() + core.pace.quiet;
    for repo in core.db.act(|db| repos::enrolled(db)).await? {
        if repo.forge != desk.known.name {
            continue;
        }
        let at = due.get(&repo.id).copied().unwrap_or_else(Instant::now);
        // One whose last look was long ago because nothing happened in it is looked at sooner once something does.
        let at = at.min(Instant::now() + core.until_poll(&repo).await?);
        if at > Instant::now() {
            due.insert(repo.id, at);
            next = next.min(at);
            continue;
        }
        match core.poll(desk, &repo).await {
            Ok(()) => core.went_well(desk).await?,
            Err(Trouble::Forge(error)) => {
                let (id, now, why, name) = (repo.id, now(), error.to_string(), repo.name.to_string());
                let long = repo.failing.as_ref().is_some_and(|(since, _)| now - since > TOLD_AFTER);
                let act = core.db.act(move |db| {
                    repos::failing(db, id, now, &why)?;
                    if long {
                        meta::raise(
                            db,
                            &format!("poll-{id}"),
                            now,
                            &format!("the comments of {name} cannot be read: {why}"),
                        )?;
                    }
                    Ok(())
                });
                act.await?;
                let ours = whose(&error) == Whose::One;
                report(core, desk, error.into()).await?;
                if !ours {
                    return Ok(Instant::now());
                }
            }
            Err(other) => core.went_wrong(desk, other).await?,
        }
        let at = Instant::now() + core.until_poll(&repo).await?;
        due.insert(repo.id, at);
        next = next.min(at);
    }
    Ok(next)
}

/// Trouble with one repository leaves the others alone.
async fn report(core: &Core, desk: &ForgeDesk, trouble: Trouble) -> Result<(), DbError> {
    match trouble {
        Trouble::Forge(error) if whose(&error) == Whose::One => {
            core.say(&format!("forge `{}`: {error}", desk.known.name));
            Ok(())
        }
        other => core.went_wrong(desk, other).await,
    }
}
