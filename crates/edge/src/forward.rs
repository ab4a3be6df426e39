//! One request: choose the route, change the request, send it on, hand the answer back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue, UPGRADE};
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;

use crate::answer::{self, Body, MARK_HEADER, Mark, REASON_HEADER};
use crate::headers::{self, Arrival};
use crate::log::{EdgeLog, RequestLine};
use crate::middleware::{self, Applied};
use crate::resolve::Resolver;
use crate::routes::Backend;
use crate::rule::RequestFacts;
use crate::table::{EntryPoint, Table};

/// The host name at which the proxy itself answers, on every entry point: which routes it follows, as JSON.
pub const STATUS_HOST: &str = "cc-ci-edge.invalid";

/// The most the headers of a request may take, in bytes; a larger request gets 431.
pub(crate) const HEADER_LIMIT: usize = 64 * 1024;

/// The most headers a message may have.
pub(crate) const HEADER_COUNT: usize = 200;

/// What the plain entry point does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebPolicy {
    /// It follows the routers.
    Route,
    /// It sends everything to HTTPS, as the entry point redirection in Co-op Cloud's Traefik does.
    RedirectToSecure,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) table: watch::Receiver<Arc<Table>>,
    pub(crate) resolver: Resolver,
    pub(crate) web_policy: WebPolicy,
    pub(crate) server_name: HeaderValue,
    pub(crate) log: EdgeLog,
}

/// Answers one request and logs it.
pub(crate) async fn handle(
    shared: Arc<Shared>,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let started = Instant::now();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let host = host_of(&request);
    let table = Arc::clone(&shared.table.borrow());
    let (router, response) = match &host {
        Some(host) => respond(&shared, &table, arrival, host, request).await,
        None => {
            let reason = "the request names no host";
            (None, answer::text(StatusCode::BAD_REQUEST, Mark::BadRequest, reason))
        }
    };
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    shared.log.request(&RequestLine {
        method: method.as_str(),
        host: host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default(),
        path: uri.path(),
        status: response.status().as_u16(),
        ms: started.elapsed(),
        entry: arrival.entry.name(),
        client: arrival.client.ip().to_canonical().to_string(),
        router,
        edge: header(MARK_HEADER),
        reason: header(REASON_HEADER),
    });
    Ok(response)
}

async fn respond<'t>(
    shared: &Shared,
    table: &'t Table,
    arrival: Arrival,
    host: &HeaderValue,
    request: Request<Incoming>,
) -> (Option<&'t str>, Response<Body>) {
    let (method, uri) = (request.method(), request.uri());
    let Ok(host_text) = host.to_str() else {
        let reason = "the host is not text";
        return (None, answer::text(StatusCode::BAD_REQUEST, Mark::BadRequest, reason));
    };
    if headers::size(request.headers()) > HEADER_LIMIT {
        let reason = format!("the headers are larger than {HEADER_LIMIT} bytes");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return (None, answer::text(status, Mark::HeadersTooLarge, &reason));
    }
    if *method == Method::CONNECT {
        let reason = "tunnels by CONNECT are not offered";
        return (None, answer::text(StatusCode::BAD_REQUEST, Mark::BadRequest, reason));
    }
    if crate::rule::canonical_host(host_text) == STATUS_HOST {
        return (None, status(table));
    }
    if arrival.entry == EntryPoint::Web && shared.web_policy == WebPolicy::RedirectToSecure {
        let redirect = middleware::redirect_to_secure(host_text, method, uri);
        return (None, answer::redirect(redirect.status, &redirect.location));
    }
    let facts = RequestFacts { host: host_text, path: uri.path(), method: method.as_str() };
    let Some(route) = table.find(arrival.entry, facts) else {
        return (None, no_route(table, arrival.entry, facts));
    };
    let applied = middleware::apply(route.middlewares(), arrival.entry, host_text, method, uri);
    let response = match applied {
        Ok(Applied::Forward { target, stripped }) => {
            let sent = Forwarded { arrival, host, target, stripped: &stripped };
            match forward(shared, route.backend(), sent, request).await {
                Ok(response) => response,
                Err(reason) => answer::text(StatusCode::BAD_GATEWAY, Mark::BadGateway, &reason),
            }
        }
        Ok(Applied::Redirect(redirect)) => answer::redirect(redirect.status, &redirect.location),
        Err(_) => {
            let reason = "the path is no path once its prefix is taken off";
            answer::text(StatusCode::BAD_REQUEST, Mark::BadRequest, reason)
        }
    };
    (Some(route.name()), response)
}

