//! The log: one JSON line per request and per change of routes.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

/// Where log lines go.
pub struct EdgeLog(Mutex<Box<dyn Write + Send>>);

/// One request. There is no query: it may hold a secret.
#[derive(Debug, Serialize)]
pub(crate) struct RequestLine<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    /// Milliseconds until the answer's headers were there; a body may go on long after.
    #[serde(serialize_with = "as_millis")]
    pub(crate) ms: Duration,
    pub(crate) entry: &'static str,
    pub(crate) client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) router: Option<&'a str>,
    /// Set when the proxy answered itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) edge: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
}

/// One change of what the proxy follows.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum EventLine<'a> {
    Listening {
        #[serde(skip_serializing_if = "Option::is_none")]
        web: Option<SocketAddr>,
        #[serde(skip_serializing_if = "Option::is_none")]
        web_secure: Option<SocketAddr>,
    },
    Routes {
        revision: &'a str,
        routers: usize,
    },
    RoutesRefused {
        reason: String,
    },
    Certificate,
    CertificateRefused {
        reason: String,
    },
}

impl EdgeLog {
    /// A log to any sink; a sink that fails is passed over in silence, since there is no other place to say so.
    #[must_use]
    pub fn new(sink: Box<dyn Write + Send>) -> Self {
        Self(Mutex::new(sink))
    }

    /// A log to standard error.
    #[must_use]
    pub fn stderr() -> Self {
        Self::new(Box::new(std::io::stderr()))
    }

    pub(crate) fn request(&self, line: &RequestLine<'_>) {
        self.write(line);
    }

    pub(crate) fn event(&self, line: &EventLine<'_>) {
        self.write(line);
    }

    fn write(&self, line: &impl Serialize) {
        if let Ok(mut text) = serde_json::to_vec(line) {
            text.push(b'\n');
            let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            drop(sink.write_all(&text).and_then(|()| sink.flush()));
        }
    }
}

impl std::fmt::Debug for EdgeLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EdgeLog")
    }
}

fn as_millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Whole microseconds as a decimal fraction: enough to see a local answer, short enough to read.
    serializer.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e3)
}
