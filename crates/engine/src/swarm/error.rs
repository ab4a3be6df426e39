//! Why the swarm gave no answer, by whom it concerns.

use cc_ci_model::outcome::{Cause, Finding};

/// Why the swarm gave no answer. A recipe that fails is not one of these, but for [`SwarmError::Refused`].
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
    /// A command around the engine failed, or the engine's answer makes no sense.
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
    /// cc-ci was about to do what it must not: a defect of its own.
    #[error("refused to {what}: {why}")]
    NotAllowed {
        /// What was asked for.
        what: String,
        /// Why not.
        why: String,
    },
    /// The ledger could not be written, so nothing may be made.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::LedgerError),
}

/// What the kernel says when a disk is full, as every program passes it on.
const DISK_FULL: &str = "no space left on device";

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

    /// What it is evidence of.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Refused { .. } => Cause::DeployRefused,
            Self::NotAllowed { .. } => Cause::Harness,
            Self::Engine { .. } | Self::Command { .. } | Self::Ledger(_) if self.is_full_disk() => Cause::DiskFull,
            Self::Engine { .. } | Self::Command { .. } => Cause::EngineLost,
            Self::Ledger(_) => Cause::Harness,
        }
    }

    fn is_full_disk(&self) -> bool {
        self.to_string().to_ascii_lowercase().contains(DISK_FULL)
    }

    /// The error as a finding, with whose fault it is.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding::new(self.cause(), self.to_string())
    }
}