fn status(table: &Table) -> Response<Body> {
    let routers: Vec<&str> = table.routes().iter().map(crate::table::Route::name).collect();
    answer::json(Mark::Status, &serde_json::json!({ "revision": table.revision(), "routers": routers }))
}

fn no_route(table: &Table, entry: EntryPoint, facts: RequestFacts<'_>) -> Response<Body> {
    let RequestFacts { host, path, method } = facts;
    let scheme = middleware::scheme_of(entry);
    let mut reason = format!("no router matches {method} {scheme}://{host}{path}");
    for (name, why) in table.near_misses(entry, facts) {
        reason.push_str("; router ");
        reason.push_str(name);
        reason.push_str(" fits but ");
        reason.push_str(&why);
    }
    answer::text(StatusCode::NOT_FOUND, Mark::NoRoute, &reason)
}

/// What is known about a request that is to be sent on.
struct Forwarded<'a> {
    arrival: Arrival,
    host: &'a HeaderValue,
    target: PathAndQuery,
    stripped: &'a [String],
}

/// Sends a request to a back end over a connection of its own: one that is kept could lead to a task that an upgrade has
/// since replaced. An error is the reason for a 502.
async fn forward(
    shared: &Shared,
    backend: &Backend,
    sent: Forwarded<'_>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, String> {
    let stream = shared.resolver.connect(backend).await.map_err(|error| error.to_string())?;
    let address = stream.peer_addr().map(|address| address.to_string()).unwrap_or_default();
    let broke = |error: hyper::Error| {
        format!("{} ({address}) broke off before its answer: {}", backend.host, with_cause(&error))
    };
    // Small writes of a WebSocket must not wait for each other; failing to say so costs time only.
    drop(stream.set_nodelay(true));
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .title_case_headers(true)
        .max_headers(HEADER_COUNT)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broke)?;
    // It ends with the exchange: the sender is dropped below, and a tunnel takes the stream out of it.
    let _detached = tokio::spawn(connection.with_upgrades());

    let client_side = headers::asks_upgrade(request.headers()).then(|| hyper::upgrade::on(&mut request));
    headers::prepare_request(request.headers_mut(), sent.arrival, sent.host, &shared.server_name, sent.stripped);
    *request.uri_mut() = Uri::from(sent.target);
    *request.version_mut() = Version::HTTP_11;

    let mut response = sender.send_request(request).await.map_err(broke)?;
    let upgraded = (response.status() == StatusCode::SWITCHING_PROTOCOLS).then(|| hyper::upgrade::on(&mut response));
    let protocol = response.headers().get(UPGRADE).cloned();
    headers::remove_hop_by_hop(response.headers_mut());
    response.headers_mut().remove(MARK_HEADER);
    response.headers_mut().remove(REASON_HEADER);
    match (upgraded, client_side, protocol) {
        (None, _, _) => {}
        (Some(back_end_side), Some(client_side), Some(protocol)) => {
            headers::restore_upgrade(response.headers_mut(), protocol);
            let _detached = tokio::spawn(tunnel(client_side, back_end_side));
        }
        (Some(_), _, _) => {
            return Err(format!("{} ({address}) switches protocols unasked", backend.host));
        }
    }
    *response.version_mut() = Version::default();
    Ok(response.map(BodyExt::boxed))
}

/// Copies bytes both ways until both sides are done or one breaks.
async fn tunnel(client_side: OnUpgrade, back_end_side: OnUpgrade) {
    if let (Ok(client), Ok(back_end)) = tokio::join!(client_side, back_end_side) {
        let (mut client, mut back_end) = (TokioIo::new(client), TokioIo::new(back_end));
        // A tunnel that breaks is no event: both ends see it themselves.
        drop(tokio::io::copy_bidirectional(&mut client, &mut back_end).await);
    }
}

/// The host a request asks for: from the address if it has one (HTTP/2, or a whole URL), else from its header.
fn host_of(request: &Request<Incoming>) -> Option<HeaderValue> {
    match request.uri().authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => request.headers().get(HOST).filter(|host| !host.is_empty()).cloned(),
    }
}

fn with_cause(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
