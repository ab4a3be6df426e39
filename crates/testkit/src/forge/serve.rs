//! The stand-in's side of HTTP: connections, bodies that break off, and git's own server.

use super::api::{Ask, Reply};
use super::faults::StandInFault;
use super::git::{self, Wire};
use super::page;
use super::world::{StandInRight, World, http_date};
use base64::Engine;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, TcpStream};

pub(super) type Shared = Arc<Mutex<World>>;

type Body = BoxBody<Bytes, io::Error>;

pub(super) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    world.look_at_clock();
    world
}

/// Takes connections until it is dropped.
pub(super) async fn accept(listener: TcpListener, world: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&world)));
    }
}

async fn converse(stream: TcpStream, world: Shared) {
    let service = service_fn(move |request| respond(Arc::clone(&world), request));
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    // A connection that ends within an answer ended as it was told.
    drop(served);
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

fn whole(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never: Infallible| match never {}).boxed()
}

/// The beginning of a body, and what comes then.
fn begun(text: &str, then: StandInFault) -> Body {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let rest = stream::once(async move {
        match then {
            StandInFault::Stall => pending().await,
            _ => Err(gone()),
        }
    });
    let parts = stream::iter([Ok(Frame::data(half))]);
    BodyExt::boxed(StreamBody::new(futures_util::StreamExt::chain(parts, rest)))
}

fn dripping(text: &str) -> Body {
    let bytes: Vec<u8> = text.bytes().collect();
    let frames = bytes.into_iter().map(|byte| Ok(Frame::data(Bytes::copy_from_slice(&[byte]))));
    BodyExt::boxed(StreamBody::new(stream::iter(frames)))
}

async fn respond(world: Shared, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path().to_owned();
    if let Some(page) = page::of_pull(&lock(&world), &path) {
        return built(200, &[("Content-Type", "text/html; charset=utf-8".to_owned())], whole(page));
    }
    let Some(api) = path.strip_prefix("/api/v1/") else { return wire(&world, &head, &path, &body).await };
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ask = Ask {
        method: head.method.to_string(),
        path: api.split('/').map(str::to_owned).collect(),
        query: query(head.uri.query().unwrap_or_default()),
        token: header("authorization").strip_prefix("token ").map(str::to_owned),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let line = format!("{} /{api}", ask.method);
    let fault = {
        let mut world = lock(&world);
        world.requests.push(line.clone());
        world.faults.take(&line)
    };
    let Some(fault) = fault else { return Ok(plain(&world, &ask)) };
    match fault {
        StandInFault::Hang => pending().await,
        StandInFault::Lost => {
            drop(plain(&world, &ask));
            Err(gone())
        }
        StandInFault::Cut | StandInFault::Stall => {
            let answer = lock(&world).answer(&ask);
            let text = answer.body.map_or_else(|| "[]".to_owned(), |body| body.to_string());
            built(answer.status, &[("Content-Length", text.len().to_string())], begun(&text, fault))
        }
        StandInFault::Drip => {
            let answer = lock(&world).answer(&ask);
            let text = answer.body.map(|body| body.to_string()).unwrap_or_default();
            built(answer.status, &answer.headers, dripping(&text))
        }
        StandInFault::Status(status) => built(status, &[], whole("")),
        StandInFault::Busy(status, after) => {
            let date = ("Date", http_date(lock(&world).now));
            built(status, &[("Retry-After", after.to_owned()), date], whole(""))
        }
        StandInFault::Text(text) => built(200, &[], whole(text)),
        StandInFault::Redirect(status, to) => built(status, &[("Location", to.to_owned())], whole("")),
        StandInFault::Echo(status) => built(status, &[], whole(format!("{:?} {:?}", head.uri, head.headers))),
    }
}

fn plain(world: &Shared, ask: &Ask) -> Response<Body> {
    let mut world = lock(world);
    let Reply { status, mut headers, body } = world.answer(ask);
    headers.push(("Date", http_date(world.now)));
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    built(status, &headers, whole(body)).unwrap_or_else(|_| Response::new(whole("")))
}

fn built(status: u16, headers: &[(&str, String)], body: Body) -> io::Result<Response<Body>> {
    let response = Response::builder().status(status);
    let typed = headers.iter().any(|(name, _)| *name == "Content-Type");
    let response = if typed { response } else { response.header("Content-Type", "application/json") };
    let response = headers.iter().fold(response, |response, (name, value)| response.header(*name, value));
    response.body(body).map_err(io::Error::other)
}

/// Pairs of a query. Only times hold letters that are written as numbers.
fn query(text: &str) -> std::collections::BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.replace("%3A", ":").replace("%2B", "+"))).collect()
}

/// Git over HTTP: `/owner/name.git/…`, with a token as password.
async fn wire(
    world: &Shared,
    head: &hyper::http::request::Parts,
    path: &str,
    body: &[u8],
) -> io::Result<Response<Body>> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let request = {
        let world = lock(world);
        let full = path.trim_start_matches('/').split_once(".git/").map(|(full, _)| full).unwrap_or_default();
        let token = header("authorization").strip_prefix("Basic ").and_then(|text| {
            let plain = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
            Some(String::from_utf8(plain).ok()?.split_once(':')?.1.to_owned())
        });
        let user = token.and_then(|token| world.tokens.get(&token).map(|(user, _)| *user));
        let right = world.repos.get(full).map(|repo| world.right(user, repo));
        let challenge = ("WWW-Authenticate", "Basic realm=forge".to_owned());
        if right.is_none_or(|right| right < StandInRight::Read) {
            // Whoever said no name is asked for it, as git shows none by itself.
            return if user.is_none() { built(401, &[challenge], whole("")) } else { built(404, &[], whole("")) };
        }
        let writer = user.filter(|_| right >= Some(StandInRight::Write)).map(|user| user.to_string());
        let query = head.uri.query().unwrap_or_default().to_owned();
        if writer.is_none() && (path.ends_with("/git-receive-pack") || query.contains("git-receive-pack")) {
            return built(401, &[challenge], whole(""));
        }
        let (root, method) = (world.folder.clone(), head.method.to_string());
        let content_type = header("content-type").to_owned();
        Wire { root, method, path: path.to_owned(), query, content_type, writer, body: body.to_vec() }
    };
    let (status, headers, body) = git::serve(request).await?;
    lock(world).follow_pulls()?;
    let response =
        headers.iter().fold(Response::builder().status(status), |response, (name, value)| response.header(name, value));
    response.body(whole(body)).map_err(io::Error::other)
}
