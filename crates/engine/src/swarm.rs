//! The two doors to the swarm: [`Observe`] looks, [`Operate`] changes.
//!
//! A check receives `&dyn Observe`, so by type it cannot deploy, update or remove anything (RUN-5).

use async_trait::async_trait;
use cc_ci_model::convergence::StackView;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::Object;
use cc_ci_model::plan::permit::DeployPermit;
use cc_ci_recipe::compose::Service;
use cc_ci_recipe::env_sample::Charset;
use cc_ci_recipe::overlay::Identity;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why the swarm gave no answer. A recipe that fails is not one of these.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// The engine did not answer or answered with an error.
    #[error("cannot {verb}: the engine says: {source}")]
    Engine {
        /// What was tried, as `list the services of mini-abc123`.
        verb: String,
        /// What came back.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A command around the engine failed.
    #[error("cannot {verb}: {text}")]
    Command {
        /// What was tried.
        verb: String,
        /// The command's last words.
        text: String,
    },
    /// The deployer refused the files: the recipe's fault, not the engine's.
    #[error("{by} refused the files: {text}")]
    Refused {
        /// `docker stack deploy`, or a command of `abra`.
        by: &'static str,
        /// Its message.
        text: String,
    },
    /// The ledger could not be written, so nothing may be made.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::LedgerError),
}

impl SwarmError {
    /// Wraps an engine error with what was tried.
    pub fn engine<E: std::error::Error + Send + Sync + 'static>(verb: impl Into<String>) -> impl FnOnce(E) -> Self {
        let verb = verb.into();
        move |source| Self::Engine { verb, source: Box::new(source) }
    }

    /// An answer of the engine that says no, or that is not understood.
    pub(crate) fn answer(verb: impl Into<String>, answer: &serde_json::Value) -> Self {
        let text = answer["message"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
        Self::Command { verb: verb.into(), text }
    }
}

/// A container as the engine describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerFacts {
    /// The engine's id.
    pub id: String,
    /// Id of the image it runs.
    pub image_id: String,
    /// Whether it runs now.
    pub running: bool,
    /// Exit code, if it ended.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom: bool,
    /// What the last health probe said, if it failed: `exit code 1: connection refused`.
    pub health: Option<String>,
    /// Volumes: mount target to volume name.
    pub volumes: BTreeMap<String, String>,
}

/// All objects of the engine, of the six kinds, with the labels that say whose they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Every object with its labels.
    pub objects: BTreeMap<Object, BTreeMap<String, String>>,
}

impl Inventory {
    /// How many there are of each kind, in the order of [`cc_ci_model::object::ObjectKind::ALL`].
    #[must_use]
    pub fn counts(&self) -> [usize; 6] {
        cc_ci_model::object::ObjectKind::ALL
            .map(|kind| self.objects.keys().filter(|object| object.kind == kind).count())
    }
}

/// A stack ready for `docker stack deploy`: the recipe's own files, untouched, and the generated override.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The stack's name.
    pub stack: StackName,
    /// Where the recipe's files are; the command runs here.
    pub folder: PathBuf,
    /// The recipe's own compose files in order.
    pub own: Vec<PathBuf>,
    /// What the command is given: the same, a generated file in place of one that no override can be laid over, and the
    /// override last.
    pub files: Vec<PathBuf>,
    /// Services that the override leaves out because a generated file has them whole, as they should be read.
    pub apart: BTreeMap<String, Service>,
    /// The complete environment of the command: nothing else may be interpolated.
    pub env: BTreeMap<String, String>,
}

/// A secret to be made.
#[derive(Clone)]
pub struct NewSecret {
    /// Its full name in the swarm.
    pub name: String,
    /// Its key in the compose files.
    pub id: String,
    /// The text behind the last `_` of its name, such as `v1`.
    pub version: String,
    /// Where its value comes from.
    pub value: NewValue,
}

/// Where the value of a secret comes from.
#[derive(Clone)]
pub enum NewValue {
    /// It was given; never printed.
    Given(String),
    /// Chance.
    Random {
        /// Letters; without it, a pass phrase.
        length: Option<u32>,
        /// Alphabet.
        charset: Charset,
    },
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
}

/// The right to change the swarm. Only the run, teardown and clean-up hold it.
#[async_trait]
pub trait Operate: Observe {
    /// Deploys a stack for the first time; spends the permit.
    async fn deploy(&self, permit: DeployPermit, stack: &Rendered) -> Result<(), SwarmError>;

    /// Redeploys a running stack in place; not a deploy (RUN-2).
    async fn redeploy(&self, stack: &Rendered) -> Result<(), SwarmError>;

    /// Stops a service (0) or starts it again with its replicas, by id.
    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError>;

    /// Ends a container at once; no error when it is gone.
    async fn kill(&self, container: &str) -> Result<(), SwarmError>;

    /// Makes the secrets of a stack that is about to be deployed, each with the run's label; answers with their values, by
    /// name in the swarm.
    async fn create_secrets(
        &self,
        run: &RunId,
        stack: &Rendered,
        secrets: &[NewSecret],
    ) -> Result<BTreeMap<String, String>, SwarmError>;

    /// Who says which recipe and version an app is that is deployed from the tree in `folder`.
    fn identity(&self, folder: &Path) -> Identity;

    /// Takes the stack down as operators do, where that is more than removing its objects. What is left is then removed one
    /// by one, also after an error.
    async fn undeploy(&self, run: &RunId, stack: &StackName) -> Result<(), SwarmError>;

    /// Removes an object, forced where the engine knows force; no error when it is gone. `false` when the engine says it is
    /// still in use.
    async fn remove(&self, object: &Object) -> Result<bool, SwarmError>;
}
