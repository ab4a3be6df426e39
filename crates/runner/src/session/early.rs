//! The folder of a run that has no record yet: there from the first moment, and gone again when no run comes of it.

use crate::error::RunnerError;
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::{RunDir, RunLock};
use cc_ci_store::state::StateFolder;

/// A locked folder that is removed when it is dropped before its record began.
pub(super) struct EarlyFolder {
    dir: RunDir,
    lock: Option<RunLock>,
}

impl EarlyFolder {
    /// Makes the folder. One that is there already is another run's.
    pub(super) fn create(state: &StateFolder, run: &RunId) -> Result<Self, RunnerError> {
        let (dir, lock) = RunDir::create(state, run)?;
        Ok(Self { dir, lock: Some(lock) })
    }

    pub(super) fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// The record has begun: from here on the folder stays.
    pub(super) fn stays(mut self) -> (RunDir, Option<RunLock>) {
        (self.dir.clone(), self.lock.take())
    }
}

impl Drop for EarlyFolder {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // While it is locked, so that nobody takes it for a run that died. What stays is an empty run that retention removes.
            let _still_there = self.dir.remove();
        }
    }
}
