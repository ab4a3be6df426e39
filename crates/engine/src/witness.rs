//! The third guard on the deploy budget: counts stacks created from the engine's own event stream (RUN-3c).
//!
//! It has its own subscription and its own bookkeeping and shares no code with the ledger or the plan. A stack counts as
//! created when a service appears in a namespace that has none; removing a stack and deploying it again therefore counts
//! twice, and a head that adds a service to its own stack does not count.

use crate::labels;
use crate::swarm::{EngineEvent, EngineTime, EventKind, Hearing, Observe};
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use futures_util::StreamExt;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait before a broken stream is opened again.
const REOPEN: Duration = Duration::from_millis(50);

/// Decides whether a stack belongs to another run of cc-ci, by its run label's value and its name.
pub type OtherRuns = Arc<dyn Fn(&str, &StackName) -> bool + Send + Sync>;

/// What the witness saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Stacks created, in order.
    pub stacks: Vec<StackSeen>,
    /// Times the stream broke; with `since` nothing is lost unless the engine itself restarted.
    pub gaps: usize,
}

/// A stack that was seen being created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSeen {
    /// Its name; a service without a stack stands under its own.
    pub name: StackName,
    /// The run that its first service names by a label.
    pub run: Option<String>,
    /// When its first service was made.
    pub at: EngineTime,
}

/// A service that was seen being created, of whatever stack, but for those of other live runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceMade {
    /// Its full name.
    pub name: String,
    /// Its stack; its own name when it has none.
    pub stack: StackName,
    /// The run that it names by a label.
    pub run: Option<String>,
    /// When it was made.
    pub at: EngineTime,
    /// Whether it is there still.
    pub stays: Stays,
}

/// Whether something is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// It is.
    Yes,
    /// It was removed again.
    Removed,
}

/// A running witness.
pub struct Witness {
    watch: Arc<Watch>,
    task: tokio::task::JoinHandle<()>,
}

/// The eyes of a running witness, for whoever wants to know what happened just now.
#[derive(Clone)]
pub struct Sight(Arc<Watch>);

impl Sight {
    /// The services that were made, from the first moment on, as the engine tells it now.
    pub async fn services(&self) -> Vec<ServiceMade> {
        self.0.catch_up().await;
        self.0.lock().made.iter().map(|(_, made)| made.clone()).collect()
    }
}

#[derive(Default)]
struct State {
    alive: HashMap<StackName, HashSet<String>>,
    owner: HashMap<String, StackName>,
    taken: HashSet<(EngineTime, String, String)>,
    seen: Seen,
    made: Vec<(String, ServiceMade)>,
    last: Option<EngineTime>,
}

impl Witness {
    /// Starts watching. Stacks of other live runs are left out, as `others` decides.
    pub fn start(observe: Arc<dyn Observe>, others: OtherRuns) -> Self {
        let (state, stop) = (Mutex::new(State::default()), CancellationToken::new());
        let since = EngineTime::now();
        let watch = Arc::new(Watch { observe, state, stop, others, since });
        Self { task: tokio::spawn(Arc::clone(&watch).run()), watch }
    }

    /// Its eyes, while it watches.
    #[must_use]
    pub fn sight(&self) -> Sight {
        Sight(Arc::clone(&self.watch))
    }

    /// Ends the watch and says what was seen. Asks the engine once more for everything up to now, so that an event still on
    /// its way is not missed.
    pub async fn testify(self) -> Seen {
        self.watch.stop.cancel();
        drop(self.task.await);
        self.watch.catch_up().await;
        self.watch.lock().seen.clone()
    }
}

struct Watch {
    observe: Arc<dyn Observe>,
    state: Mutex<State>,
    stop: CancellationToken,
    others: OtherRuns,
    since: EngineTime,
}

impl Watch {
    async fn run(self: Arc<Self>) {
        loop {
            let mut events = self.observe.events(&self.hearing(None));
            loop {
                let next = tokio::select! {
                    next = events.next() => next,
                    () = self.stop.cancelled() => return,
                };
                let Some(Ok(event)) = next else { break };
                self.take(event).await;
            }
            self.lock().seen.gaps += 1;
            tokio::select! {
                () = tokio::time::sleep(REOPEN) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Takes in what the engine still remembers up to this moment; the stream ends by itself.
    async fn catch_up(&self) {
        let mut events = self.observe.events(&self.hearing(Some(EngineTime::now())));
        while let Some(next) = events.next().await {
            match next {
                Ok(event) => self.take(event).await,
                Err(_) => self.lock().seen.gaps += 1,
            }
        }
    }

    fn hearing(&self, until: Option<EngineTime>) -> Hearing {
        // What came before the watch began is not its business, not even in the same second.
        let since = self.lock().last.map_or(self.since, |last| last.whole_second().max(self.since));
        Hearing { kinds: &[EventKind::Service], since: Some(since), until }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self, EngineEvent { action, id, mut attributes, at }: EngineEvent) {
        let name = attributes.remove("name").unwrap_or_default();
        {
            let mut state = self.lock();
            state.last = Some(state.last.unwrap_or_default().max(at));
            // A reopened stream repeats the second it starts with.
            if !state.taken.insert((at, id.clone(), action.clone())) {
                return;
            }
        }
        match action.as_str() {
            "create" => self.created(id, &name, at).await,
            "remove" => self.removed(&id),
            _ => {}
        }
    }

    async fn created(&self, id: String, name: &str, at: EngineTime) {
        let found = self.observe.labels(&Object::new(ObjectKind::Service, &id)).await;
        let labels = found.ok().flatten().unwrap_or_default();
        // A service that is gone before it could be inspected still counts, under what its name says.
        let by_name = || name.split_once('_').map_or(name, |(stack, _)| stack).to_owned();
        let stack = StackName::observed(&labels.get(labels::STACK).cloned().unwrap_or_else(by_name));
        if labels.get(labels::RUN).is_some_and(|run| (self.others)(run, &stack)) {
            return;
        }
        let mut state = self.lock();
        let made = ServiceMade {
            name: name.to_owned(),
            stack: stack.clone(),
            run: labels.get(labels::RUN).cloned(),
            at,
            stays: Stays::Yes,
        };
        state.made.push((id.clone(), made));
        let alive = state.alive.entry(stack.clone()).or_default();
        let first = alive.is_empty();
        alive.insert(id.clone());
        state.owner.insert(id, stack.clone());
        if first {
            state.seen.stacks.push(StackSeen { name: stack, run: labels.get(labels::RUN).cloned(), at });
        }
    }

    fn removed(&self, id: &str) {
        let mut state = self.lock();
        if let Some((_, made)) = state.made.iter_mut().find(|(known, _)| known == id) {
            made.stays = Stays::Removed;
        }
        if let Some(stack) = state.owner.remove(id)
            && let Some(alive) = state.alive.get_mut(&stack)
        {
            alive.remove(id);
        }
    }
}
