//! `/healthz`: this process answers. `/readyz`: the server can do its work, or why it cannot.

use crate::source::PageSource;
use axum::extract::State;
use axum::http::StatusCode;

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
