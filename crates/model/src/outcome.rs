//! How a step ended, and the closed list of causes a step can fail for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one step of the plan ended. A recipe that fails is a value here, never an `Err`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// What the step asserts was observed.
    Passed {
        /// What was seen, for the report: `schema 104 -> 135`.
        note: Option<String>,
    },
    /// The opposite of what the step asserts was observed.
    Failed(Finding),
    /// The step does not apply, or a test said so itself (exit 77).
    Skipped {
        /// Why, for a reader.
        reason: String,
    },
    /// The step should have given an answer and could not.
    Unverified(Finding),
}

/// What went wrong in a step: a typed cause, and words for the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Decides blame and wording.
    pub cause: Cause,
    /// The service it concerns, without the stack's name, if one can be named.
    pub service: Option<String>,
    /// One line: what was expected and what was seen instead.
    pub summary: String,
    /// More lines: lists of lost files, last log lines, differing fields.
    pub details: Vec<String>,
}

impl Finding {
    /// A finding without service and details.
    #[must_use]
    pub fn new(cause: Cause, summary: impl Into<String>) -> Self {
        Self { cause, service: None, summary: summary.into(), details: Vec::new() }
    }

    /// Names the service the finding is about.
    #[must_use]
    pub fn of_service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Adds lines for the reader.
    #[must_use]
    pub fn with_details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }
}

/// Every reason a step can end other than well. Closed, so that blame is one exhaustive table (VER-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The time limit passed before every service was healthy.
    NeverHealthy,
    /// A service's tasks died the same way twice.
    CrashLoop,
    /// The image does not exist.
    ImageMissing,
    /// The engine rejected a task (bad mount, bad port, no suitable node).
    TaskRejected,
    /// The kernel killed a task for its memory limit.
    OutOfMemory,
    /// A one-shot service ended with an error.
    OneShotFailed,
    /// Swarm rolled the update back; the old version serves.
    RolledBack,
    /// Swarm paused the update after a task of the new spec failed.
    UpdatePaused,
    /// `docker stack deploy` refused the files.
    DeployRefused,
    /// A task died or turned unhealthy after it had converged.
    Unstable,
    /// The running tasks do not carry the head's spec.
    NotMoved,
    /// The app did not answer with an accepted status over its route.
    NotServing,
    /// A seeded row or file is gone or changed, or a database holds less than it did.
    DataLost,
    /// Files vanished from a volume, or it shrank beyond churn.
    VolumeShrunk,
    /// A new empty volume took the place of a full one.
    VolumeReplaced,
    /// A backup or restore hook ended with an error.
    HookFailed,
    /// A hook on the host changed the stack, or left something on the engine.
    HookStrayed,
    /// The snapshot lacks something the recipe promises.
    BackupIncomplete,
    /// A dump in the snapshot is empty or cut off.
    DumpTruncated,
    /// After the restore the seeded state is not back.
    RestoreIncomplete,
    /// One of the recipe's own tests failed.
    TestFailed,
    /// One of the recipe's own tests could not be run or read.
    TestBroken,
    /// Nothing could be seeded, so nothing about data was proven.
    NothingToSeed,
    /// An earlier step or tier did not pass, so this one was not reached.
    NotReached,
    /// The step's own time limit passed.
    TimedOut,
    /// A dependency does not answer (any more).
    DependencyUnhealthy,
    /// A provider's script did not provide what it has to.
    ProvisioningFailed,
    /// A test that needs a dependency did not run, or skipped itself.
    NeededTestNotRun,
    /// The host's disk is full.
    DiskFull,
    /// An image registry refused or did not answer.
    Registry,
    /// The engine stopped answering, or failed at work of its own.
    EngineLost,
    /// The host ran out of memory.
    HostMemory,
    /// What is kept of the recipe's canonical cannot be brought back.
    CanonicalLost,
    /// A defect of cc-ci itself, or a disagreement between two of its readings.
    Harness,
    /// The user or a deadline ended the run.
    Cancelled,
}
