//! What the product reads from compose files: services, and the volumes, networks, secrets and configs around them.
//!
//! Reading, interpolation and merging follow the loader of `docker stack deploy`, oddities included, because that loader
//! decides what is deployed; [`super::crosscheck`] compares the two, in tests and in every run.

pub(crate) mod check;
pub(crate) mod contents;
mod document;
mod entries;
mod env_file;
mod files;
mod merge;
mod mounts;
mod ports;
mod read;
mod reader;
mod render;
mod schema;
mod service;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

pub use self::document::Document;
pub(crate) use self::document::ascii;
pub(crate) use self::read::minor;
pub use self::words::{duration_text, parse_duration};
use crate::source::{Files, Problem};

/// The merged and interpolated compose files of one app.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Compose {
    /// The text after `version:`, of the first file that has one.
    pub version: Option<String>,
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Named volumes by key.
    pub volumes: BTreeMap<String, Volume>,
    /// Networks by key.
    pub networks: BTreeMap<String, Network>,
    /// Secrets by key.
    pub secrets: BTreeMap<String, StackFile>,
    /// Configs by key.
    pub configs: BTreeMap<String, StackFile>,
    /// Folder of the first compose file, relative to the recipe's root and mostly empty: paths in every file are
    /// relative to it.
    pub folder: String,
    /// Files that services take variables from, relative to the recipe's root.
    #[serde(skip)]
    pub env_files: BTreeSet<String>,
    /// Each file as it is handed to the loader, in the order in which they are merged.
    #[serde(skip)]
    pub documents: Vec<Document>,
    /// Where each key stands, by dotted path; of a key in two files, the later one.
    #[serde(skip)]
    pub places: BTreeMap<String, KeyPlace>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KeyPlace {
    /// Path relative to the recipe's root.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

/// One service of the stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Service {
    /// The image as written, with its tag. Empty when no file gives one, which a `Recipe` never has.
    pub image: String,
    /// Arguments in place of the image's command; empty for the image's own.
    pub command: Vec<String>,
    /// Program in place of the image's entry point; empty for the image's own.
    pub entrypoint: Vec<String>,
    /// Variables; `None` for one that is named without a value and that the app's environment does not have.
    pub environment: BTreeMap<String, Option<String>>,
    /// Container labels. The labels that Co-op Cloud's tools read are in `deploy.labels`.
    pub labels: BTreeMap<String, String>,
    /// How Swarm runs the service.
    pub deploy: Deploy,
    /// The health check of the compose file; `None` leaves the image's own in place.
    pub healthcheck: Option<Healthcheck>,
    /// What is mounted.
    pub volumes: Vec<Mount>,
    /// Configs mounted as files.
    pub configs: Vec<FileUse>,
    /// Secrets mounted as files.
    pub secrets: Vec<FileUse>,
    /// Networks by key. Empty means the stack's `default` network.
    pub networks: BTreeMap<String, NetworkUse>,
    /// `host`, `none` or `bridge` where the file says so.
    pub network_mode: Option<String>,
    /// Published ports, ranges written out.
    pub ports: Vec<Port>,
    /// Services named here; Swarm ignores the order.
    pub depends_on: Vec<String>,
    /// Whether a small init runs as process 1.
    pub init: Option<bool>,
    /// Whether the container's own files cannot be written.
    #[serde(skip)]
    pub read_only: Option<bool>,
    /// Folders of the short form `tmpfs`, which Swarm passes over.
    #[serde(skip)]
    pub short_tmpfs: Vec<String>,
    /// How long Swarm waits between stop signal and kill.
    #[serde(serialize_with = "words::serialize_duration")]
    pub stop_grace_period: Option<Duration>,
    /// What it asks for beyond an ordinary container, by key, for [`crate::requests`] alone: capabilities, devices, and the
    /// like. Keys that Swarm ignores are among them.
    #[serde(skip)]
    pub asks: BTreeMap<String, Vec<String>>,
}

/// The `deploy` section of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Deploy {
    /// Replicated (also when absent), global, or one of the two as a job.
    pub mode: Option<DeployMode>,
    /// Replicas; `None` means 1.
    pub replicas: Option<u64>,
    /// Virtual IP or DNS round robin.
    pub endpoint_mode: Option<String>,
    /// Service labels: Traefik, backup and version labels live here.
    pub labels: BTreeMap<String, String>,
    /// How an update rolls out.
    pub update: Option<UpdatePolicy>,
    /// When a task that ended is started again.
    pub restart: Option<RestartPolicy>,
}

/// How many tasks a service has, and whether they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeployMode {
    /// So many replicas, kept running.
    Replicated,
    /// One task on every node, kept running.
    Global,
    /// So many tasks that have to end well.
    ReplicatedJob,
    /// One task on every node that has to end well.
    GlobalJob,
}

