//! A proxy on ports of its own with its files in a folder of its own, and a client that talks to it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cc_ci_edge::{
    Backend, CertificateFiles, Edge, EdgeLog, EdgeSettings, EntryPoint, Router, Routes, STATUS_HOST, WebPolicy,
};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::http::response::Parts;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;

pub(crate) type ClientBody = BoxBody<Bytes, std::convert::Infallible>;

/// How long the proxy under test tries to connect.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_millis(100);

/// The longest time a test waits for something that should happen at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Files of a proxy: the routes, and a certificate for `*.test` names that the client trusts.
pub(crate) struct Files {
    folder: TempDir,
    roots: rustls::RootCertStore,
}

impl Files {
    pub(crate) fn new(routers: Vec<Router>) -> Self {
        let files = Self { folder: TempDir::new().unwrap(), roots: rustls::RootCertStore::empty() };
        files.write_routes("first", routers);
        let mut files = files;
        files.write_certificate(&["a.test", "b.test", STATUS_HOST]);
        files
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write_routes(&self, revision: &str, routers: Vec<Router>) {
        let routes = Routes { revision: revision.to_owned(), routers };
        let new = self.path("routes.json.new");
        std::fs::write(&new, serde_json::to_vec(&routes).unwrap()).unwrap();
        std::fs::rename(new, self.path("routes.json")).unwrap();
    }

    /// Puts a new certificate in place; the client trusts it and those before it.
    pub(crate) fn write_certificate(&mut self, names: &[&str]) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        self.roots.add(made.cert.der().clone()).unwrap();
        std::fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    pub(crate) fn certificate(&self) -> CertificateFiles {
        CertificateFiles { certificate: self.path("cert.pem"), key: self.path("key.pem") }
    }

    pub(crate) fn tls(&self, protocols: &[&str]) -> TlsConnector {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

/// What the proxy has logged so far.
#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(data)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Logged {
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A proxy that answers. It ends with the test's runtime.
pub(crate) struct World {
    pub(crate) files: Files,
    pub(crate) logged: Logged,
    web: SocketAddr,
    web_secure: SocketAddr,
}

impl World {
    pub(crate) async fn start(routers: Vec<Router>) -> Self {
        Self::start_with(routers, WebPolicy::Route).await
    }

    pub(crate) async fn start_with(routers: Vec<Router>, web_policy: WebPolicy) -> Self {
        let files = Files::new(routers);
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let settings = EdgeSettings {
            routes: files.path("routes.json"),
            web: Some(any_port),
            web_secure: Some((any_port, files.certificate())),
            web_policy,
            connect_limit: CONNECT_LIMIT,
        };
        let logged = Logged::default();
        let edge = Edge::bind(settings, EdgeLog::new(Box::new(logged.clone()))).await.unwrap();
        let (web, web_secure) = (edge.web_address().unwrap(), edge.web_secure_address().unwrap());
        tokio::spawn(edge.serve(Arc::new(Notify::new()), std::future::pending()));
        Self { files, logged, web, web_secure }
    }

    /// Sends one request over a connection of its own and reads the answer's head.
    pub(crate) async fn open(&self, entry: EntryPoint, request: Request<ClientBody>) -> Response<Incoming> {
        match entry {
            EntryPoint::Web => {
                let stream = TcpStream::connect(self.web).await.unwrap();
                send_http1(stream, request).await
            }
            EntryPoint::WebSecure => {
                let stream = self.connect_tls(&host_of(&request), &["http/1.1"]).await.unwrap();
                send_http1(stream, request).await
            }
        }
    }

    pub(crate) async fn send(&self, entry: EntryPoint, request: Request<ClientBody>) -> Answer {
        Answer::read(self.open(entry, request).await).await
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        let entry = if scheme == "https" { EntryPoint::WebSecure } else { EntryPoint::Web };
        self.send(entry, get(host, path)).await
    }

    pub(crate) async fn connect_tls(
        &self,
        name: &str,
        protocols: &[&str],
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.web_secure).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        self.files.tls(protocols).connect(name, stream).await
    }

    pub(crate) async fn connect_http2(&self, name: &str) -> http2::SendRequest<ClientBody> {
        let stream = self.connect_tls(name, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// Waits until the proxy follows the routes of this name.
    pub(crate) async fn follows(&self, revision: &str) {
        until(async || {
            let status: serde_json::Value =
                serde_json::from_str(&self.get(&format!("http://{STATUS_HOST}/")).await.body).unwrap();
            status["revision"] == revision
        })
        .await;
    }
}

/// Waits until something is so; fails the test when it takes too long.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    tokio::time::timeout(PATIENCE, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("what the test waits for does not happen");
}

async fn send_http1<S>(stream: S, request: Request<ClientBody>) -> Response<Incoming>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.unwrap()
}

fn host_of(request: &Request<ClientBody>) -> String {
    request.headers()["host"].to_str().unwrap().split(':').next().unwrap().to_owned()
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Parts,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { head, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status, the proxy's mark and the app's name: what most tests ask about.
    pub(crate) fn gist(&self) -> (u16, Option<&str>, Option<&str>) {
        (self.head.status.as_u16(), self.header("x-cc-ci-edge"), self.header("x-app"))
    }
}

pub(crate) fn get(host: &str, path: &str) -> Request<ClientBody> {
    Request::get(path).header("host", host).body(empty()).unwrap()
}

pub(crate) fn empty() -> ClientBody {
    Empty::new().boxed()
}

/// A router that takes TLS requests on `web-secure`.
pub(crate) fn secure(name: &str, rule: &str, address: SocketAddr) -> Router {
    Router {
        name: name.to_owned(),
        rule: rule.to_owned(),
        entry_points: vec!["web-secure".to_owned()],
        tls: true,
        priority: None,
        middlewares: Vec::new(),
        backend: Backend { host: address.ip().to_string(), port: address.port() },
    }
}

/// A router that takes plain requests on `web`.
pub(crate) fn plain(name: &str, rule: &str, address: SocketAddr) -> Router {
    Router { entry_points: vec!["web".to_owned()], tls: false, ..secure(name, rule, address) }
}
