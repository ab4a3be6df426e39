//! `/runs/<id>/<file>`: what a run left for others to see, by a list, and under a policy that lets nothing in it run.

use super::blocking::answer;
use crate::rows::RunRow;
use crate::source::PageSource;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
};
use axum::response::{IntoResponse, Response};
use cc_ci_model::ids::RunId;
use cc_ci_model::report::life::Life;
use cc_ci_store::serving::{self, ShownFile};
use tokio_util::io::ReaderStream;

/// What an app or a test printed must not become a page of ours.
const POLICY: HeaderValue =
    HeaderValue::from_static("sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'");

/// One file of a run.
pub(super) async fn file(State(source): State<PageSource>, Path((id, name)): Path<(String, String)>) -> Response {
    answer(move || {
        let (Ok(run), Some(file)) = (RunId::parse(&id), ShownFile::parse(&name)) else { return super::nothing() };
        let Some((dir, row)) = source.run(&run) else { return super::nothing() };
        let Ok(Some(open)) = serving::open(&dir, &file) else { return super::nothing() };
        let Ok(length) = open.metadata().map(|about| about.len()) else { return super::nothing() };
        let life = match &row {
            RunRow::Known(known) => known.life,
            RunRow::Unknown(unknown) => unknown.life,
        };
        let kept = match life {
            // Its reports are drawn once more after the end of its record; an hour later nothing changes.
            Life::Over => "public, max-age=3600",
            Life::Preparing | Life::Running | Life::Died => "no-store",
        };
        // A file that grows meanwhile is sent as long as it was.
        let bytes = ReaderStream::new(tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(open), length));
        let mut response = Body::from_stream(bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind(file.name())));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
        response
    })
    .await
}

/// What a browser takes a file for; a text is never anything else.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("xml") => "text/xml; charset=utf-8",
        Some(_) | None => "text/plain; charset=utf-8",
    }
}