/// `deploy.update_config`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UpdatePolicy {
    /// Tasks updated at a time; 0 for all at once.
    pub parallelism: Option<u64>,
    /// Pause between two batches.
    #[serde(serialize_with = "words::serialize_duration")]
    pub delay: Option<Duration>,
    /// `pause` (also when absent), `continue` or `rollback`.
    pub failure_action: Option<String>,
    /// How long an updated task is watched.
    #[serde(serialize_with = "words::serialize_duration")]
    pub monitor: Option<Duration>,
    /// `stop-first` (also when absent) or `start-first`.
    pub order: Option<String>,
}

/// `deploy.restart_policy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RestartPolicy {
    /// `any` (also when absent), `on-failure` or `none`.
    pub condition: Option<String>,
    /// Pause before a restart.
    #[serde(serialize_with = "words::serialize_duration")]
    pub delay: Option<Duration>,
    /// How often at most.
    pub max_attempts: Option<u64>,
    /// Over what time attempts are counted.
    #[serde(serialize_with = "words::serialize_duration")]
    pub window: Option<Duration>,
}

/// `healthcheck`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Healthcheck {
    /// `CMD` or `CMD-SHELL` and its arguments; a plain text in the file becomes `CMD-SHELL`.
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(serialize_with = "words::serialize_duration")]
    pub interval: Option<Duration>,
    /// Longest time of one check.
    #[serde(serialize_with = "words::serialize_duration")]
    pub timeout: Option<Duration>,
    /// Failures in a row that make a task unhealthy.
    pub retries: Option<u64>,
    /// Time in which failures do not count.
    #[serde(serialize_with = "words::serialize_duration")]
    pub start_period: Option<Duration>,
    /// Whether the image's own health check is switched off.
    pub disable: bool,
}

impl Healthcheck {
    /// Whether it says that there is no health check, not even the image's own.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.disable || self.test.first().is_some_and(|first| first == "NONE")
    }
}

/// One entry of a service's `volumes`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mount {
    /// What kind of thing is mounted.
    pub kind: MountKind,
    /// A volume's key, or a path; `None` for an anonymous volume and for tmpfs.
    pub source: Option<String>,
    /// Path in the container.
    pub target: String,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// The kinds of mounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A named or anonymous volume.
    Volume,
    /// A path of the host.
    Bind,
    /// Memory.
    Tmpfs,
    /// A named pipe of Windows.
    Npipe,
    /// A volume of a cluster storage driver.
    Cluster,
}

/// A secret or config as a service uses it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileUse {
    /// Key in the top-level section.
    pub source: String,
    /// File name or path in the container, where the file gives one.
    pub target: Option<String>,
    /// File mode, where the file gives one.
    pub mode: Option<u32>,
}

/// A network as a service uses it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NetworkUse {
    /// Further names of the service on that network.
    pub aliases: Vec<String>,
    /// Whether the file gives settings at all: in a merge, none leave the earlier ones, and empty ones clear them.
    #[serde(skip)]
    given: bool,
}

/// One published port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Port in the container.
    pub target: u16,
    /// Port of the host or of the ingress network; 0 when Swarm picks one.
    pub published: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Where it is published.
    pub mode: PortMode,
}

/// Where a port is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PortMode {
    /// On every node, through the routing mesh.
    Ingress,
    /// On the node that runs the task.
    Host,
}

/// A top-level volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Volume {
    /// Name on the engine, where the file gives one.
    pub name: Option<String>,
    /// Whether it has to exist already.
    pub external: bool,
    /// Volume driver, where the file gives one.
    pub driver: Option<String>,
    /// Options of that driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A top-level network.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Network {
    /// Name on the engine, where the file gives one.
    pub name: Option<String>,
    /// Whether it has to exist already.
    pub external: bool,
    /// Network driver, where the file gives one.
    pub driver: Option<String>,
    /// Options of that driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Address pools, as the file writes them.
    pub ipam: Option<serde_json::Value>,
    /// Whether it has no way out.
    pub internal: bool,
    /// Whether other containers may join it.
    pub attachable: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A top-level secret or config.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StackFile {
    /// Name on the engine, where the file gives one.
    pub name: Option<String>,
    /// The name before its variables were filled in: which version variable a secret follows is read from it.
    pub name_text: Option<String>,
    /// Whether it has to exist already.
    pub external: bool,
    /// The file with its content, relative to the recipe's root; an absolute path stays one.
    pub file: Option<String>,
    /// `golang` for a content that Docker fills in when a container starts.
    pub template_driver: Option<String>,
    /// Secret driver, where the file gives one.
    pub driver: Option<String>,
    /// Options of that driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl Compose {
    /// What is wrong with the merged files: names that nothing defines, and what Swarm will refuse.
    #[must_use]
    pub fn check(&self, files: &Files) -> Vec<Problem> {
        check::check(self, files)
    }

    /// Where `key` stands, or the nearest key above it that is known.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<&KeyPlace> {
        let mut path = key;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(place);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    /// `problem` with the file, line and name of `key`.
    #[must_use]
    pub fn at(&self, key: &str, problem: Problem) -> Problem {
        let problem = problem.key(key);
        match self.place(key) {
            Some(place) => Problem { file: place.file.clone(), line: Some(place.line), ..problem },
            None => problem,
        }
    }
}
