//! A model of a swarm with memory, for tests that need no engine: what is deployed comes up, crashes, rolls back or never gets
//! healthy as it was told, and any call can be told to fail.
//!
//! It stands behind the same doors as the real swarm. Time in it is tokio's, so a test that pauses the clock waits for nothing.

mod bench;
mod beside;
mod doors;
mod fate;
mod layers;
mod node;
mod script;
mod stack;
mod state;
mod twisted;
mod usage;
mod volumes;

pub use fate::Fate;
pub use layers::Replaced;
pub use script::{Deed, Script};
pub use twisted::{Twist, Twisted};
pub use usage::Figures;

use cc_ci_engine::swarm::{Doors, Inventory, SwarmError};
use cc_ci_model::object::Object;
use state::{Behaviour, State};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A call through one of the doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SwarmCall {
    /// The engine is asked about itself.
    About,
    /// Services and tasks are listed.
    Stack,
    /// Everything is listed.
    Inventory,
    /// A container is inspected.
    Container,
    /// A stack is deployed.
    Deploy,
    /// A stack is redeployed.
    Redeploy,
    /// A service is stopped.
    Stop,
    /// A service that was stopped is started again.
    Start,
    /// Secrets are made.
    Secrets,
    /// An object is removed.
    Remove,
    /// A container of ours is started.
    Launch,
    /// A file is written into a container of ours.
    Upload,
    /// The app is asked over HTTP.
    Ask,
    /// A command is run in a container.
    Exec,
    /// Somebody begins to listen.
    Events,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The engine does not answer.
    Lost,
    /// The engine answers with an error of its own, in these words.
    Says(&'static str),
    /// The loader refuses the files, in these words.
    Refused(&'static str),
}

/// Calls from `first` on that fail.
#[derive(Debug, Clone)]
struct Fault {
    call: SwarmCall,
    first: usize,
    last: usize,
    trouble: Trouble,
}

/// A swarm in memory. Clones are the same swarm.
#[derive(Debug, Clone)]
pub struct FakeSwarm {
    state: Arc<Mutex<State>>,
    orders: Arc<Mutex<Orders>>,
}

/// What comes back when head is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadAnswer {
    /// The app answers with this status.
    Status(u16),
    /// The edge has no router for it.
    NoRoute,
}

/// What a test ordered.
#[derive(Debug, Default)]
struct Orders {
    faults: Vec<Fault>,
    calls: BTreeMap<SwarmCall, usize>,
    /// What a registry says about an image that is not there.
    absent: BTreeMap<String, &'static str>,
    pulled: BTreeSet<String>,
    /// Commands that do not end as they do by themselves.
    scripts: Vec<Script>,
    /// What the app does to its volumes when it comes up after a call.
    deeds: Vec<(SwarmCall, Deed)>,
    /// The containers that hold an object.
    held: BTreeMap<Object, BTreeSet<String>>,
    /// What the app shows, at its first deploy, at the next, and so on.
    pages: Vec<&'static str>,
    /// The tables of sockets in the app's containers, at its first deploy, at the next, and so on.
    sockets: Vec<&'static str>,
    /// So many looks at them still show nothing.
    deaf: usize,
    /// The edge does not answer so many questions yet.
    edge_deaf: usize,
    /// What head answers in turn; as its status says where this is empty.
    in_turn: Vec<HeadAnswer>,
    /// What every container says last.
    last_words: Option<&'static str>,
    /// What head answers on a path.
    head_at: BTreeMap<&'static str, u16>,
    layers: layers::Layers,
    usage: usage::Usage,
}

impl Default for FakeSwarm {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeSwarm {
    /// A swarm on which nothing runs; it has the network `proxy`.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Arc::new(Mutex::new(State::new())), orders: Arc::default() }
    }

    /// The three doors to it.
    #[must_use]
    pub fn doors(&self) -> Doors {
        let swarm = Arc::new(self.clone());
        Doors { observe: swarm.clone(), operate: swarm.clone(), node: swarm }
    }

    /// What becomes of a service at its first deploy, at the next, and so on; the last one stays. Each with the status that
    /// the service then answers over HTTP.
    #[must_use]
    pub fn service(self, name: &str, deployments: &[(Fate, u16)]) -> Self {
        let behaviours = deployments.iter().map(|(fate, status)| Behaviour { fate: fate.clone(), status: *status });
        self.state().behaviours.insert(name.to_owned(), behaviours.collect::<VecDeque<_>>());
        self
    }

    /// The tables of sockets in each of the app's containers at its first deploy, at the next, and so on.
    #[must_use]
    pub fn listens(self, sockets: &[&'static str]) -> Self {
        self.orders().sockets = sockets.to_vec();
        self
    }

    /// At the first looks at them, so many, nothing listens yet.
    #[must_use]
    pub fn deaf_at_first(self, looks: usize) -> Self {
        self.orders().deaf = looks;
        self
    }

    /// At the first questions, so many, the edge does not listen yet.
    #[must_use]
    pub fn edge_deaf_at_first(self, questions: usize) -> Self {
        self.orders().edge_deaf = questions;
        self
    }

    fn edge_is_deaf(&self) -> bool {
        let deaf = &mut self.orders().edge_deaf;
        let left = deaf.checked_sub(1);
        *deaf = left.unwrap_or_default();
        left.is_some()
    }

    /// The page that the app shows on each path at its first deploy, at the next, and so on.
    #[must_use]
    pub fn shows(self, pages: &[&'static str]) -> Self {
        self.orders().pages = pages.to_vec();
        self
    }

    /// Every container says this last.
    #[must_use]
    pub fn says_last(self, words: &'static str) -> Self {
        self.orders().last_words = Some(words);
        self
    }

    /// Head answers with this status on this path, whatever it answers elsewhere.
    #[must_use]
    pub fn head_answers_at(self, path: &'static str, status: u16) -> Self {
        self.orders().head_at.insert(path, status);
        self
    }

    /// What head answers: the first at the first question, and so on, and then the first again.
    #[must_use]
    pub fn answers_in_turn(self, answers: &[HeadAnswer]) -> Self {
        self.orders().in_turn = answers.to_vec();
        self
    }

    /// Makes the `number`th call of a kind fail, the first being 1.
    #[must_use]
    pub fn fail(self, call: SwarmCall, number: usize, trouble: Trouble) -> Self {
        self.orders().faults.push(Fault { call, first: number, last: number, trouble });
        self
    }

    /// Makes every call of a kind fail from the `number`th on.
    #[must_use]
    pub fn fail_from(self, call: SwarmCall, number: usize, trouble: Trouble) -> Self {
        self.orders().faults.push(Fault { call, first: number, last: usize::MAX, trouble });
        self
    }

    /// An image that is not on the node, with what its registry says to whoever pulls it.
    #[must_use]
    pub fn without_image(self, reference: &str, says: &'static str) -> Self {
        self.orders().absent.insert(reference.to_owned(), says);
        self
    }

    /// An object that the engine does not let go.
    #[must_use]
    pub fn stuck(self, object: Object) -> Self {
        self.state().stuck.insert(object);
        self
    }

    /// A service that can be stopped so many times, and then goes on when it is scaled to zero.
    #[must_use]
    pub fn stubborn_after(self, service: &str, stops: usize) -> Self {
        self.state().stubborn.insert(service.to_owned(), stops);
        self
    }

    /// The snapshots that there are, by id, each with the files in it by their path on the workbench.
    #[must_use]
    pub fn snapshots(&self) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
        let volumes = &self.state().volumes;
        let files = |id: &str| {
            let saved = volumes.snapshot(id).into_iter();
            saved.filter_map(|(path, bytes)| Some((path, bytes?))).collect()
        };
        volumes.snapshots().map(|id| (id.clone(), files(&id))).collect()
    }

    /// An object that somebody else has on this swarm.
    #[must_use]
    pub fn with(self, object: Object) -> Self {
        self.state().objects.insert(object, BTreeMap::new());
        self
    }

    /// Tells a command how to end; of several that know it the first counts.
    #[must_use]
    pub fn scripted(self, script: Script) -> Self {
        self.orders().scripts.push(script);
        self
    }

    /// What containers of an image write into a file beside their volumes.
    #[must_use]
    pub fn writes(self, image: &str, path: &str, content: &str) -> Self {
        self.orders().layers.write(image, path, content);
        self
    }

    /// What becomes of containers whose task is replaced.
    #[must_use]
    pub fn replaced(self, replaced: Replaced) -> Self {
        self.orders().layers.replaced = replaced;
        self
    }

    /// The image of a container of a service, if it can still be looked at.
    fn image_of(&self, container: &str) -> Option<String> {
        let (image, runs) = self.state().image_of(container)?;
        let orders = self.orders();
        let is_there = runs || orders.layers.replaced == Replaced::Stays;
        (is_there && !orders.layers.removed.contains(&image)).then_some(image)
    }

    /// Containers of an image are removed by somebody before anybody can look into them.
    #[must_use]
    pub fn removed(self, image: &str) -> Self {
        self.orders().layers.removed.insert(image.to_owned());
        self
    }

    /// What an app does to its volumes when it comes up after a deploy or a redeploy.
    #[must_use]
    pub fn at(self, call: SwarmCall, deed: Deed) -> Self {
        self.orders().deeds.push((call, deed));
        self
    }

    /// How often a call was made.
    #[must_use]
    pub fn calls(&self, call: SwarmCall) -> usize {
        self.orders().calls.get(&call).copied().unwrap_or_default()
    }

    /// Everything that exists now.
    #[must_use]
    pub fn left(&self) -> Inventory {
        Inventory { objects: self.state().inventory() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the app do what it was ordered to do after this call.
    fn suffer(&self, call: SwarmCall) {
        let deeds: Vec<Deed> =
            self.orders().deeds.iter().filter(|(at, _)| *at == call).map(|(_, deed)| *deed).collect();
        self.state().suffer(&deeds);
    }

    /// Counts a call, and fails it when it was told to.
    fn called(&self, call: SwarmCall) -> Result<(), SwarmError> {
        let mut orders = self.orders();
        let count = orders.calls.entry(call).or_default();
        *count += 1;
        let number = *count;
        let fault = orders.faults.iter().find(|one| one.call == call && (one.first..=one.last).contains(&number));
        let verb = format!("{call:?}").to_lowercase();
        match fault.map(|fault| &fault.trouble) {
            None => Ok(()),
            Some(Trouble::Lost) => Err(SwarmError::engine(verb)(std::io::Error::other("connection refused"))),
            Some(Trouble::Says(text)) => Err(SwarmError::Command { verb, text: (*text).to_owned() }),
            Some(Trouble::Refused(text)) => {
                Err(SwarmError::Refused { by: "docker stack deploy", text: (*text).to_owned() })
            }
        }
    }
}
