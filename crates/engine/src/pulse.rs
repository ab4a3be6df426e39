//! Follows the engine's event stream for one stack: wakes waits, and collects the dead at the moment they die.
//!
//! Evidence of a dead attempt is fetched at its `die` event, because Swarm keeps only five tasks per slot and removes the
//! containers of the others (SWARM-5).

use crate::labels;
use crate::swarm::{EngineEvent, EventKind, Hearing, Observe};
use cc_ci_model::ids::StackName;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many lines of a dead attempt are kept.
const LOG_LINES: usize = 50;

/// How long to wait before the event stream is opened again after it broke.
const REOPEN: Duration = Duration::from_millis(200);

/// How long the last lines of a dead attempt are waited for.
const TELLING: Duration = Duration::from_secs(1);

/// A container of the stack that ended.
#[derive(Debug, Clone)]
pub struct Death {
    /// Name of the service, without the stack.
    pub service: String,
    /// The container.
    pub container: String,
    /// Its task.
    pub task: String,
    /// Exit code, as the event gave it.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom: bool,
    /// What its last health probe said, if it failed.
    pub health: Option<String>,
    /// Its last lines.
    pub log: Vec<String>,
    /// When its event came.
    pub at: Instant,
    /// How long it had run, if its start was heard of.
    pub lived: Option<Duration>,
    /// Whether everything that could be learned of it is here.
    pub told: bool,
}

/// The follower of one stack. Ends when dropped or cancelled.
pub struct Pulse {
    beat: watch::Receiver<u64>,
    deaths: Arc<Mutex<Vec<Death>>>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Death {
    /// Whether it died of itself: with an error, or stopped as unhealthy, however well it then ended.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.exit_code != Some(0) || self.health.is_some()
    }
}

impl Pulse {
    /// Starts following before anything is deployed, so that no event can be missed.
    pub fn start(observe: Arc<dyn Observe>, stack: &StackName, stop: &CancellationToken) -> Self {
        let (send, beat) = watch::channel(0);
        let deaths = Arc::new(Mutex::new(Vec::new()));
        let stop = stop.child_token();
        let tracker = TaskTracker::new();
        let follower = Follower {
            observe,
            stack: stack.clone(),
            send,
            deaths: Arc::clone(&deaths),
            tracker: tracker.clone(),
            stop: stop.clone(),
            starts: Mutex::default(),
        };
        tracker.spawn(follower.follow());
        Self { beat, deaths, tracker, stop }
    }

    /// Waits for the next event of the stack, at most `most`.
    pub async fn next(&mut self, most: Duration) {
        // An elapsed wait and a closed channel mean the same here: look again.
        drop(tokio::time::timeout(most, self.beat.changed()).await);
    }

    /// The deaths so far, in the order of their events.
    #[must_use]
    pub fn deaths(&self) -> Vec<Death> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The deaths so far, each with its last lines, which are waited for a moment.
    pub async fn deaths_told(&mut self) -> Vec<Death> {
        let started = Instant::now();
        loop {
            let deaths = self.deaths();
            if deaths.iter().all(|death| death.told) || started.elapsed() >= TELLING {
                return deaths;
            }
            self.next(TELLING).await;
        }
    }

    /// Stops following and waits until the last log is fetched.
    pub async fn finish(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Follower {
    observe: Arc<dyn Observe>,
    stack: StackName,
    send: watch::Sender<u64>,
    deaths: Arc<Mutex<Vec<Death>>>,
    tracker: TaskTracker,
    stop: CancellationToken,
    /// When containers started, by id.
    starts: Mutex<BTreeMap<String, Instant>>,
}

impl Follower {
    async fn follow(self) {
        loop {
            let mut events = self.observe.events(&Hearing::of(&[EventKind::Container, EventKind::Service]));
            loop {
                let next = tokio::select! {
                    next = events.next() => next,
                    () = self.stop.cancelled() => return,
                };
                let Some(Ok(event)) = next else { break };
                self.take(event);
            }
            tokio::select! {
                () = tokio::time::sleep(REOPEN) => {}
                () = self.stop.cancelled() => return,
            }
            self.send.send_modify(|beat| *beat += 1);
        }
    }

    fn take(&self, EngineEvent { action, id, attributes, .. }: EngineEvent) {
        let name = attributes.get(labels::SERVICE_NAME).or_else(|| attributes.get("name"));
        let Some(service) = name.and_then(|name| name.strip_prefix(&format!("{}_", self.stack))) else { return };
        match action.as_str() {
            "start" => {
                self.starts.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Instant::now());
            }
            "die" => self.collect(service, id, &attributes),
            _ => {}
        }
        self.send.send_modify(|beat| *beat += 1);
    }

    fn collect(&self, service: &str, container: String, attributes: &BTreeMap<String, String>) {
        let started = self.starts.lock().unwrap_or_else(PoisonError::into_inner).remove(&container);
        let death = Death {
            service: service.to_owned(),
            container: container.clone(),
            task: attributes.get(labels::TASK_ID).cloned().unwrap_or_default(),
            exit_code: attributes.get("exitCode").and_then(|code| code.parse().ok()),
            oom: false,
            health: None,
            log: Vec::new(),
            at: Instant::now(),
            lived: started.map(|started| started.elapsed()),
            told: false,
        };
        let mut deaths = self.deaths.lock().unwrap_or_else(PoisonError::into_inner);
        let at = deaths.len();
        deaths.push(death);
        drop(deaths);
        let (observe, deaths, send) = (Arc::clone(&self.observe), Arc::clone(&self.deaths), self.send.clone());
        self.tracker.spawn(async move {
            // Whatever cannot be fetched any more stays empty: the container may be gone already.
            let facts = observe.container(&container).await.ok().flatten();
            let log = observe.log_tail(&container, LOG_LINES).await.unwrap_or_default();
            let mut deaths = deaths.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(death) = deaths.get_mut(at) {
                death.log = log;
                death.told = true;
                if let Some(facts) = facts {
                    death.oom = facts.oom;
                    death.health = facts.health;
                }
            }
            drop(deaths);
            send.send_modify(|beat| *beat += 1);
        });
    }
}
