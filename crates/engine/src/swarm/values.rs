//! What is asked of the swarm and what it answers, in our own words.

use crate::labels;
use crate::ledger::{self, LedgerEntry};
use cc_ci_model::data::Mounted;
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::permit::DeployPermit;
use cc_ci_recipe::compose::Service;
use cc_ci_recipe::env_sample::Charset;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::SwarmError;

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
    /// The stacks that anything carries the label of.
    #[must_use]
    pub fn stacks(&self) -> BTreeSet<StackName> {
        self.objects
            .values()
            .filter_map(|labels| labels.get(labels::STACK))
            .map(|name| StackName::observed(name))
            .collect()
    }

    /// Whether anything is of this stack, or is a service of that name.
    #[must_use]
    pub fn has_stack(&self, stack: &StackName) -> bool {
        let service = Object::new(ObjectKind::Service, stack.as_str());
        self.objects.contains_key(&service) || self.stacks().contains(stack)
    }

    /// How many there are of each kind, in the order of [`cc_ci_model::object::ObjectKind::ALL`].
    #[must_use]
    pub fn counts(&self) -> [usize; 6] {
        cc_ci_model::object::ObjectKind::ALL
            .map(|kind| self.objects.keys().filter(|object| object.kind == kind).count())
    }
}

/// A stack ready for `docker stack deploy`: what we wrote of the recipe's own files, and the generated override.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The stack's name.
    pub stack: StackName,
    /// Where the recipe's files are; the command runs here.
    pub folder: PathBuf,
    /// The recipe's own compose files in order.
    pub own: Vec<PathBuf>,
    /// What the command is given: each of them as it was read and judged, and the override last. `abra` is given the recipe's
    /// own, but for one that no override can be laid over.
    pub files: Vec<PathBuf>,
    /// Services written in full to a replacement file; the override must not repeat them.
    pub apart: BTreeMap<String, Service>,
    /// The app's environment, from which the recipe's own files are filled in.
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

/// What the running containers of a stack mount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mounts {
    /// Services that run, without the stack's name.
    pub services: BTreeSet<String>,
    /// Their volumes.
    pub volumes: BTreeSet<Mounted>,
    /// Those of them through which nothing can be written.
    pub read_only: BTreeSet<Mounted>,
    /// Every path in a service's containers at which something is mounted: a volume, a config, a secret, or anything else.
    pub covers: BTreeMap<String, BTreeSet<String>>,
}

/// How the installed `docker` command reads compose files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// As this text.
    Config(String),
    /// Not at all: its message.
    Refused(String),
    /// It cannot say: such as ``Docker 20.10.24 has no `docker stack config` ``.
    NotAvailable(String),
}

/// The proof that a stack was deployed with a permit. Only spending a permit makes one, or the ledger in which a process before this one
/// wrote that it spent one, so that nothing can be redeployed that never was deployed.
#[derive(Debug)]
pub struct Deployed {
    stack: StackName,
}

impl Deployed {
    /// Spends a permit on the deploy of a stack; refused when the permit is for another one.
    pub fn spend(permit: DeployPermit, stack: &Rendered) -> Result<Self, SwarmError> {
        let (purpose, of) = permit.spend();
        if of == stack.stack {
            return Ok(Self { stack: of });
        }
        let what = format!("deploy stack {}", stack.stack);
        Err(SwarmError::NotAllowed { what, why: format!("the permit for the {purpose} deploy is for stack {of}") })
    }

    /// What a process before this one deployed, by its ledger.
    pub fn by_ledger(entries: &[LedgerEntry], stack: &StackName) -> Result<Self, SwarmError> {
        if ledger::deploys(entries).contains(stack) {
            return Ok(Self { stack: stack.clone() });
        }
        let why = "its ledger knows of no deploy of it".to_owned();
        Err(SwarmError::NotAllowed { what: format!("redeploy stack {stack}"), why })
    }

    /// Refuses another stack than the one that was deployed.
    pub fn covers(&self, stack: &Rendered) -> Result<(), SwarmError> {
        if self.stack == stack.stack {
            return Ok(());
        }
        let what = format!("redeploy stack {}", stack.stack);
        Err(SwarmError::NotAllowed { what, why: format!("what was deployed is stack {}", self.stack) })
    }
}
