//! What containers use, and how they came up.

use super::EngineTime;

/// A running container of a stack, and how it came up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// Its service, without the stack's name.
    pub service: String,
    /// Its id.
    pub container: String,
    /// Milliseconds from its start until its health check passed; `None` without a health check, or before that.
    pub took_ms: Option<u64>,
    /// How often its health check asks, in milliseconds.
    pub interval_ms: Option<u64>,
    /// Whether its service had another task before it.
    pub again: bool,
}

/// What a container uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Bytes of memory in use, without the kernel's cache of files; `None` when the engine does not say.
    pub memory: Option<u64>,
    /// The most that this ever was, where the engine says it.
    pub peak: Option<u64>,
    /// Milliseconds of processor time.
    pub cpu_ms: Option<u64>,
}

/// Since when tasks of a service count as attempts to come up; `None`: all of them.
pub type Since = Option<EngineTime>;
