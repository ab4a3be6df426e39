//! Something that is being started while the run goes on, such as the workbench while the app comes up.

use super::conductor::Fault;
use crate::workbench::WorkError;
use cc_ci_model::outcome::{Cause, Finding};
use tokio::task::JoinHandle;

/// A value that is coming, here, or not to be had.
pub(crate) enum Starting<T> {
    /// Nobody asked for it.
    Never,
    /// Being started.
    Coming(JoinHandle<Result<T, WorkError>>),
    /// Ready.
    Here(T),
    /// Its start failed.
    Lost(Finding),
}

impl<T: Send + 'static> Starting<T> {
    /// Starts it in the background.
    pub(crate) fn start(work: impl Future<Output = Result<T, WorkError>> + Send + 'static) -> Self {
        Self::Coming(tokio::spawn(work))
    }

    /// Whether nobody asked for it yet.
    pub(crate) fn is_never(&self) -> bool {
        match self {
            Self::Never => true,
            Self::Coming(_) | Self::Here(_) | Self::Lost(_) => false,
        }
    }

    /// Waits for the end of its start. When this future is dropped meanwhile, the start goes on and can be waited for again.
    pub(crate) async fn settle(&mut self) {
        if let Self::Coming(start) = self {
            *self = match start.await {
                Ok(Ok(value)) => Self::Here(value),
                Ok(Err(error)) => Self::Lost(error.finding()),
                Err(panic) => Self::Lost(Finding::new(Cause::Harness, panic.to_string())),
            };
        }
    }

    /// The value, once it is there.
    pub(crate) async fn get(&mut self) -> Result<&T, Fault> {
        self.settle().await;
        match self {
            Self::Here(value) => Ok(value),
            Self::Lost(finding) => Err(Fault::unanswered(finding.clone())),
            Self::Never | Self::Coming(_) => Err(Fault::harness("a helper container is used before it is started")),
        }
    }
}
