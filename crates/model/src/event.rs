//! Everything the engine may say. Events are the only record of a run (VER-1); each becomes one line of `events.jsonl`.

use crate::ids::{Commit, RecipeName, RunId, StackName, StepId};
use crate::object::Object;
use crate::outcome::{Finding, Outcome};
use crate::plan::Plan;
use crate::plan::permit::Purpose;
use crate::testcase::TestCase;
use crate::tier::Tier;
use crate::usage::{Moment, ServiceUsage};
use cc_ci_recipe::lint::LintReport;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The format of the records that this program writes.
pub const FORMAT: RecordFormat = RecordFormat { major: 1, minor: 5 };

/// The version of a record's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordFormat {
    /// Raised when a reader of the old format would misread the new one.
    pub major: u32,
    /// Raised when an event or a field is added, which an older reader does not know.
    pub minor: u32,
}

impl RecordFormat {
    /// Whether a program that writes this format can read a record of format `other`.
    #[must_use]
    pub fn reads(self, other: Self) -> bool {
        self.major == other.major && self.minor >= other.minor
    }
}

impl fmt::Display for RecordFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// One event with its place in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// Position, from 0, without gaps.
    pub seq: u64,
    /// Milliseconds since the run started.
    pub ms: u64,
    /// What happened.
    pub event: Event,
}

/// The name of the fact that programs waited for their machine and limits of waiting were stretched; reports have it among their notes.
pub const BUSY_MACHINE: &str = "busy machine";

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// Always first.
    RunStarted {
        /// The major version of the record's format.
        format: u32,
        /// Its minor version; records that do not say have 0.
        #[serde(default)]
        minor: u32,
        /// The run.
        run: RunId,
        /// The recipe under test.
        recipe: RecipeName,
        /// The commit under test.
        head: Commit,
        /// The pull request it comes from, if that was said.
        #[serde(default)]
        pr: Option<u64>,
        /// RFC 3339, UTC.
        started: String,
        /// The version of cc-ci.
        program: String,
    },
    /// The plan the run follows; always before anything is deployed.
    Planned {
        /// The whole plan.
        plan: Box<Plan>,
    },
    /// What lint has to say about the recipe at the commit under test (VER-5); decides the lint rung, never the colour.
    Linted(LintReport),
    /// A fact about the host that the run adapted to or depends on.
    HostFact {
        /// `engine`, `ipvs`, `disk`, …
        name: String,
        /// In words.
        value: String,
    },
    /// How far a pull has come; progress, never evidence.
    Pulling {
        /// As the recipe writes it.
        image: String,
        /// Layers that are there.
        layers: u32,
        /// Layers that are known of.
        of: u32,
        /// Bytes that came so far.
        bytes: u64,
    },
    /// An image was resolved before the timed part (SWARM-6).
    ImageResolved {
        /// As the recipe writes it.
        image: String,
        /// The digest or local image id the run is pinned to.
        digest: String,
        /// Milliseconds spent pulling; `None` when it was present.
        pulled_ms: Option<u64>,
    },
    /// A tier begins.
    TierStarted {
        /// The tier.
        tier: Tier,
    },
    /// A step begins.
    StepStarted {
        /// The step.
        step: StepId,
    },
    /// What a step is waiting for right now; progress, never evidence.
    Waiting {
        /// The step.
        step: StepId,
        /// In words: `app: starting 0/1 (health: starting)`.
        on: String,
        /// The step's time limit in seconds.
        limit: u64,
    },
    /// A line worth keeping that decides nothing: timings, output of a hook or a test.
    Noted {
        /// The step it belongs to.
        step: Option<StepId>,
        /// The line.
        text: String,
    },
    /// What the file of tests of a step consists of; always before the step's end.
    TestCases {
        /// The step.
        step: StepId,
        /// In the order they ran.
        cases: Vec<TestCase>,
    },
    /// A step ended.
    StepEnded {
        /// The step.
        step: StepId,
        /// How the step ended.
        outcome: Outcome,
        /// How long it took.
        ms: u64,
    },
    /// A tier's last step ended.
    TierEnded {
        /// The tier.
        tier: Tier,
    },
    /// Written to the ledger before a deploy (RUN-3b).
    Deploying {
        /// The stack.
        stack: StackName,
        /// The permit it spends.
        purpose: Purpose,
    },
    /// Services seen after convergence: image and state, per service.
    ServicesSeen {
        /// The step they were seen in.
        step: StepId,
        /// One line per service.
        services: Vec<ServiceSeen>,
    },
    /// What the containers of the app used when they were looked at. For display only; `judge` does not look at it.
    Measured {
        /// When they were.
        moment: Moment,
        /// Each service that ran.
        services: Vec<ServiceUsage>,
    },
    /// A service that the head dropped was removed.
    Pruned {
        /// Its name without the stack.
        service: String,
    },
    /// The three counts of the deploy budget (RUN-3), taken when the verdict is due.
    Budget(Budget),
    /// The first failing service and its evidence (SWARM-5).
    Triage(Triage),
    /// What became of the picture of the app; decides nothing (OUT-4).
    Screenshot(Screenshot),
    /// The verdict can be given now; what follows is teardown.
    VerdictDue,
    /// The app is about to be kept as its recipe's canonical; what follows deploys nothing and is in no count of deploys.
    Promoting {
        /// The version that it is.
        version: String,
    },
    /// It is the recipe's canonical now.
    Promoted(Promoted),
    /// It is not, and the canonical that there was stays what it was. Decides nothing.
    NotPromoted {
        /// Why.
        why: String,
    },
    /// Objects present before the run and after teardown.
    Inventory {
        /// When it was taken.
        when: InventoryWhen,
        /// How many of each kind, in the order of [`crate::object::ObjectKind::ALL`].
        counts: [usize; 6],
    },
    /// An object of the run that teardown could not remove.
    LeftBehind {
        /// The object.
        object: Object,
        /// The containers of others that hold it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        held_by: Vec<String>,
    },
    /// A namespace of the run that could not be removed from a warm provider.
    NamespaceLeft {
        /// The provider's recipe.
        provider: String,
        /// Its name there.
        namespace: String,
        /// What stood in the way.
        why: String,
    },
    /// A secret's value was found in an artifact of the run, after redaction should have caught it.
    SecretLeaked {
        /// File, relative to the run folder.
        artifact: String,
        /// The secret's name, never its value.
        secret: String,
    },
    /// Always last.
    RunEnded {
        /// How the run ended.
        end: RunEnd,
    },
}

