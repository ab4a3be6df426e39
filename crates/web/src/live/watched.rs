//! Which runs are being watched, each by one reader of its record.

use super::drawing::Drawn;
use cc_ci_model::ids::RunId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What the reader of a record draws.
type Tail = watch::Receiver<Arc<Drawn>>;

/// The runs that are being watched.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    tails: Mutex<HashMap<RunId, Tail>>,
}

impl Watched {
    /// Joins those who watch a run; for the first, `read` begins to read its record.
    pub(crate) fn join(&self, run: &RunId, read: impl FnOnce(watch::Sender<Arc<Drawn>>)) -> Tail {
        let mut tails = self.tails();
        // One whose reader is gone has said all it will say.
        if let Some(tail) = tails.get(run).filter(|tail| tail.has_changed().is_ok()) {
            return tail.clone();
        }
        let (publish, drawn) = watch::channel(Arc::new(Drawn::default()));
        tails.insert(run.clone(), drawn.clone());
        read(publish);
        drawn
    }

    /// Whether nobody looks on any more; then nobody joins this reader either.
    pub(crate) fn is_left_alone(&self, run: &RunId, publish: &watch::Sender<Arc<Drawn>>) -> bool {
        let mut tails = self.tails();
        // One receiver is kept here.
        let alone = publish.receiver_count() <= 1;
        if alone {
            tails.remove(run);
        }
        alone
    }

    /// Lets nobody join a reader that is at its end. Whoever joined before is still told what it said last.
    pub(crate) fn forget(&self, run: &RunId) {
        self.tails().remove(run);
    }

    fn tails(&self) -> MutexGuard<'_, HashMap<RunId, Tail>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
