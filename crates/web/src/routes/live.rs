//! `/run/<id>/live`: the parts of a run's page as they change, as a stream of events (server-sent events).
//!
//! What is sent is the state of a part, never a step from one state to the next. So a reader that was away is sent what differs
//! between what it saw last and now, which the record tells: nothing is lost, and nothing comes twice.

use crate::live::drawing::{Drawn, Record};
use crate::live::onlookers::{Onlooker, asker};
use crate::live::{beside, watch as watch_run};
use crate::rows::RunRow;
use crate::source::PageSource;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use cc_ci_model::ids::RunId;
use cc_ci_model::report::life::Life;
use cc_ci_store::replay;
use cc_ci_store::run_dir::RunDir;
use futures_util::stream;
use serde::Deserialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A sign of life, so that nobody between takes the stream for dead.
const SIGN: Duration = Duration::from_secs(15);

/// What a reader saw before it came.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Seen {
    /// The last event its page was drawn from.
    after: Option<u64>,
}

pub(super) async fn live(
    State(source): State<PageSource>,
    Path(id): Path<String>,
    Query(seen): Query<Seen>,
    request: Request,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let headers = request.headers();
    let seen = last_event(headers).or(seen.after);
    let Some(place) = source.onlookers().join(asker(peer, headers, source.proxies())) else {
        let words = "there are too many onlookers; the page itself is there as before\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], words).into_response();
    };
    let found = {
        let source = source.clone();
        beside(move || {
            let run = RunId::parse(&id).ok()?;
            let (dir, row) = source.run(&run)?;
            // A record that cannot be read has no parts, and what stands in its place may never end.
            if let RunRow::Unknown(unknown) = &row
                && unknown.why.is_some()
            {
                return None;
            }
            let before = seen.map(|last| as_seen(&source, &run, &dir, last)).unwrap_or_default();
            Some((run, dir, before))
        })
    };
    let Ok(Some((run, dir, before))) = found.await else { return super::nothing() };
    let drawn = watch_run(&source, &run, dir);
    let view = Onlook { drawn, before, due: VecDeque::new(), closing: source.closing(), _place: place };
    let events = stream::unfold(view, |mut view| async move { Some((Ok::<_, Infallible>(view.next().await?), view)) });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(SIGN)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    // A reverse proxy that collects answers would show nothing until the run is over.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

/// What a browser says when it comes again.
fn last_event(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

/// The page as it was when it had been drawn from the events up to `last`.
fn as_seen(source: &PageSource, run: &RunId, dir: &RunDir, last: u64) -> Drawn {
    let events = replay::events(dir).map(|record| record.events).unwrap_or_default();
    let board = source.board();
    let row = board.running.iter().find(|row| row.run == *run);
    Record::until(&events, last).draw(run, Life::Running, row)
}

/// One onlooker.
struct Onlook {
    drawn: watch::Receiver<Arc<Drawn>>,
    /// What it has been sent, or saw before it came.
    before: Drawn,
    due: VecDeque<Event>,
    closing: CancellationToken,
    _place: Onlooker,
}

impl Onlook {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.due.pop_front() {
                return Some(event);
            }
            if self.before.over {
                return None;
            }
            // What was published before this onlooker came is new to it.
            tokio::select! {
                changed = self.drawn.changed() => changed.ok()?,
                () = self.closing.cancelled() => return None,
            }
            let now = Arc::clone(&self.drawn.borrow_and_update());
            self.due = difference(&self.before, &now);
            self.before = (*now).clone();
        }
    }
}

/// What a reader of `before` has to be told. Only the last event has a number: a reader that is cut off in between is sent all
/// of them again, rather than losing those that had not come.
fn difference(before: &Drawn, now: &Drawn) -> VecDeque<Event> {
    let mut told: Vec<(&'static str, &str)> = Vec::new();
    for (at, part) in now.parts.iter().enumerate() {
        if before.parts.get(at) != Some(part) {
            told.push((part.kind.word(), &part.html));
        }
    }
    if before.note != now.note && !now.note.is_empty() {
        told.push(("note", &now.note));
    }
    if now.over {
        told.push(("done", "over"));
    }
    let last = told.len().saturating_sub(1);
    let event = |(at, (kind, data)): (usize, (&'static str, &str))| {
        let event = Event::default().event(kind).data(data.replace('\r', ""));
        match now.seq.filter(|_| at == last) {
            Some(seq) => event.id(seq.to_string()),
            None => event,
        }
    };
    told.into_iter().enumerate().map(event).collect()
}
