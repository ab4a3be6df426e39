//! The live page of a run as a browser reads it.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::io;

/// A stream of events.
#[derive(Debug)]
pub struct LivePage {
    body: Incoming,
    text: String,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEvent {
    /// What it is about.
    pub kind: String,
    /// Up to which event of the record the reader has seen everything with it.
    pub seen: Option<u64>,
}

impl LivePage {
    /// Opens the stream at an address, from the beginning or from where a reader was.
    pub(super) async fn open(address: &str, seen: Option<u64>) -> io::Result<Self> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        let request = Request::get(address);
        let request = seen.iter().fold(request, |request, seen| request.header("Last-Event-ID", seen.to_string()));
        let request = request.body(Empty::new()).map_err(io::Error::other)?;
        let answer = client.request(request).await.map_err(io::Error::other)?;
        if answer.status() != 200 {
            return Err(io::Error::other(format!("the live page answers {}", answer.status())));
        }
        Ok(Self { body: answer.into_body(), text: String::new() })
    }

    /// The next event; `None` when the stream ends, whoever ended it.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let found = field("event: ").map(|kind| LiveEvent {
                    kind: kind.to_owned(),
                    seen: field("id: ").and_then(|number| number.parse().ok()),
                });
                self.text = rest.to_owned();
                match found {
                    Some(event) => return Some(event),
                    // A sign of life.
                    None => continue,
                }
            }
            let part = self.body.frame().await?.ok()?.into_data().ok()?;
            self.text.push_str(&String::from_utf8_lossy(&part));
        }
    }
}
