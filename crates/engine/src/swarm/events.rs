//! The engine's own events, as far as anybody here listens to them.

use futures_util::stream::BoxStream;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::SwarmError;

/// Events in the order in which the engine tells them. The stream ends at its end time, or with an error when the engine is lost.
pub type Events = BoxStream<'static, Result<EngineEvent, SwarmError>>;

/// One thing that happened on the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineEvent {
    /// What happened: `create`, `die`.
    pub action: String,
    /// To which object, by id.
    pub id: String,
    /// What the engine says about the object, labels included.
    pub attributes: BTreeMap<String, String>,
    /// When.
    pub at: EngineTime,
}

/// What somebody wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// The kinds of objects.
    pub kinds: &'static [EventKind],
    /// From when on; from now on when `None`.
    pub since: Option<EngineTime>,
    /// Until when; for ever when `None`.
    pub until: Option<EngineTime>,
}

impl Hearing {
    /// Everything that happens to objects of these kinds from now on.
    #[must_use]
    pub fn of(kinds: &'static [EventKind]) -> Self {
        Self { kinds, since: None, until: None }
    }
}

/// A kind of objects that events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Containers.
    Container,
    /// Swarm services.
    Service,
}

/// A point in time by the engine's clock, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineTime(pub i64);

impl EngineTime {
    /// This moment, by this machine's clock, which is the engine's.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    /// The second it lies in.
    #[must_use]
    pub fn whole_second(self) -> Self {
        Self(self.0 - self.0.rem_euclid(1_000_000_000))
    }
}
