//! What ends a run from outside: signals, and its own time limit (ISO-3, ISO-5).

use crate::error::UserError;
use cc_ci_engine::run::Cancel;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::RunEnd;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// Ends the run at the first signal or at its time limit; later signals are noted and change nothing, so that teardown
/// always comes to its end.
pub(in crate::commands) fn watch(cancel: Cancel, voice: Voice, limit: Duration) -> Result<JoinHandle<()>, UserError> {
    let open =
        |kind| signal(kind).map_err(|source| UserError::internal(format!("cannot listen for signals: {source}")));
    let (mut interrupt, mut terminate, mut hangup) =
        (open(SignalKind::interrupt())?, open(SignalKind::terminate())?, open(SignalKind::hangup())?);
    Ok(tokio::spawn(async move {
        let deadline = tokio::time::sleep(limit);
        tokio::pin!(deadline);
        let mut over = false;
        loop {
            let by = tokio::select! {
                name = next(&mut interrupt, "SIGINT") => name,
                name = next(&mut terminate, "SIGTERM") => name,
                name = next(&mut hangup, "SIGHUP") => name,
                () = &mut deadline, if !over => {
                    over = true;
                    cancel.end(RunEnd::Deadline);
                    continue;
                }
            };
            if cancel.token().is_cancelled() {
                voice.note(None, format!("{by}: noted; the run is ending already"));
            } else {
                cancel.end(RunEnd::Cancelled { by: by.to_owned() });
            }
        }
    }))
}

async fn next(signal: &mut Signal, name: &'static str) -> &'static str {
    if signal.recv().await.is_none() {
        // The runtime is going down; there will be no more of them.
        std::future::pending::<()>().await;
    }
    name
}
