//! The engine's event stream, in our own words.

use crate::swarm::{EngineEvent, EngineTime, EventKind, Events, Hearing, SwarmError};
use bollard::Docker;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptions;
use futures_util::StreamExt;
use std::collections::HashMap;

/// Subscribes.
pub(super) fn hear(docker: &Docker, hearing: &Hearing) -> Events {
    let options = EventsOptions {
        since: hearing.since.map(written),
        until: hearing.until.map(written),
        filters: Some(HashMap::from([("type".to_owned(), hearing.kinds.iter().map(word).collect())])),
    };
    let heard = docker.clone().events(Some(options));
    heard.map(|event| event.map(read).map_err(SwarmError::engine("listen to the engine"))).boxed()
}

fn word(kind: &EventKind) -> String {
    match kind {
        EventKind::Container => "container",
        EventKind::Service => "service",
    }
    .to_owned()
}

/// Seconds with their fraction, as the engine wants them.
fn written(EngineTime(nanos): EngineTime) -> String {
    format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000))
}

fn read(event: EventMessage) -> EngineEvent {
    let actor = event.actor.unwrap_or_default();
    EngineEvent {
        action: event.action.unwrap_or_default(),
        id: actor.id.unwrap_or_default(),
        attributes: actor.attributes.unwrap_or_default().into_iter().collect(),
        at: EngineTime(event.time_nano.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_its_nanoseconds() {
        assert_eq!(written(EngineTime(1_700_000_000_000_000_007)), "1700000000.000000007");
        assert_eq!(written(EngineTime(1_700_000_000_999_999_999).whole_second()), "1700000000.000000000");
    }

    #[test]
    fn an_event_without_anything_is_still_an_event() {
        assert_eq!(read(EventMessage::default()), EngineEvent::default());
    }
}