/// A service as it ran when a step looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// Its name without the stack.
    pub service: String,
    /// Image reference of its spec.
    pub image: String,
    /// `1/1`, or `completed` for a one-shot.
    pub state: String,
    /// Milliseconds from the deploy to its first running (or completed) task.
    pub ready_ms: Option<u64>,
}

/// The three independent counts of stacks deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Stacks written in the ledger, read back from disk.
    pub ledger: Vec<StackName>,
    /// Stacks seen being created in the engine's event stream.
    pub witness: Vec<StackName>,
    /// In-place changes the witness saw that no operation of the run explains: `<stack>: <service>`.
    pub unexplained: Vec<String>,
    /// Whether the witness watched without a gap.
    pub unbroken: bool,
}

/// What was kept as a recipe's canonical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promoted {
    /// The version.
    pub version: String,
    /// How many volumes are in the snapshot.
    pub volumes: usize,
    /// How many files they held.
    pub files: u64,
    /// How many bytes those held.
    pub bytes: u64,
    /// How many secrets stay in Swarm for it.
    pub secrets: usize,
    /// How many stacks the witness of the promotion saw come up.
    pub deploys: usize,
    /// How long the app was worked on, in milliseconds.
    pub ms: u64,
}

/// The service that failed first, by event order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triage {
    /// The step that failed.
    pub step: StepId,
    /// The service, without the stack's name.
    pub service: String,
    /// What it died of.
    pub finding: Finding,
    /// Exit code of the dead attempt.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom: bool,
    /// Output of the last health probe.
    pub health: Option<String>,
    /// Last lines of the dead attempt, at most 50.
    pub log: Vec<String>,
    /// Services that failed after it or were waiting.
    pub then: Vec<String>,
}

/// What became of the picture of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screenshot {
    /// The page, as the settings name it: `/`.
    pub path: String,
    /// Whether there is a picture.
    pub shot: Shot,
}

/// Whether there is a picture of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Shot {
    /// There is one.
    Taken,
    /// The page was not to be pictured: it shows credentials, or lies elsewhere.
    Refused {
        /// Why the page was not to be pictured.
        why: String,
    },
    /// There could be none: no browser, no answer, no page that settled.
    Missed {
        /// Why there is no picture.
        why: String,
    },
}

/// When an inventory was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InventoryWhen {
    /// Before the run made anything.
    Before,
    /// After teardown.
    After,
}

/// How a run came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RunEnd {
    /// Every planned tier was reached or ruled out.
    Completed,
    /// A signal ended it.
    Cancelled {
        /// The signal's name.
        by: String,
    },
    /// The run's own time limit ended it.
    Deadline,
    /// The engine or the host failed; the finding says how.
    Infrastructure {
        /// What failed.
        finding: Finding,
    },
    /// cc-ci itself failed.
    Broken {
        /// The error's text.
        error: String,
    },
}

/// Receives every event as it happens: recorder, terminal, test collector.
pub trait Listener {
    /// Takes note of one event. Must not block for long: the engine waits for it.
    fn on_event(&mut self, event: &Stamped);
}
