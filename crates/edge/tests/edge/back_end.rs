//! A small real app: it tells what it was asked, and streams, waits or upgrades when told to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderValue, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub(crate) type AppBody = BoxBody<Bytes, Infallible>;

/// A running app. It ends with the test's runtime, or when dropped.
pub(crate) struct BackEnd {
    pub(crate) address: SocketAddr,
    /// Lets `/gated` and `/slow` go on: one permit each time.
    pub(crate) gate: Arc<Semaphore>,
    /// Counts what a test waits for: slow requests and parts of a body that arrived, answers that were given up.
    pub(crate) seen: Arc<Semaphore>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for BackEnd {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl BackEnd {
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (gate, seen) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let app = App { name, gate: Arc::clone(&gate), seen: Arc::clone(&seen) };
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let app = app.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(app.clone(), request));
                    let served = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades()
                        .await;
                    drop(served);
                });
            }
        });
        Self { address, gate, seen, accepting }
    }
}

#[derive(Clone)]
struct App {
    name: &'static str,
    gate: Arc<Semaphore>,
    seen: Arc<Semaphore>,
}

async fn answer(app: App, request: Request<Incoming>) -> Result<Response<AppBody>, Infallible> {
    let path = request.uri().path().to_owned();
    let mut response = match path.as_str() {
        "/echo" => upgrade_to_echo(request),
        "/download" => Response::new(stream_of(app.clone(), 64 * 1024, 512, Pace::Free)),
        "/gated" => Response::new(stream_of(app.clone(), 5, 3, Pace::Gated)),
        "/slow" => {
            app.seen.add_permits(1);
            app.gate.acquire().await.unwrap().forget();
            Response::new(text("at last"))
        }
        "/upload" => {
            let mut body = request.into_body();
            let mut total = 0;
            while let Some(frame) = body.frame().await {
                total += frame.unwrap().data_ref().map_or(0, Bytes::len);
                app.seen.add_permits(1);
            }
            Response::new(text(&total.to_string()))
        }
        "/teapot" => {
            let mut response = Response::new(text("short"));
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            let headers = response.headers_mut();
            headers.insert("connection", HeaderValue::from_static("x-private, close"));
            headers.insert("x-private", HeaderValue::from_static("1"));
            headers.insert("keep-alive", HeaderValue::from_static("timeout=5"));
            headers.insert("x-cc-ci-edge", HeaderValue::from_static("forged"));
            headers.append("set-cookie", HeaderValue::from_static("a=1"));
            headers.append("set-cookie", HeaderValue::from_static("b=2"));
            response
        }
        _ => Response::new(text(&told(&request))),
    };
    response.headers_mut().insert("x-app", HeaderValue::from_static(app.name));
    Ok(response)
}

fn text(text: &str) -> AppBody {
    Full::from(text.to_owned()).boxed()
}

/// The request as this app got it: the first line, then the headers in order of their names.
fn told(request: &Request<Incoming>) -> String {
    let mut lines: Vec<String> =
        request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    let first = format!("{} {} {:?}", request.method(), request.uri(), request.version());
    format!("{first}\n{}\n", lines.join("\n"))
}

#[derive(Clone, Copy)]
enum Pace {
    Free,
    Gated,
}

/// A body of `count` parts of `size` bytes. When the reader gives up, `seen` gets a permit.
fn stream_of(app: App, size: usize, count: usize, pace: Pace) -> AppBody {
    struct GivenUp(Arc<Semaphore>);
    impl Drop for GivenUp {
        fn drop(&mut self) {
            self.0.add_permits(1);
        }
    }
    let start = (app.gate, GivenUp(app.seen), 0);
    let parts = futures_util::stream::unfold(start, move |(gate, given_up, sent)| async move {
        if sent == count {
            return None;
        }
        match pace {
            Pace::Free => {}
            Pace::Gated => gate.acquire().await.unwrap().forget(),
        }
        let part = Frame::data(Bytes::from(vec![b'x'; size]));
        Some((Ok(part), (gate, given_up, sent + 1)))
    });
    BodyExt::boxed(StreamBody::new(parts))
}

fn upgrade_to_echo(mut request: Request<Incoming>) -> Response<AppBody> {
    let mut response = Response::new(text(""));
    let asked = request.headers().get(UPGRADE).cloned();
    if asked.as_ref().is_none_or(|protocol| protocol != "websocket") {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    });
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert("connection", HeaderValue::from_static("upgrade"));
    response.headers_mut().insert("upgrade", HeaderValue::from_static("websocket"));
    response.headers_mut().insert("sec-websocket-accept", HeaderValue::from_static("x"));
    response
}
