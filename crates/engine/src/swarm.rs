//! The doors to the swarm: [`Observe`] looks, [`Operate`] changes the swarm, [`Node`] has containers of our own on one machine.
//!
//! A check receives `&dyn Observe`, so by type it cannot deploy, update or remove anything (RUN-5). What stands behind a door
//! is Docker in a run ([`crate::docker`]) and a model of it in tests.

mod about;
mod error;
mod events;
mod http;
mod image;
mod launch;
mod unheard;
mod usage;
mod values;

use crate::exec::{ExecCommand, ExecError, ExecOutput};
use crate::secrets::Secrets;
use async_trait::async_trait;
use cc_ci_model::convergence::StackView;
use cc_ci_model::data::access::User;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::Object;
use cc_ci_model::plan::permit::DeployPermit;
use cc_ci_recipe::overlay::Identity;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use about::{EngineFacts, Membership, Pool, ProxyNetwork};
pub use cc_ci_edge::Mark;
pub use error::SwarmError;
pub use events::{EngineEvent, EngineTime, EventKind, Events, Hearing};
pub(crate) use http::is_below;
pub use http::{AnswerHeaders, Asker, Asking, HttpAnswer, RunEdge};
pub use image::{ImageFacts, LayerNews, LayerTeller, PullError};
pub use launch::{
    Bounds, Launch, LaunchNetwork, LaunchVolume, NewFile, Orphans, Privileges, Root, Stay, Swap, VolumeAccess,
};
pub use unheard::UNHEARD;
pub use usage::{Since, Started, Used};
pub use values::{ContainerFacts, Deployed, Inventory, Loaded, Mounts, NewSecret, NewValue, Rendered};

/// The three doors, each as narrow as its user needs it.
#[derive(Clone)]
pub struct Doors {
    /// For whoever looks.
    pub observe: Arc<dyn Observe>,
    /// For the run, teardown and clean-up.
    pub operate: Arc<dyn Operate>,
    /// For the containers of our own.
    pub node: Arc<dyn Node>,
}

impl Doors {
    /// The way into running containers, without the right to change the swarm.
    #[must_use]
    pub fn containers(&self) -> Containers {
        Containers { observe: Arc::clone(&self.observe), node: Arc::clone(&self.node) }
    }
}

/// The way into running containers: finds that of a service, and runs commands in it.
#[derive(Clone)]
pub struct Containers {
    /// Finds them.
    pub observe: Arc<dyn Observe>,
    /// Runs commands in them.
    pub node: Arc<dyn Node>,
}

/// Read-only access.
#[async_trait]
pub trait Observe: Send + Sync {
    /// Services and tasks of a stack, by two lists.
    async fn stack(&self, stack: &StackName) -> Result<StackView, SwarmError>;

    /// One container; `None` when it is gone.
    async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, SwarmError>;

    /// The last `lines` lines a container wrote, both streams; empty when it is gone.
    async fn log_tail(&self, container: &str, lines: usize) -> Result<Vec<String>, SwarmError>;

    /// Everything of the six kinds that exists.
    async fn inventory(&self) -> Result<Inventory, SwarmError>;

    /// The paths that differ between a container's own files and its image, with the folders above them; `None` when it is gone. The
    /// engine reads the whole image for it, and lets nobody else at the container meanwhile.
    async fn changes(&self, container: &str) -> Result<Option<BTreeSet<String>>, SwarmError>;

