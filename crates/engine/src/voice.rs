//! How the engine speaks: stamps each event and hands it to every listener, in order.

use cc_ci_model::event::{Event, Listener, Stamped};
use cc_ci_model::ids::StepId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A cheap handle; all clones speak into the same record.
#[derive(Clone)]
pub struct Voice {
    inner: Arc<Mutex<Inner>>,
    started: Instant,
}

struct Inner {
    seq: u64,
    said: Vec<Stamped>,
    listeners: Vec<Box<dyn Listener + Send>>,
}

impl Voice {
    /// Starts the clock of a run's record.
    #[must_use]
    pub fn new(listeners: Vec<Box<dyn Listener + Send>>) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { seq: 0, said: Vec::new(), listeners })), started: Instant::now() }
    }

    /// Says one event.
    pub fn say(&self, event: Event) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let stamped = Stamped { seq: inner.seq, ms, event };
        inner.seq += 1;
        for listener in &mut inner.listeners {
            listener.on_event(&stamped);
        }
        inner.said.push(stamped);
    }

    /// Says a line that decides nothing.
    pub fn note(&self, step: Option<&StepId>, text: impl Into<String>) {
        self.say(Event::Noted { step: step.cloned(), text: text.into() });
    }

    /// Everything said so far, in order.
    #[must_use]
    pub fn said(&self) -> Vec<Stamped> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).said.clone()
    }

    /// When the record's clock started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }
}
