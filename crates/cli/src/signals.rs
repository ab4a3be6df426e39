//! Signals that end what is under way, heard from the first moment on (ISO-3, ISO-5).

use cc_ci_runner::error::RunnerError;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// Signals that are listened for; none of them ends the process any more.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// Passes signals on until it is dropped.
pub struct Watch {
    passing: JoinHandle<()>,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> Result<Self, RunnerError> {
        let open =
            |kind| signal(kind).map_err(|source| RunnerError::internal(format!("cannot listen for signals: {source}")));
        Ok(Self {
            interrupt: open(SignalKind::interrupt())?,
            terminate: open(SignalKind::terminate())?,
            hangup: open(SignalKind::hangup())?,
        })
    }

    /// Calls `end` with the name of each signal, also of those that came before.
    pub fn pass_on(mut self, end: impl Fn(&str) + Send + 'static) -> Watch {
        let passing = tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    name = next(&mut self.interrupt, "SIGINT") => name,
                    name = next(&mut self.terminate, "SIGTERM") => name,
                    name = next(&mut self.hangup, "SIGHUP") => name,
                };
                end(name);
            }
        });
        Watch { passing }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

async fn next(signal: &mut Signal, name: &'static str) -> &'static str {
    if signal.recv().await.is_none() {
        // The runtime is going down; there will be no more of them.
        std::future::pending::<()>().await;
    }
    name
}
