//! Watches over a run's record while it is written.

use cc_ci_engine::run::Cancel;
use cc_ci_model::event::{Listener, RunEnd, Stamped};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_store::recorder::Recorder;

/// Ends the run when its record cannot be written any more: what happens from there on proves nothing.
pub(super) struct RecordGuard {
    pub(super) recorder: Recorder,
    pub(super) cancel: Cancel,
}

impl Listener for RecordGuard {
    fn on_event(&mut self, _event: &Stamped) {
        if let Some(failure) = self.recorder.failure() {
            self.cancel.end(RunEnd::Infrastructure { finding: Finding::new(Cause::DiskFull, failure) });
        }
    }
}
