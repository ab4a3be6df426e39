//! The style, the script and the icon that pages load.

use crate::frame::{SCRIPT, STYLE};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

/// The address holds the tag of the content.
const KEPT: &str = "public, max-age=31536000, immutable";

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, KEPT)], STYLE.text.as_str())
}

pub(super) async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, KEPT)], SCRIPT.text.as_str())
}

pub(super) async fn icon() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")];
    (headers, include_str!("../../templates/icon.svg"))
}

pub(super) async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}
