//! The engine's own JSON, for what the typed client would lose: it spells a container's health check differently from the
//! engine, so a spec read and written through it comes back without one.

use super::EngineAddress;
use crate::swarm::SwarmError;
use reqwest::RequestBuilder;
use serde_json::Value;
use std::time::Duration;

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A connection to the engine's socket.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    client: reqwest::Client,
}

/// What the engine answered to a write.
#[derive(Debug)]
pub(super) enum Written {
    /// It did it.
    Done,
    /// Another writer was faster.
    OutOfSequence,
}

impl Raw {
    /// A client of the engine at an address.
    pub(super) fn connect(address: &EngineAddress) -> Result<Self, SwarmError> {
        let verb = || format!("connect to the engine at {address}");
        // A socket needs no TLS, but the client insists on a configuration of it.
        let tls = super::http::tls(rustls::RootCertStore::empty()).map_err(SwarmError::engine(verb()))?;
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).unix_socket(address.socket_path());
        let client = client.no_proxy().timeout(LIMIT).build().map_err(SwarmError::engine(verb()))?;
        Ok(Self { client })
    }

    /// The list at `path`, of what carries `label=value`.
    pub(super) async fn list(&self, path: &str, label: &str, value: &str) -> Result<Vec<Value>, SwarmError> {
        let filters = serde_json::json!({ "label": [format!("{label}={value}")] }).to_string();
        let verb = format!("list {path}");
        match read(self.client.get(url(path)).query(&[("filters", filters)]), &verb).await? {
            Value::Array(items) => Ok(items),
            other => Err(SwarmError::answer(verb, &other)),
        }
    }

    /// The object at `path`.
    pub(super) async fn get(&self, path: &str) -> Result<Value, SwarmError> {
        read(self.client.get(url(path)), &format!("read {path}")).await
    }

    /// Posts `body` to `path`.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Written, SwarmError> {
        let verb = format!("write {path}");
        let request = self.client.post(url(path)).header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.map_err(SwarmError::engine(verb.clone()))?;
        if answer.status().is_success() {
            return Ok(Written::Done);
        }
        let text = answer.text().await.map_err(SwarmError::engine(verb.clone()))?;
        if text.contains("out of sequence") {
            return Ok(Written::OutOfSequence);
        }
        Err(SwarmError::answer(verb, &Value::String(text)))
    }
}

/// Without a version, so that the engine answers in its own newest one. The host's name is never looked up.
fn url(path: &str) -> String {
    format!("http://engine/{path}")
}

/// Sends a request and reads the value that the engine answers with.
async fn read(request: RequestBuilder, verb: &str) -> Result<Value, SwarmError> {
    let answer = request.send().await.map_err(SwarmError::engine(verb))?;
    let good = answer.status().is_success();
    let text = answer.text().await.map_err(SwarmError::engine(verb))?;
    let value: Value = serde_json::from_str(&text).map_err(SwarmError::engine(verb))?;
    if good { Ok(value) } else { Err(SwarmError::answer(verb.to_owned(), &value)) }
}
