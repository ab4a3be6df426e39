//! Sees to it that a record which has begun gets an end before its run gives the lock back.

use cc_ci_engine::run::Cancel;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, Listener, RunEnd, Stamped};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_store::recorder::Recorder;
use cc_ci_store::run_dir::RunLock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the record has its last event. Clones tell the same.
#[derive(Clone, Default)]
pub(super) struct Ended(Arc<AtomicBool>);

/// Watches over a run's record while it is written. To be told of each event after the recorder was.
pub(super) struct RecordGuard {
    pub(super) recorder: Recorder,
    pub(super) cancel: Cancel,
    pub(super) ended: Ended,
}

impl Listener for RecordGuard {
    fn on_event(&mut self, event: &Stamped) {
        if matches!(event.event, Event::RunEnded { .. }) {
            self.ended.0.store(true, Ordering::Release);
        }
        // What happens once the record cannot be written any more proves nothing.
        if let Some(failure) = self.recorder.failure() {
            self.cancel.end(RunEnd::Infrastructure { finding: Finding::new(Cause::DiskFull, failure) });
        }
    }
}

/// The lock of a run whose record has begun. Where a panic drops it, the record gets its end first: without one, everybody
/// would take the run for one that was killed.
pub(super) struct LastWord {
    pub(super) voice: Voice,
    pub(super) recorder: Recorder,
    pub(super) ended: Ended,
    /// Given back behind the last word.
    pub(super) lock: Option<RunLock>,
}

impl Drop for LastWord {
    fn drop(&mut self) {
        if !self.ended.0.load(Ordering::Acquire) {
            let end = RunEnd::Broken { error: "the run stopped with a bug before its record was closed".to_owned() };
            // The bug may be in whoever listens. The recorder has heard it by then.
            let _deaf = catch_unwind(AssertUnwindSafe(|| self.voice.say(Event::RunEnded { end })));
            // Whoever judges the record finds out what is missing.
            let _lost = self.recorder.finish();
        }
        drop(self.lock.take());
    }
}
