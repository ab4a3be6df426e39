//! Puts together what the engine works with. Runs, floors and warm providers differ only in what is named here.

use crate::error::{ErrorKind, RunnerError};
use crate::readiness::Adaptations;
use cc_ci_engine::custom::proofread::KnownReadable;
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::host::findings;
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::pressure::{self, EasedClock};
use cc_ci_engine::provider::Alive;
use cc_ci_engine::run::{Cancel, Keep, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::voice::Voice;
use cc_ci_engine::witness::OtherRuns;
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What differs from one use of the engine to the next.
pub(crate) struct Around<'a> {
    pub(crate) doors: Doors,
    pub(crate) engine: &'a EngineAddress,
    pub(crate) voice: Voice,
    pub(crate) secrets: Secrets,
    pub(crate) keep: Keep,
    pub(crate) ledger: Ledger,
    pub(crate) folder: &'a Path,
    pub(crate) adaptations: &'a Adaptations,
    pub(crate) cancel: &'a Cancel,
    pub(crate) others: OtherRuns,
    pub(crate) alive: Alive,
}

/// A world without camera that holds nothing up and knows no tests.
pub(crate) fn world(around: Around<'_>) -> World {
    World {
        doors: around.doors,
        engine: around.engine.clone(),
        voice: around.voice,
        secrets: around.secrets,
        keep: around.keep,
        ledger: Arc::new(around.ledger),
        folder: around.folder.to_owned(),
        readable: KnownReadable::default(),
        tools_image: findings::TOOLS_IMAGE.to_owned(),
        browser_image: findings::BROWSER_IMAGE.to_owned(),
        camera: None,
        endpoint: around.adaptations.endpoint,
        bounds: around.adaptations.bounds,
        clock: EasedClock::new(pressure::of_this_machine()),
        cancel: around.cancel.clone(),
        alive: around.alive,
        others: around.others,
        promotion: None,
        canonical: None,
        hold: Duration::ZERO,
    }
}

/// Keeps nothing of what is left besides events.
pub(crate) fn keep_nothing() -> Keep {
    Arc::new(|_| Ok(()))
}

/// Opens a ledger in the folder of whatever is about to touch the engine.
pub(crate) fn ledger(folder: &Path, run: &RunId) -> Result<Ledger, RunnerError> {
    Ledger::create(folder, run)
        .map_err(|error| RunnerError::new(ErrorKind::Infrastructure, crate::error::chain(&error)))
}

/// Says whether a run of this state folder is alive. When that cannot be told, it is.
pub(crate) fn alive(state: &StateFolder) -> Alive {
    let state = state.clone();
    Arc::new(move |run| RunDir::open(&state, run).is_ok_and(|dir| dir.is_running().unwrap_or(true)))
}
