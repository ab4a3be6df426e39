//! Jobs of the queue: those that wait, those that go on, those that ended.

use cc_ci_model::ids::{Commit, RecipeName, RunId};
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, SystemTime};

/// The number of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The part of the queue a job waits in; an earlier one goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Asked for on a pull request.
    Pull,
    /// Asked for by an operator.
    Operator,
    /// A newly published version.
    Release,
    /// The round over all recipes.
    Sweep,
}

impl Lane {
    /// Every lane, in order.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Operator, Self::Release, Self::Sweep];

    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Operator => "operator",
            Self::Release => "release",
            Self::Sweep => "sweep",
        }
    }
}

/// What a job is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// The recipe it tests.
    pub recipe: RecipeName,
    /// The commit it tests.
    pub commit: Commit,
    /// Where it waits or waited.
    pub lane: Lane,
    /// The pull request it was asked for on.
    pub pull: Option<PullPage>,
}

/// A pull request, as its page is addressed: `/pr/<owner>/<repo>/<n>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PullPage {
    /// Whose repository.
    pub owner: String,
    /// Its name.
    pub repo: String,
    /// The number of the pull request in it.
    pub number: u64,
}

/// Why a job does not go on yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "for")]
pub enum WaitsFor {
    /// It is about to start.
    Nothing,
    /// As many runs go on as may.
    Slot,
    /// The machine's memory.
    Memory {
        /// How many bytes are missing.
        missing: u64,
    },
    /// The machine's disk.
    Disk {
        /// How many bytes are missing.
        missing: u64,
    },
    /// A free address for the networks of the run.
    Addresses,
    /// An earlier run of the same pull request.
    SamePull,
    /// An operator, who paused the queue.
    Operator,
    /// A swarm: none answers.
    Swarm,
    /// The forge or the repository, whose commit has not been fetched yet.
    Repository,
}

/// A job that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedRow {
    /// What it is about.
    pub job: Job,
    /// How many jobs go before it.
    pub before: usize,
    /// Since when it waits.
    pub since: SystemTime,
    /// Why it waits.
    pub waits: WaitsFor,
    /// How long until it starts, if that can be said.
    pub estimate: Option<Duration>,
}

/// A job that goes on. What it does at the moment is read from the run's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningRow {
    /// What it is about.
    pub job: Job,
    /// Its run.
    pub run: RunId,
    /// Which attempt this is, counted from 1.
    pub attempt: u32,
    /// Since when.
    pub since: SystemTime,
    /// When its time is up.
    pub limit: Option<Duration>,
    /// How it goes on.
    pub phase: Phase,
    /// The node it runs on, where there are several.
    pub node: Option<String>,
}

/// How a job goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its process is being started.
    Starting,
    /// Its process lives.
    Running,
    /// Its process was told to end.
    Cancelling,
}

/// A job that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedRow {
    /// What it was about.
    pub job: Job,
    /// Its last run; `None` when it never started.
    pub run: Option<RunId>,
    /// When it ended.
    pub at: SystemTime,
    /// How.
    pub end: JobEnd,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "end")]
pub enum JobEnd {
    /// Its run came to a verdict.
    Judged {
        /// The verdict in one word.
        color: Color,
        /// How far up the ladder; `None` for a run that was not asked to prove everything.
        level: Option<u8>,
        /// Whose fault it is that it is not green.
        blame: Option<Blame>,
    },
    /// Settings, recipe or policy: what the commit holds kept the run from beginning.
    Refused {
        /// What is wrong.
        why: String,
    },
    /// It was taken back before it started.
    Withdrawn {
        /// By whom or why.
        why: String,
    },
    /// The machine or its process went away.
    Lost {
        /// What is known.
        why: String,
    },
}
