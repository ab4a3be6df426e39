//! A container of our own, as data: what runs in it, what it sees and what it may use up.

use cc_ci_model::ids::RunId;
use std::collections::BTreeMap;

/// What a helper container of ours runs: nothing. A shell, because process 1 has to collect orphans and not every engine
/// has an init program to put there.
pub(crate) const IDLE: &str = "trap 'exit 0' TERM; sleep infinity & wait";

/// A container to be made and started. The image's own entry point is never used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Whose it is: its label.
    pub run: RunId,
    /// The image, which must be on the node.
    pub image: String,
    /// The words of its one command.
    pub words: Vec<String>,
    /// `uid:gid`; the image's own user when `None`.
    pub user: Option<&'static str>,
    /// The folder the command runs in; the image's own when `None`.
    pub folder: Option<&'static str>,
    /// What it is connected to.
    pub network: LaunchNetwork,
    /// Named volumes, which must exist, by the folder each is mounted on. Nothing is copied from the image into them.
    pub volumes: BTreeMap<String, LaunchVolume>,
    /// Folders in memory that can be written to, with their mount options.
    pub scratch: BTreeMap<String, String>,
    /// Whether the rest can be written to.
    pub root: Root,
    /// What it may do beyond an ordinary process.
    pub privileges: Privileges,
    /// What it may use up.
    pub bounds: Bounds,
    /// Who collects orphans in it.
    pub orphans: Orphans,
    /// How long it stays.
    pub stay: Stay,
    /// Files that are put into it before it starts.
    pub files: Vec<NewFile>,
}

/// A named volume in a container of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchVolume {
    /// Its full name.
    pub name: String,
    /// What can be done to it there.
    pub access: VolumeAccess,
}

/// What can be done to a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeAccess {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// What a container of ours is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaunchNetwork {
    /// Nothing.
    None,
    /// A network, under its own name and these.
    Named {
        /// The network.
        name: String,
        /// Further names it is known by there.
        aliases: Vec<String>,
    },
    /// What another container is connected to, as if it ran in that one.
    OfContainer(String),
}

/// Whether a container's own files can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// They can.
    Writable,
    /// They cannot.
    ReadOnly,
}

/// What a container may do beyond an ordinary process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privileges {
    /// What the engine gives to every container.
    Usual,
    /// These capabilities, and no way to get others.
    Only(&'static [&'static str]),
}

/// What a container may use up; without a number there is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Memory in bytes.
    pub memory: Option<i64>,
    /// Whether it may swap beyond its memory.
    pub swap: Swap,
    /// CPU time per time, in billionths of one CPU.
    pub cpus: Option<i64>,
    /// Its weight against other containers; 1024 is usual.
    pub weight: Option<i64>,
    /// Processes and threads.
    pub processes: Option<i64>,
}

/// Whether a container may swap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Swap {
    /// As much again as its memory.
    #[default]
    Usual,
    /// Not at all.
    None,
}

/// Who collects processes whose parent has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// The container's own first process.
    Own,
    /// A small program of the engine.
    Engine,
}

/// How long a container stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// As long as its run; it is not started again.
    Run,
    /// Until somebody removes it, also over a restart of the engine.
    Kept,
}

/// A file that everybody in the container can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Absolute.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Launch {
    /// A container of `run` that is connected to nothing, has the usual privileges and no bounds.
    pub fn new<S: Into<String>>(run: &RunId, image: &str, words: impl IntoIterator<Item = S>) -> Self {
        Self {
            run: run.clone(),
            image: image.to_owned(),
            words: words.into_iter().map(Into::into).collect(),
            user: None,
            folder: None,
            network: LaunchNetwork::None,
            volumes: BTreeMap::new(),
            scratch: BTreeMap::new(),
            root: Root::Writable,
            privileges: Privileges::Usual,
            bounds: Bounds::default(),
            orphans: Orphans::Own,
            stay: Stay::Run,
            files: Vec::new(),
        }
    }

    /// The same as a container that does nothing until something is run in it.
    pub fn idle(run: &RunId, image: &str) -> Self {
        Self::new(run, image, ["bash", "-c", IDLE])
    }
}
