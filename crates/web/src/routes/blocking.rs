//! Reading folders takes a moment: it is done beside the threads that answer.

use crate::live::beside;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Makes an answer where reading a file may take its time.
pub(super) async fn answer(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let failed = |_| (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made\n").into_response();
    beside(work).await.unwrap_or_else(failed)
}
