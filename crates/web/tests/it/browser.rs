//! Asks the router as a browser would, without a socket between.

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, Request, StatusCode};
use cc_ci_store::state::StateFolder;
use cc_ci_web::board::Board;
use cc_ci_web::source::PageSource;
use http_body_util::BodyExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::watch;
use tower_service::Service;

/// A server's pages over a state folder that is removed with it.
pub(crate) struct Browser {
    folder: tempfile::TempDir,
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

    pub(crate) fn state(&self) -> StateFolder {
        StateFolder::open(self.folder.path()).unwrap()
    }

    pub(crate) fn run(&self, id: &str) -> PathBuf {
        self.state().runs().join(id)
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.ask(path, &[]).await
    }

    pub(crate) async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let (status, headers, body) = self.call(path, headers).await;
        let bytes = body.collect().await.unwrap().to_bytes();
        Page { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// The answer as it comes.
    pub(crate) async fn stream(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, BodyDataStream) {
        let (status, _, body) = self.call(path, headers).await;
        (status, body.into_data_stream())
    }

    async fn call(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Body) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = cc_ci_web::router(self.source.clone()).call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body)
    }
}

/// Every address that a page links or loads.
pub(crate) fn links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in [" href=\"", " src=\"", " action=\"", " data-live=\""] {
        found.extend(html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")));
    }
    found
}
