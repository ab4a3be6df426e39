//! How the engine speaks: stamps each event and hands it to every listener, in order.

use cc_ci_model::event::{Event, Listener, Stamped};
use cc_ci_model::ids::StepId;
use cc_ci_model::redact::Vault;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// A cheap handle; all clones speak into the same record.
#[derive(Clone)]
pub struct Voice {
    inner: Arc<Mutex<Inner>>,
    started: Instant,
    vault: Vault,
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
        Self::discreet(listeners, Vault::default())
    }

    /// The same, for listeners who must not hear what is in the vault. Each masks what it hears; lines that belong together
    /// are masked here, because a secret may go on in the next event.
    #[must_use]
    pub fn discreet(listeners: Vec<Box<dyn Listener + Send>>, vault: Vault) -> Self {
        let inner = Arc::new(Mutex::new(Inner { seq: 0, said: Vec::new(), listeners }));
        Self { inner, started: Instant::now(), vault }
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

    /// Says the lines of one output, each behind `prefix`.
    pub fn note_lines(&self, step: &StepId, prefix: &str, lines: Vec<String>) {
        for line in self.vault.redactor().mask_lines(lines) {
            self.note(Some(step), format!("{prefix}: {line}"));
        }
    }

    /// The secrets to mask.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
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
