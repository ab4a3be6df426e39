//! Places where a test can end a server as if it were killed there. In the product nothing happens at them.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// A place between two steps that a crash can fall between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// Comments were read, and are not kept.
    CommentsRead,
    /// A request is kept, and nothing was asked about it.
    Delivered,
    /// The commit is pinned, and the job is not queued.
    Pinned,
    /// The job is queued.
    Queued,
    /// The id of the run is chosen, and no process was started.
    RunChosen,
    /// The process was started, and that is not noted.
    RunStarted,
    /// The run goes on.
    RunGoesOn,
    /// The process ended, and that is not noted.
    RunEnded,
    /// The comment stands there, and its id is not kept.
    CommentSaid,
    /// The status was set, and that is not noted.
    StatusSet,
}

impl Point {
    /// All of them in the order in which a request comes by.
    pub const ALL: [Self; 10] = [
        Self::CommentsRead,
        Self::Delivered,
        Self::Pinned,
        Self::Queued,
        Self::RunChosen,
        Self::RunStarted,
        Self::RunGoesOn,
        Self::RunEnded,
        Self::CommentSaid,
        Self::StatusSet,
    ];
}

/// Whether a server stops at a place.
type Stops = dyn Fn(Point) -> bool + Send + Sync;

/// Who is asked at each place.
#[derive(Clone, Default)]
pub struct Points(Option<Arc<Stops>>);

impl Points {
    /// Stops for ever where `stops` says so.
    #[must_use]
    pub fn stopping(stops: impl Fn(Point) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(stops)))
    }

    /// Stops at one place the first time that it is reached, and tells when it stands there.
    #[must_use]
    pub fn stopping_once(point: Point) -> (Self, Arc<Notify>) {
        let there = Arc::new(Notify::new());
        let (waits, told) = (AtomicBool::new(true), Arc::clone(&there));
        let points = Self::stopping(move |reached| {
            let stops = reached == point && waits.swap(false, Ordering::Relaxed);
            if stops {
                told.notify_one();
            }
            stops
        });
        (points, there)
    }

    /// A place is reached.
    pub(crate) async fn reached(&self, point: Point) {
        if self.0.as_ref().is_some_and(|stops| stops(point)) {
            pending::<()>().await;
        }
    }
}

impl fmt::Debug for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Points").finish()
    }
}
