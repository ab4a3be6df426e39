//! A stack as the engine shows it: services and their tasks at one moment.

use std::collections::BTreeMap;

/// A stack as one pair of lists showed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackView {
    /// Its services.
    pub services: Vec<ServiceView>,
    /// Its tasks, also dead ones that Swarm still keeps.
    pub tasks: Vec<TaskView>,
}

/// A service of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceView {
    /// The engine's id.
    pub id: String,
    /// Name without the stack.
    pub name: String,
    /// Image reference in its spec.
    pub image: String,
    /// Fingerprint of its task template: the intended spec.
    pub spec: String,
    /// How many tasks it wants.
    pub replicas: u64,
    /// Whether a task that ended is ever followed by another one: the condition of its restart policy is not `none`.
    pub starts_again: bool,
    /// State of its rolling update.
    pub update: Update,
    /// Labels of the service.
    pub labels: BTreeMap<String, String>,
    /// Environment of its containers.
    pub env: Vec<String>,
    /// Fingerprint of everything that it was before it was changed last, if it ever was.
    pub previous: Option<String>,
}

/// State of a service's rolling update, as the engine names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Update {
    /// Never updated, or not since it was created.
    None,
    /// Under way, or within the monitor window after it.
    Updating,
    /// Stopped after a failure; stays for ever.
    Paused,
    /// Done.
    Completed,
    /// Being rolled back.
    RollbackStarted,
    /// The rollback itself stopped.
    RollbackPaused,
    /// Rolled back: the old spec serves again.
    RollbackCompleted,
}

/// A task of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    /// The engine's id.
    pub id: String,
    /// The service it belongs to, by id.
    pub service: String,
    /// Fingerprint of the spec it was made from.
    pub spec: String,
    /// Where it is in its life.
    pub phase: TaskPhase,
    /// Whether the orchestrator still wants it to run.
    pub wanted: bool,
    /// Its container, once there is one.
    pub container: Option<String>,
    /// Exit code, once it ended.
    pub exit_code: Option<i64>,
    /// What the engine says about its failure.
    pub error: Option<String>,
}

/// Where a task is in its life. Swarm calls a task running only after its health check passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskPhase {
    /// Not placed yet.
    Pending,
    /// Image and mounts are being prepared.
    Preparing,
    /// The container is starting or not healthy yet.
    Starting,
    /// Running, and healthy if it has a health check.
    Running,
    /// Ended with exit code 0.
    Complete,
    /// Ended otherwise.
    Failed,
    /// The node refused it.
    Rejected,
    /// Stopped because it was no longer wanted.
    Shutdown,
}

impl TaskPhase {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Preparing => "preparing",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Shutdown => "shutdown",
        }
    }
}
