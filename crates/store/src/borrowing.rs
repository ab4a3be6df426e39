//! Who uses a warm provider now: runs that borrow it share it, and whoever updates it or takes it down has it alone (WARM-5).
//!
//! ```text
//! <state>/borrowed/<recipe>/gate   shared by a run for the moment in which it borrows; held alone by whoever lets nobody in
//!                           use    shared by every run for as long as it borrows; held alone once none is left
//! ```
//!
//! Two locks and not one, so that runs that come and go cannot keep an update waiting for ever.

use crate::state::StateFolder;
use crate::whole::{self, Held, StateFileError};
use cc_ci_model::ids::RecipeName;
use std::path::PathBuf;

/// A provider that a run borrows, for as long as this lives.
#[derive(Debug)]
pub struct Borrowed {
    _held: Held,
}

/// The right to let nobody borrow a provider any more.
#[derive(Debug)]
pub struct ClosedGate {
    used: PathBuf,
    _held: Held,
}

/// The right to do with a provider whatever has to be done: nobody uses it, and nobody begins to.
#[derive(Debug)]
pub struct Alone {
    _gate: ClosedGate,
    _held: Held,
}

/// Borrows a provider; `None` while somebody has it alone, or wants to.
pub fn borrow(state: &StateFolder, recipe: &RecipeName) -> Result<Option<Borrowed>, StateFileError> {
    let folder = folder(state, recipe)?;
    let Some(_let_in) = whole::try_share(&folder.join("gate"))? else { return Ok(None) };
    Ok(whole::try_share(&folder.join("use"))?.map(|held| Borrowed { _held: held }))
}

/// Lets nobody in any more; `None` while somebody else does that, or for the moment in which somebody borrows.
pub fn close(state: &StateFolder, recipe: &RecipeName) -> Result<Option<ClosedGate>, StateFileError> {
    let folder = folder(state, recipe)?;
    let held = whole::try_lock(&folder.join("gate"))?;
    Ok(held.map(|held| ClosedGate { used: folder.join("use"), _held: held }))
}

impl ClosedGate {
    /// Has the provider alone; the gate comes back while somebody still uses it.
    pub fn alone(self) -> Result<Result<Alone, Self>, StateFileError> {
        Ok(match whole::try_lock(&self.used)? {
            Some(held) => Ok(Alone { _gate: self, _held: held }),
            None => Err(self),
        })
    }
}

fn folder(state: &StateFolder, recipe: &RecipeName) -> Result<PathBuf, StateFileError> {
    let folder = state.borrowed().join(recipe.as_str());
    whole::make_folder(&folder)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_share_a_provider_and_nobody_gets_in_while_somebody_waits_for_it() {
        let root = tempfile::tempdir().unwrap();
        let state = StateFolder::open(root.path()).unwrap();
        let (shop, other) = (RecipeName::parse("shop").unwrap(), RecipeName::parse("gate").unwrap());
        let one = borrow(&state, &shop).unwrap().unwrap();
        let two = borrow(&state, &shop).unwrap().unwrap();
        let gate = close(&state, &shop).unwrap().unwrap();
        assert!(close(&state, &shop).unwrap().is_none(), "one at a time waits");
        assert!(borrow(&state, &shop).unwrap().is_none(), "nobody gets in any more");
        assert!(borrow(&state, &other).unwrap().is_some(), "another provider has locks of its own");
        drop(one);
        let gate = gate.alone().unwrap().unwrap_err();
        drop(two);
        let alone = gate.alone().unwrap().unwrap();
        assert!(borrow(&state, &shop).unwrap().is_none());
        drop(alone);
        assert!(borrow(&state, &shop).unwrap().is_some());
        // Who gives up waiting lets everybody in again.
        drop(close(&state, &shop).unwrap().unwrap());
        assert!(borrow(&state, &shop).unwrap().is_some());
    }
}
