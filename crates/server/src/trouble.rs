//! What goes wrong with a forge, a copy or the database, and what follows from it.

use crate::core::{Core, ForgeDesk, now, now_ms};
use crate::db::{DbError, meta};
use crate::mirror::MirrorError;
use cc_ci_forge::{ForgeError, ForgeFault};
use std::sync::atomic::Ordering;

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The forge gave no answer that means something.
    Forge(ForgeError),
    /// The copy of the repository cannot be had.
    Mirror(String),
    /// The database failed, which ends the server.
    Db(DbError),
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<ForgeError> for Trouble {
    fn from(error: ForgeError) -> Self {
        Self::Forge(error)
    }
}

impl From<MirrorError> for Trouble {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(error.to_string())
    }
}

/// After so many seconds without an answer a person is told.
const TOLD_AFTER: i64 = 600;

/// Whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Everything on the forge is concerned.
    Forge,
    /// Our token is refused everywhere.
    Token,
    /// One repository or one thread.
    One,
}

/// Whose trouble an error is.
pub(crate) const fn whose(error: &ForgeError) -> Whose {
    match &error.fault {
        ForgeFault::Unreachable(_)
        | ForgeFault::Late(_)
        | ForgeFault::Cut
        | ForgeFault::Busy { .. }
        | ForgeFault::Broken(_)
        | ForgeFault::Senseless { .. }
        | ForgeFault::Strange(_) => Whose::Forge,
        ForgeFault::TokenRefused | ForgeFault::ScopeMissing => Whose::Token,
        ForgeFault::TooLong(_)
        | ForgeFault::Endless(_)
        | ForgeFault::Forbidden
        | ForgeFault::NotFound
        | ForgeFault::Moved(_) => Whose::One,
    }
}

impl Core {
    /// The forge answered.
    pub(crate) async fn went_well(&self, desk: &ForgeDesk) -> Result<(), DbError> {
        desk.answered.store(now(), Ordering::Relaxed);
        if desk.failures.swap(0, Ordering::Relaxed) > 0 {
            desk.failing_since.store(0, Ordering::Relaxed);
            self.say(&format!("forge `{}`: it answers again", desk.known.name));
            self.settled(desk).await?;
        }
        Ok(())
    }

    /// The alerts about a forge are over.
    pub(crate) async fn settled(&self, desk: &ForgeDesk) -> Result<(), DbError> {
        let name = desk.known.name.clone();
        let keys = [format!("forge-away-{name}"), format!("token-{name}")];
        self.db.act(move |db| keys.iter().try_for_each(|key| meta::resolve(db, key))).await
    }

    /// Something did not go well: the forge is left alone for a while, and after a longer one a person is told. Trouble of the
    /// database is handed back.
    pub(crate) async fn went_wrong(&self, desk: &ForgeDesk, trouble: Trouble) -> Result<(), DbError> {
        let error = match trouble {
            Trouble::Db(error) => return Err(error),
            Trouble::Mirror(why) => {
                self.say(&format!("forge `{}`: {why}", desk.known.name));
                let rest = self.growth().after(1, cc_ci_forge::Again::Later, 0);
                desk.rest_for(rest);
                return Ok(());
            }
            Trouble::Forge(error) => error,
        };
        self.say(&format!("forge `{}`: {error}", desk.known.name));
        let failures = desk.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let chance = u32::try_from(now_ms() % 256).unwrap_or(0);
        desk.rest_for(self.growth().after(failures, error.again(), chance));
        let now = now();
        let started = desk.failing_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        let since = started.err().unwrap_or(now);
        let name = &desk.known.name;
        let alert = match whose(&error) {
            Whose::Token => {
                Some((format!("token-{name}"), format!("{error}; give the bot a token with the scopes of the guide")))
            }
            Whose::Forge if now - since > TOLD_AFTER => {
                Some((format!("forge-away-{name}"), format!("{error}; requests and reports wait until it answers")))
            }
            Whose::Forge | Whose::One => None,
        };
        let Some((key, text)) = alert else { return Ok(()) };
        self.db.act(move |db| meta::raise(db, &key, now, &text)).await
    }
}
