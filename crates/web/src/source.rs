//! What every page is drawn from: the state folder and the last board.

use crate::board::Board;
use cc_ci_store::state::StateFolder;
use std::sync::Arc;
use tokio::sync::watch;

/// What the pages have; a copy is as good as the first.
#[derive(Debug, Clone)]
pub struct PageSource {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: StateFolder,
    board: watch::Receiver<Arc<Board>>,
}

impl PageSource {
    /// The pages over a state folder and what a server publishes.
    #[must_use]
    pub fn new(state: StateFolder, board: watch::Receiver<Arc<Board>>) -> Self {
        Self { inner: Arc::new(Inner { state, board }) }
    }

    /// The folder the runs are in.
    #[must_use]
    pub fn state(&self) -> &StateFolder {
        &self.inner.state
    }

    /// How the server stands, as it last said.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.inner.board.borrow())
    }
}
