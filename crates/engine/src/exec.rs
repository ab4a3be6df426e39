//! Commands in running containers: what is run, what it left, and why there may be no answer.

mod command;

pub use command::{ExecCommand, ExecOutput, ExecStatus, Overflow};

/// Why there is no [`ExecOutput`].
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The container was removed, stopped or replaced before the command ended.
    #[error("container {container} went away while `{command}` was to run in it: {why}")]
    Gone {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
        /// What the engine said.
        why: String,
    },
    /// The container has no such program, or it cannot be executed.
    #[error("`{command}` cannot be started in container {container}: {why}")]
    CannotStart {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
        /// What the engine said.
        why: String,
    },
    /// The engine's answer made no sense or did not come.
    #[error("the engine failed to run `{command}` in container {container}: {source}")]
    Engine {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The output ended, yet the engine never reported an exit code.
    #[error("`{command}` in container {container} has no exit code: its output ended but the engine calls it running")]
    NoExitCode {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
    },
}
