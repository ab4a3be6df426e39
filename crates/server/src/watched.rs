//! Which claims somebody waits for. All of it can be lost: it is found again by looking.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Jobs whose claim somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<BTreeSet<i64>>);

impl Watched {
    /// Whether nobody waited for the claim of a job; from now on somebody does.
    pub(crate) fn begin(&self, job: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job)
    }

    /// Nobody waits for it any more.
    pub(crate) fn end(&self, job: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
    }
}
