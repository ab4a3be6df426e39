//! What every page is drawn from: the state folder, what was read from it, and the last board.

use crate::board::Board;
use crate::live::onlookers::Onlookers;
use crate::live::watched::Watched;
use crate::rows::{Rows, RunRow, Runs};
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::{RunDir, RunDirError};
use cc_ci_store::state::StateFolder;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What the pages have; a copy is as good as the first.
#[derive(Debug, Clone)]
pub struct PageSource {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: StateFolder,
    board: watch::Receiver<Arc<Board>>,
    rows: Rows,
    watched: Watched,
    onlookers: Onlookers,
    proxies: Vec<IpAddr>,
    closing: CancellationToken,
}

impl PageSource {
    /// The pages over a state folder and what a server publishes.
    #[must_use]
    pub fn new(state: StateFolder, board: watch::Receiver<Arc<Board>>) -> Self {
        Self::behind(state, board, Vec::new())
    }

    /// The same behind reverse proxies at these addresses, whose word about who asks is believed.
    #[must_use]
    pub fn behind(state: StateFolder, board: watch::Receiver<Arc<Board>>, proxies: Vec<IpAddr>) -> Self {
        let inner = Inner {
            state,
            board,
            rows: Rows::default(),
            watched: Watched::default(),
            onlookers: Onlookers::default(),
            proxies,
            closing: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How the server stands, as it last said.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.inner.board.borrow())
    }

    /// All stored runs.
    pub(crate) fn runs(&self) -> Result<Runs, RunDirError> {
        self.inner.rows.all(&self.inner.state)
    }

    /// One stored run and its folder.
    pub(crate) fn run(&self, run: &RunId) -> Option<(RunDir, RunRow)> {
        self.inner.rows.one(&self.inner.state, run)
    }

    /// The runs that are being watched.
    pub(crate) fn watched(&self) -> &Watched {
        &self.inner.watched
    }

    /// Who looks on.
    pub(crate) fn onlookers(&self) -> &Onlookers {
        &self.inner.onlookers
    }

    /// Reverse proxies that are believed.
    pub(crate) fn proxies(&self) -> &[IpAddr] {
        &self.inner.proxies
    }

    /// Comes when streams have to end, because the server ends.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.inner.closing.clone()
    }
}
