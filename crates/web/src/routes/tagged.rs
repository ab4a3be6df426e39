//! Answers that a reader keeps and asks for again: only what changed is sent.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// The text with its tag, or that it is the one the reader has.
pub(super) fn tagged(asked: &HeaderMap, kind: &'static str, text: String) -> Response {
    let digest = Sha256::digest(text.as_bytes());
    let tag = format!("\"{}\"", hex::encode(&digest[..12]));
    let headers = [(CACHE_CONTROL, "no-cache".to_owned()), (ETAG, tag.clone())];
    if knows(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(CONTENT_TYPE, kind)], text).into_response()
}

/// Whether the reader has the text of that tag. A proxy may have weakened it.
fn knows(asked: &HeaderMap, tag: &str) -> bool {
    let tags =
        asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|tags| tags.split(','));
    tags.map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_told_when_it_has_the_text_already() {
        let first = tagged(&HeaderMap::new(), "text/plain", "x".to_owned());
        let tag = first.headers()[ETAG].clone();
        let weak = format!("\"other\", W/{}", tag.to_str().unwrap());
        for (known, status) in [(tag.to_str().unwrap(), 304), (weak.as_str(), 304), ("*", 304), ("\"other\"", 200)] {
            let mut asked = HeaderMap::new();
            asked.insert(IF_NONE_MATCH, known.parse().unwrap());
            assert_eq!(tagged(&asked, "text/plain", "x".to_owned()).status(), status, "{known}");
        }
    }
}