    /// The first bytes of a plain file of a container, whether it runs or not; `None` when there is no such file any more.
    async fn first_bytes(&self, container: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, SwarmError>;

    /// Whether the swarm keeps the containers of tasks that it replaced, at least the last one of each.
    async fn keeps_replaced(&self) -> Result<bool, SwarmError>;

    /// What the running containers of a stack mount.
    async fn mounts(&self, stack: &StackName) -> Result<Mounts, SwarmError>;

    /// As whom the processes of a stack's services run, by service. One whose processes cannot be listed is left out.
    async fn users(&self, stack: &StackName) -> Result<BTreeMap<String, BTreeSet<User>>, SwarmError>;

    /// Every volume that carries the stack's label, mounted or not, by full name.
    async fn volumes(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError>;

    /// The networks of a stack that plain containers may join, by full name.
    async fn networks(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError>;

    /// The containers of a service that run now, by id, newest first.
    async fn running(&self, stack: &StackName, service: &str) -> Result<Vec<String>, SwarmError>;

    /// The containers of a stack that run now, and how each came up.
    async fn started(&self, stack: &StackName, since: Since) -> Result<Vec<Started>, SwarmError>;

    /// What each of these containers uses, by id; one that does not say is left out. It may take a second.
    async fn used(&self, containers: &[String]) -> BTreeMap<String, Used>;

    /// The containers that mount a volume or are on a network, by name; none for other kinds.
    async fn holders(&self, object: &Object) -> Result<BTreeSet<String>, SwarmError>;

    /// The labels of one object, by name or id; `None` when it is gone.
    async fn labels(&self, object: &Object) -> Result<Option<BTreeMap<String, String>>, SwarmError>;

    /// Listens to the engine. Each call is a subscription of its own.
    fn events(&self, hearing: &Hearing) -> Events;

    /// How the loader reads `files` of a stack with the stack's environment; changes nothing.
    async fn config(&self, stack: &Rendered, files: &[PathBuf]) -> Result<Loaded, SwarmError>;
}

/// The right to change the swarm. Only the run, teardown and clean-up hold it.
#[async_trait]
pub trait Operate: Observe {
    /// Deploys a stack for the first time; spends the permit, which must be for this stack.
    async fn deploy(&self, permit: DeployPermit, stack: &Rendered) -> Result<Deployed, SwarmError>;

    /// Redeploys a running stack in place; not a deploy (RUN-2), hence the proof that there was one.
    async fn redeploy(&self, proof: &Deployed, stack: &Rendered) -> Result<(), SwarmError>;

    /// Stops a service (0) or starts it again with its replicas, by id.
    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError>;

    /// Ends a container at once; no error when it is gone.
    async fn kill(&self, container: &str) -> Result<(), SwarmError>;

    /// Makes the secrets of a stack that is about to be deployed, each with the run's label. `keep` learns each value, by its
    /// name in the swarm, before the next is made: a failure in between loses none.
    async fn create_secrets(
        &self,
        run: &RunId,
        stack: &Rendered,
        secrets: &[NewSecret],
        keep: &Secrets,
    ) -> Result<(), SwarmError>;

    /// Puts the run's label on a secret that somebody else made for it.
    async fn adopt_secret(&self, run: &RunId, name: &str) -> Result<(), SwarmError>;

    /// Takes the run's label off a secret, and puts on it that it is kept for a recipe's canonical.
    async fn keep_secret(&self, recipe: &str, name: &str) -> Result<(), SwarmError>;

    /// Who says which recipe and version an app is that is deployed from the tree in `folder`.
    fn identity(&self, folder: &Path) -> Identity;

    /// Takes the stack down as operators do, where that is more than removing its objects. What is left is then removed one
    /// by one, also after an error.
    async fn undeploy(&self, run: &RunId, stack: &StackName) -> Result<(), SwarmError>;

    /// Removes an object, forced where the engine knows force; no error when it is gone. `false` when the engine says it is
    /// still in use.
    async fn remove(&self, object: &Object) -> Result<bool, SwarmError>;
}

/// A process that waits for its command, so that entering the container costs no time any more when there is one.
#[async_trait]
pub trait StandBy: Send {
    /// Becomes `command`, which [is plain](ExecCommand::is_plain), and waits for its end; the answers are those of [`Node::exec`].
    async fn run(self: Box<Self>, command: &ExecCommand) -> Result<ExecOutput, ExecError>;
}

/// Containers of our own on this machine, and what only this machine knows. What is made here is entered in the ledger before,
/// by the caller.
#[async_trait]
pub trait Node: Send + Sync {
    /// Makes a container under `name`, puts its files into it and starts it.
    async fn launch(&self, name: &str, what: &Launch) -> Result<(), SwarmError>;

    /// Waits for the end of a container that was started; returns its exit code.
    async fn finished(&self, container: &str) -> Result<i64, SwarmError>;

    /// Sends a signal, such as `HUP`, to the first process of a container.
    async fn signal(&self, container: &str, signal: &str) -> Result<(), SwarmError>;

    /// Connects a container to one more network.
    async fn join(&self, container: &str, network: &str) -> Result<(), SwarmError>;

    /// Writes files into a container.
    async fn upload(&self, container: &str, files: &[NewFile]) -> Result<(), SwarmError>;

    /// Removes a container at once; no error when it is gone.
    async fn discard(&self, container: &str) -> Result<(), SwarmError>;

    /// Makes a volume with these labels; one that is there already is fine, and keeps its own.
    async fn make_volume(&self, name: &str, labels: HashMap<String, String>) -> Result<(), SwarmError>;

    /// Runs a command in a running container and waits for its end. A command that fails is an [`ExecOutput`] with its exit code;
    /// [`ExecError`] means that there is no such answer.
    async fn exec(&self, container: &str, command: &ExecCommand) -> Result<ExecOutput, ExecError>;

    /// A process in a container of ours with a `bash`, that waits for the command it is to become. `None`: there is none, and the
    /// command has to be run by [`exec`](Self::exec).
    async fn stand_by(&self, _container: &str) -> Option<Box<dyn StandBy>> {
        None
    }

    /// Whether the first process of a container takes notice of the signal that asks it to end; `true` where that cannot be told.
    async fn heeds_its_stop(&self, _container: &str) -> bool {
        true
    }

    /// Asks once through a running edge; an error when the edge cannot be reached from this machine.
    async fn ask(&self, edge: &RunEdge, asking: &Asking) -> Result<HttpAnswer, SwarmError>;

    /// An image by its reference; `None` when it is not on this node.
    async fn image(&self, reference: &str) -> Result<Option<ImageFacts>, SwarmError>;

    /// The digests of an image's files that have one of `sizes`. `name` is the container through which it is read; it is never
    /// started, and gone afterwards.
    async fn image_files(
        &self,
        name: &str,
        what: &Launch,
        sizes: &BTreeSet<u64>,
    ) -> Result<BTreeSet<String>, SwarmError>;

    /// Pulls an image, which must have a tag or a digest.
    async fn pull(&self, reference: &str, tell: LayerTeller<'_>) -> Result<(), PullError>;

    /// What the engine says about itself.
    async fn about(&self) -> Result<EngineFacts, SwarmError>;
}
