//! The gate before a server: so many connections at once and no more, and each request has its time to arrive.
//!
//! Each connection costs the process a file, and a server needs files for its database and its runs. Whoever opens connections and
//! says nothing, sends a byte now and then, or does not read its answers would otherwise take them all.

use axum::serve::{Listener, ListenerExt, TapIo};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Connections at the same time. A browser opens up to six; processes may usually have 1,024 files.
const MOST: usize = 512;

/// How long a request may take to arrive whole, and how long an answer may wait to be read on. A stream of events gives a sign of life
/// every 15 s; a connection that a reverse proxy keeps open for its next request is ended after this time, and opened anew by it.
const QUIET: Duration = Duration::from_secs(60);

/// Lets connections in, as many as there are places for; who comes then waits in the system's own queue.
#[derive(Debug)]
pub struct ConnectionGate {
    listener: TcpListener,
    places: Arc<Semaphore>,
    quiet: Duration,
}

/// A gate as it is served: only through a tap does axum hand on the address of who asks.
pub type OpenGate = TapIo<ConnectionGate, fn(&mut Passage)>;

impl ConnectionGate {
    /// The usual gate: 512 connections, and 60 s for each request to arrive.
    #[must_use]
    pub fn before(listener: TcpListener) -> OpenGate {
        Self::with(listener, MOST, QUIET)
    }

    /// A gate for `most` connections at once; `quiet` is how long a request may take to arrive, and an answer to be read on.
    #[must_use]
    pub fn with(listener: TcpListener, most: usize, quiet: Duration) -> OpenGate {
        Self { listener, places: Arc::new(Semaphore::new(most)), quiet }.tap_io(|_| ())
    }
}

impl Listener for ConnectionGate {
    type Io = Passage;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Passage, SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            // Nobody closes it.
            return std::future::pending().await;
        };
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Passage { stream, quiet: self.quiet, until: Box::pin(sleep(self.quiet)), _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that was let in. It gives its place up when it is dropped.
#[derive(Debug)]
pub struct Passage {
    stream: TcpStream,
    quiet: Duration,
    until: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Passage {
    /// Whoever waits here does so until the time is over.
    fn waits<T>(&mut self, cx: &mut Context<'_>, what: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if what.is_pending() && self.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        what
    }

    /// What goes out is an answer: from then on there is time for the rest of it, and for the next request.
    fn answered(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(_))) {
            self.until.as_mut().reset(Instant::now() + self.quiet);
        }
        self.waits(cx, written)
    }
}

impl AsyncRead for Passage {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // What comes in gains no time: a byte now and then would hold a place for ever.
        let read = Pin::new(&mut self.stream).poll_read(cx, to);
        self.waits(cx, read)
    }
}

impl AsyncWrite for Passage {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, from);
        self.answered(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, from);
        self.answered(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
