//! `/healthz`: this process answers. `/readyz`: the server can do its work, or why it cannot. `/metrics`: figures.

use super::blocking::answer;
use crate::metrics;
use crate::source::PageSource;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::time::SystemTime;

/// Says that the process answers; nothing is looked at.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Says whether the server can do its work, one reason a line.
pub(super) async fn ready(State(source): State<PageSource>) -> (StatusCode, String) {
    let reasons = &source.board().not_ready;
    if reasons.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, reasons.iter().map(|reason| format!("{reason}\n")).collect())
    }
}

/// What Prometheus measures.
pub(super) async fn measured(State(source): State<PageSource>) -> Response {
    answer(move || {
        let known = source.runs().map(|runs| runs.known).unwrap_or_default();
        let text = metrics::render(&source.board(), &known, SystemTime::now());
        ([(CONTENT_TYPE, metrics::KIND), (CACHE_CONTROL, "no-store")], text).into_response()
    })
    .await
}
