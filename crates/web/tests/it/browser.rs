//! Asks the router as a browser would, without a socket between.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use cc_ci_store::state::StateFolder;
use cc_ci_web::board::Board;
use cc_ci_web::source::PageSource;
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::watch;
use tower_service::Service;

/// A server's pages over a state folder that is removed with it.
pub(crate) struct Browser {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) publish: watch::Sender<Arc<Board>>,
    source: PageSource,
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (publish, board) = watch::channel(Arc::new(Board::starting(SystemTime::now())));
        let source = PageSource::new(StateFolder::open(folder.path()).unwrap(), board);
        Self { folder, publish, source }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = cc_ci_web::router(self.source.clone()).call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Page { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}
