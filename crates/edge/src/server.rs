//! The listeners: plain HTTP/1.1, and TLS with HTTP/1.1 or HTTP/2.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::certificate::{self, CertificateError, CertificateFiles};
use crate::follow::{self, RoutesError};
use crate::forward::{self, HEADER_COUNT, HEADER_LIMIT, Shared, WebPolicy};
use crate::headers::Arrival;
use crate::log::{EdgeLog, EventLine};
use crate::resolve::Resolver;
use crate::table::{EntryPoint, Table};

/// How long a client may take for the TLS handshake or for the head of a request.
const CLIENT_LIMIT: Duration = Duration::from_secs(30);

/// What the proxy is told when it starts.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// The routes file. A missing file stands for no routes yet.
    pub routes: PathBuf,
    /// Where to listen for plain HTTP, if at all.
    pub web: Option<SocketAddr>,
    /// Where to listen for HTTPS and with which certificate, if at all.
    pub web_secure: Option<(SocketAddr, CertificateFiles)>,
    /// What the plain entry point does with requests.
    pub web_policy: WebPolicy,
    /// The longest time for looking a back end up, and for each attempt to connect to it.
    pub connect_limit: Duration,
}

/// Why the proxy cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listening address cannot be taken.
    #[error("cannot listen on {address} for {entry}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The entry point.
        entry: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The routes file cannot be followed.
    #[error(transparent)]
    Routes(#[from] RoutesError),
}

/// A proxy that listens but does not answer yet.
#[derive(Debug)]
pub struct Edge {
    web: Option<TcpListener>,
    web_secure: Option<TcpListener>,
    table: watch::Sender<Arc<Table>>,
    tls: Option<watch::Sender<Arc<ServerConfig>>>,
    follow: follow::FollowedFiles,
    shared: Arc<Shared>,
}

impl Edge {
    /// Reads the routes and the certificate and takes the listening addresses.
    ///
    /// # Errors
    /// [`StartError`] when a file cannot be used or an address cannot be taken.
    pub async fn bind(settings: EdgeSettings, log: EdgeLog) -> Result<Self, StartError> {
        let mut follow = follow::FollowedFiles::new(settings.routes);
        let table = follow.first_table(&log).await?;
        let (table, follows) = watch::channel(Arc::new(table));
        let web = match settings.web {
            Some(address) => Some(listen(address, EntryPoint::Web).await?),
            None => None,
        };
        let (web_secure, tls) = match settings.web_secure {
            Some((address, files)) => {
                let config = certificate::load(&files).await?;
                follow.watch_certificate(files).await;
                let listener = listen(address, EntryPoint::WebSecure).await?;
                (Some(listener), Some(watch::Sender::new(Arc::new(config))))
            }
            None => (None, None),
        };
        let shared = Arc::new(Shared {
            table: follows,
            resolver: Resolver::new(settings.connect_limit),
            web_policy: settings.web_policy,
            server_name: server_name().await,
            log,
        });
        Ok(Self { web, web_secure, table, tls, follow, shared })
    }

    /// The address of the plain entry point, with the port the system gave if 0 was asked for.
    #[must_use]
    pub fn web_address(&self) -> Option<SocketAddr> {
        self.web.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The address of the secure entry point, with the port the system gave if 0 was asked for.
    #[must_use]
    pub fn web_secure_address(&self) -> Option<SocketAddr> {
        self.web_secure.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Answers requests until `stop` is done, then drops every connection. `reload` makes the files be read at once
    /// rather than at the next look, 50 ms later at most.
    pub async fn serve(self, reload: Arc<Notify>, stop: impl Future<Output = ()>) {
        let listening = EventLine::Listening { web: self.web_address(), web_secure: self.web_secure_address() };
        self.shared.log.event(&listening);
        let Self { web, web_secure, table, tls, follow, shared } = self;
        let certificates = tls.as_ref().map(watch::Sender::subscribe);
        let plain = async {
            match web {
                Some(listener) => accept_plain(listener, &shared).await,
                None => std::future::pending().await,
            }
        };
        let secure = async {
            match (web_secure, certificates) {
                (Some(listener), Some(certificates)) => {
                    accept_secure(listener, certificates, &shared).await;
                }
                (_, _) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop => {}
            () = plain => {}
            () = secure => {}
            () = follow.follow(table, tls, reload, &shared.log) => {}
        }
    }
}

async fn listen(address: SocketAddr, entry: EntryPoint) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, entry: entry.name(), source })
}

async fn accept_plain(listener: TcpListener, shared: &Arc<Shared>) {
    // Dropping the set, as `serve` does when it stops, drops the connections.
    let mut connections = JoinSet::new();
    loop {
        let (stream, client) = accept(&listener, &mut connections).await;
        let shared = Arc::clone(shared);
        let arrival = Arrival { entry: EntryPoint::Web, client };
        connections.spawn(serve_http1(stream, arrival, shared));
    }
}

async fn accept_secure(listener: TcpListener, certificates: watch::Receiver<Arc<ServerConfig>>, shared: &Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, client) = accept(&listener, &mut connections).await;
        let acceptor = TlsAcceptor::from(Arc::clone(&certificates.borrow()));
        let shared = Arc::clone(shared);
        let arrival = Arrival { entry: EntryPoint::WebSecure, client };
        connections.spawn(async move {
            let Ok(Ok(stream)) = timeout(CLIENT_LIMIT, acceptor.accept(stream)).await else {
                return;
            };
            if stream.get_ref().1.alpn_protocol() == Some(certificate::ALPN_HTTP2) {
                serve_http2(stream, arrival, shared).await;
            } else {
                serve_http1(stream, arrival, shared).await;
            }
        });
    }
}

/// The next client. Connections that are over are taken out of the set on the way.
async fn accept(listener: &TcpListener, connections: &mut JoinSet<()>) -> (TcpStream, SocketAddr) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    // Without it a small answer may wait; failing to set it costs time only.
                    drop(stream.set_nodelay(true));
                    return (stream, client);
                }
                // The client is gone already, or there are no file descriptors left: then only time helps.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_http1<S>(stream: S, arrival: Arrival, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| forward::handle(Arc::clone(&shared), arrival, request));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CLIENT_LIMIT)
        // Twice the limit that gets a marked answer: only what exceeds this too is refused by hyper, without a mark.
        .max_buf_size(2 * HEADER_LIMIT)
        .max_headers(HEADER_COUNT)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    // A connection that breaks is the client's doing; the requests on it are in the log.
    drop(served);
}

async fn serve_http2<S>(stream: S, arrival: Arrival, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| forward::handle(Arc::clone(&shared), arrival, request));
    let limit = u32::try_from(2 * HEADER_LIMIT).unwrap_or(u32::MAX);
    let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(limit)
        .adaptive_window(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(served);
}

/// The name for `X-Forwarded-Server`: the container's host name if the kernel tells.
async fn server_name() -> HeaderValue {
    let name = tokio::fs::read_to_string("/proc/sys/kernel/hostname").await.unwrap_or_default();
    HeaderValue::from_str(name.trim())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or(HeaderValue::from_static("cc-ci-edge"))
}
