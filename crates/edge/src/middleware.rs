//! What a router's middlewares make of a request: another target, or an answer in its place.

use hyper::http::uri::{InvalidUri, PathAndQuery};
use hyper::{Method, StatusCode, Uri};

use crate::routes::Middleware;
use crate::table::EntryPoint;

/// What is left of a request after the middlewares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Forward it to this target, with these prefixes taken off.
    Forward { target: PathAndQuery, stripped: Vec<String> },
    /// Send the client elsewhere.
    Redirect(Redirect),
}

/// Where a client is sent, and with which status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
}

/// Applies middlewares in order.
///
/// # Errors
/// When a path cannot be written again after a prefix was taken off.
pub(crate) fn apply(
    middlewares: &[Middleware],
    entry: EntryPoint,
    host: &str,
    method: &Method,
    uri: &Uri,
) -> Result<Applied, InvalidUri> {
    let mut target = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut stripped = Vec::new();
    for middleware in middlewares {
        match middleware {
            Middleware::RedirectScheme { scheme, port, permanent } => {
                if scheme_of(entry) != scheme {
                    let lasting = if *permanent { Lasting::Forever } else { Lasting::ForNow };
                    let redirect = redirect(scheme, *port, host, method, &target, lasting);
                    return Ok(Applied::Redirect(redirect));
                }
            }
            Middleware::StripPrefix { prefixes } => {
                let fitting = prefixes.iter().find(|prefix| target.path().starts_with(*prefix));
                if let Some(prefix) = fitting {
                    target = without_prefix(&target, prefix)?;
                    stripped.push(prefix.clone());
                }
            }
        }
    }
    Ok(Applied::Forward { target, stripped })
}

/// Sends every request of the plain entry point to HTTPS, as the entry point redirection of Co-op Cloud's Traefik does.
pub(crate) fn redirect_to_secure(host: &str, method: &Method, uri: &Uri) -> Redirect {
    let target = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    redirect("https", None, host, method, &target, Lasting::Forever)
}

pub(crate) fn scheme_of(entry: EntryPoint) -> &'static str {
    if entry.is_tls() { "https" } else { "http" }
}

#[derive(Clone, Copy)]
enum Lasting {
    Forever,
    ForNow,
}

fn redirect(
    scheme: &str,
    port: Option<u16>,
    host: &str,
    method: &Method,
    target: &PathAndQuery,
    lasting: Lasting,
) -> Redirect {
    // Only a GET may be sent again as something else, so the others get the statuses that keep the method.
    let status = match (lasting, *method == Method::GET) {
        (Lasting::Forever, true) => StatusCode::MOVED_PERMANENTLY,
        (Lasting::Forever, false) => StatusCode::PERMANENT_REDIRECT,
        (Lasting::ForNow, true) => StatusCode::FOUND,
        (Lasting::ForNow, false) => StatusCode::TEMPORARY_REDIRECT,
    };
    let host = crate::rule::canonical_host(host);
    let port = match (port, scheme) {
        (None | Some(443), "https") | (None | Some(80), "http") | (None, _) => String::new(),
        (Some(port), _) => format!(":{port}"),
    };
    Redirect { status, location: format!("{scheme}://{host}{port}{target}") }
}

fn without_prefix(target: &PathAndQuery, prefix: &str) -> Result<PathAndQuery, InvalidUri> {
    let path = target.path().strip_prefix(prefix).unwrap_or_else(|| target.path());
    let slash = if path.starts_with('/') { "" } else { "/" };
    let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
    PathAndQuery::try_from(format!("{slash}{path}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(middleware: Middleware, entry: EntryPoint, method: &Method, uri: &str) -> Applied {
        apply(&[middleware], entry, "A.test:8080", method, &uri.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_prefix_is_taken_off_and_remembered() {
        let check = |uri: &str, expected: &str, stripped: &[&str]| {
            let prefixes = vec!["/api".to_owned(), "/v1/".to_owned()];
            let got = applied(Middleware::StripPrefix { prefixes }, EntryPoint::Web, &Method::GET, uri);
            let target = expected.parse().unwrap();
            let stripped = stripped.iter().map(ToString::to_string).collect();
            assert_eq!(got, Applied::Forward { target, stripped }, "{uri}");
        };
        check("/api/x?q=1", "/x?q=1", &["/api"]);
        check("/api", "/", &["/api"]);
        check("/apix", "/x", &["/api"]);
        check("/v1/x", "/x", &["/v1/"]);
        check("/other/api?q", "/other/api?q", &[]);
    }

    #[test]
    fn another_scheme_is_sent_away_with_the_status_that_fits() {
        let check = |permanent, port, method, expected: StatusCode, location: &str| {
            let middleware = Middleware::RedirectScheme { scheme: "https".to_owned(), port, permanent };
            let got = applied(middleware, EntryPoint::Web, method, "/x?q=1");
            let location = location.to_owned();
            assert_eq!(got, Applied::Redirect(Redirect { status: expected, location }));
        };
        check(false, None, &Method::GET, StatusCode::FOUND, "https://a.test/x?q=1");
        check(true, Some(443), &Method::GET, StatusCode::MOVED_PERMANENTLY, "https://a.test/x?q=1");
        check(true, None, &Method::POST, StatusCode::PERMANENT_REDIRECT, "https://a.test/x?q=1");
        check(false, Some(8443), &Method::PUT, StatusCode::TEMPORARY_REDIRECT, "https://a.test:8443/x?q=1");
    }

    #[test]
    fn the_right_scheme_is_let_through() {
        let middleware = Middleware::RedirectScheme { scheme: "https".to_owned(), port: None, permanent: true };
        let got = applied(middleware, EntryPoint::WebSecure, &Method::GET, "/x");
        assert_eq!(got, Applied::Forward { target: "/x".parse().unwrap(), stripped: vec![] });
    }
}
