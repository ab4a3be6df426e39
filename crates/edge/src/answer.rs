//! Answers the proxy gives itself, each marked so that no check takes it for the app's.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Response, StatusCode};

/// The header, in lower case, that every answer of the proxy itself carries and no forwarded one does.
pub const MARK_HEADER: &str = "x-cc-ci-edge";

/// The header, in lower case, that says why the proxy answered itself, if there is more to say than the mark.
pub const REASON_HEADER: &str = "x-cc-ci-edge-reason";

/// The body of any answer.
pub(crate) type Body = BoxBody<Bytes, hyper::Error>;

/// Why the proxy answered itself: the value of [`MARK_HEADER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// 404: no router takes the request.
    NoRoute,
    /// 502: the back end cannot be reached, or broke off before its answer began.
    BadGateway,
    /// 301, 302, 307 or 308: a router or the entry point sends the client elsewhere.
    Redirect,
    /// 400: the request names no host, or has no path.
    BadRequest,
    /// 431: the headers are larger than the proxy takes.
    HeadersTooLarge,
    /// 200: the proxy tells which routes it follows.
    Status,
}

impl Mark {
    const ALL: [Self; 6] =
        [Self::NoRoute, Self::BadGateway, Self::Redirect, Self::BadRequest, Self::HeadersTooLarge, Self::Status];

    /// The value in [`MARK_HEADER`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRoute => "no-route",
            Self::BadGateway => "bad-gateway",
            Self::Redirect => "redirect",
            Self::BadRequest => "bad-request",
            Self::HeadersTooLarge => "headers-too-large",
            Self::Status => "status",
        }
    }

    /// The mark with this value, if there is one.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.as_str() == value)
    }
}

/// An answer with a line of text and, for everything but a status, the reason as a header too.
pub(crate) fn text(status: StatusCode, mark: Mark, reason: &str) -> Response<Body> {
    let mut response = plain(status, mark, format!("cc-ci-edge: {reason}\n"), "text/plain; charset=utf-8");
    // A reason with line breaks or other controls stays in the body only.
    if let Ok(reason) = HeaderValue::from_str(reason) {
        response.headers_mut().insert(REASON_HEADER, reason);
    }
    response
}

/// An answer that sends the client to `location`.
pub(crate) fn redirect(status: StatusCode, location: &str) -> Response<Body> {
    match HeaderValue::from_str(location) {
        Ok(value) => {
            let reason = format!("redirected to {}", without_query(location));
            let mut response = text(status, Mark::Redirect, &reason);
            response.headers_mut().insert(LOCATION, value);
            response
        }
        Err(_) => text(StatusCode::BAD_REQUEST, Mark::BadRequest, "the host is not text"),
    }
}

/// An answer with JSON.
pub(crate) fn json(mark: Mark, body: &serde_json::Value) -> Response<Body> {
    plain(StatusCode::OK, mark, format!("{body}\n"), "application/json")
}

fn plain(status: StatusCode, mark: Mark, body: String, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::from(body).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // A browser must not keep a redirect or an error of a run for the next one.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(MARK_HEADER, HeaderValue::from_static(mark.as_str()));
    response
}

fn without_query(location: &str) -> &str {
    location.split('?').next().unwrap_or(location)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_reads_back() {
        for mark in Mark::ALL {
            assert_eq!(Mark::parse(mark.as_str()), Some(mark));
        }
        assert_eq!(Mark::parse("other"), None);
    }

    #[test]
    fn a_reason_with_a_line_break_is_in_the_body_only() {
        let response = text(StatusCode::BAD_GATEWAY, Mark::BadGateway, "a\nb");
        assert!(!response.headers().contains_key(REASON_HEADER));
        assert_eq!(response.headers()[MARK_HEADER], "bad-gateway");
    }
}
