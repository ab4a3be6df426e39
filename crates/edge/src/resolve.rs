//! Finds the addresses of a back end and connects to the first that answers.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::routes::Backend;

/// How long an address may be used without asking again: long enough to spare the resolver in a burst, short enough to
/// follow a redeploy.
const FRESH: Duration = Duration::from_millis(200);

/// Why there is no connection to a back end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{host} does not resolve: {source}")]
    Lookup { host: String, source: io::Error },
    #[error("{host} did not resolve within {} ms", limit.as_millis())]
    LookupTimeout { host: String, limit: Duration },
    #[error("no address of {host}:{port} takes connections:{attempts}")]
    NoneAnswers { host: String, port: u16, attempts: String },
}

/// Looks names up and remembers the answer for a moment.
#[derive(Debug)]
pub(crate) struct Resolver {
    limit: Duration,
    cache: Mutex<HashMap<Backend, Cached>>,
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Cached {
    at: Instant,
    addresses: Vec<SocketAddr>,
}

/// Whether an answer from the cache will do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    Cache,
    Resolver,
}

impl Resolver {
    /// `limit` bounds each lookup and each connection attempt.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, cache: Mutex::default(), turn: AtomicUsize::new(0) }
    }

    /// Connects to a back end: each known address in turn, then, if the name has new ones since, those.
    pub(crate) async fn connect(&self, backend: &Backend) -> Result<TcpStream, ConnectError> {
        let mut tried = Vec::new();
        let mut attempts = String::new();
        for ask in [Ask::Cache, Ask::Resolver] {
            let mut addresses = self.addresses(backend, ask).await?;
            addresses.retain(|address| !tried.contains(address));
            if let Some(length) = std::num::NonZeroUsize::new(addresses.len()) {
                addresses.rotate_left(self.turn.fetch_add(1, Ordering::Relaxed) % length);
            }
            for address in addresses {
                match timeout(self.limit, TcpStream::connect(address)).await {
                    Ok(Ok(stream)) => return Ok(stream),
                    Ok(Err(error)) => note(&mut attempts, address, &error.to_string()),
                    Err(_) => {
                        let waited = format!("no answer within {} ms", self.limit.as_millis());
                        note(&mut attempts, address, &waited);
                    }
                }
                tried.push(address);
            }
        }
        self.forget(backend);
        let Backend { host, port } = backend.clone();
        Err(ConnectError::NoneAnswers { host, port, attempts })
    }

    async fn addresses(&self, backend: &Backend, ask: Ask) -> Result<Vec<SocketAddr>, ConnectError> {
        if ask == Ask::Cache
            && let Some(addresses) = self.remembered(backend)
        {
            return Ok(addresses);
        }
        let host = || backend.host.clone();
        let looked_up = timeout(self.limit, lookup_host((backend.host.as_str(), backend.port)))
            .await
            .map_err(|_| ConnectError::LookupTimeout { host: host(), limit: self.limit })?
            .map_err(|source| ConnectError::Lookup { host: host(), source })?;
        let addresses: Vec<SocketAddr> = looked_up.collect();
        let entry = Cached { at: Instant::now(), addresses: addresses.clone() };
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).insert(backend.clone(), entry);
        Ok(addresses)
    }

    fn remembered(&self, backend: &Backend) -> Option<Vec<SocketAddr>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = cache.get(backend)?;
        (entry.at.elapsed() < FRESH).then(|| entry.addresses.clone())
    }

    fn forget(&self, backend: &Backend) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(backend);
    }
}

fn note(attempts: &mut String, address: SocketAddr, what: &str) {
    // Writing to a string cannot fail.
    let _: std::fmt::Result = write!(attempts, " {address}: {what};");
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn remember(resolver: &Resolver, backend: &Backend, addresses: Vec<SocketAddr>) {
        let entry = Cached { at: Instant::now(), addresses };
        resolver.cache.lock().unwrap().insert(backend.clone(), entry);
    }

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address that refuses: it was bound a moment ago, so nothing else has it.
    async fn refusing() -> SocketAddr {
        listener().await.1
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_refuses() {
        let (_kept, good) = listener().await;
        let dead = refusing().await;
        let resolver = Resolver::new(Duration::from_secs(2));
        let backend = Backend { host: "localhost".to_owned(), port: good.port() };
        for _ in 0..4 {
            remember(&resolver, &backend, vec![dead, good]);
            assert_eq!(resolver.connect(&backend).await.unwrap().peer_addr().unwrap(), good);
        }
    }

    #[tokio::test]
    async fn addresses_take_turns() {
        let (_one, first) = listener().await;
        let (_two, second) = listener().await;
        let resolver = Resolver::new(Duration::from_secs(2));
        let backend = Backend { host: "localhost".to_owned(), port: 1 };
        remember(&resolver, &backend, vec![first, second]);
        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.push(resolver.connect(&backend).await.unwrap().peer_addr().unwrap());
        }
        seen.sort();
        let mut expected = [first, second];
        expected.sort();
        assert_eq!(seen, expected);
    }

    #[tokio::test]
    async fn the_name_is_asked_again_when_all_remembered_addresses_refuse() {
        let (_kept, good) = listener().await;
        let resolver = Resolver::new(Duration::from_secs(2));
        let backend = Backend { host: "127.0.0.1".to_owned(), port: good.port() };
        remember(&resolver, &backend, vec![refusing().await]);
        assert_eq!(resolver.connect(&backend).await.unwrap().peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn a_dead_back_end_is_reported_with_every_address() {
        let dead = refusing().await;
        let resolver = Resolver::new(Duration::from_secs(2));
        let backend = Backend { host: "127.0.0.1".to_owned(), port: dead.port() };
        let said = resolver.connect(&backend).await.unwrap_err().to_string();
        assert!(
            said.starts_with(&format!("no address of {dead} takes connections: {dead}: Connection refused")),
            "{said}"
        );
        assert!(resolver.remembered(&backend).is_none());
    }
}
