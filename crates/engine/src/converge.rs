//! Waits until a stack has converged or never will; what a snapshot means is decided in [`cc_ci_model::convergence`].

use crate::pressure::TimeLimit;
use crate::pulse::Pulse;
use crate::swarm::{Observe, SwarmError};
use cc_ci_model::convergence::{Assessment, History, StackView};
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::{Cause, Finding};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The longest time between two looks. A task turns running without an event of its own, so events alone do not suffice;
/// SWARM-2 asks for 200 ms at most, PERF-3 for a detection within 100 ms.
const LOOK: Duration = Duration::from_millis(50);

/// How a wait ended.
#[derive(Debug)]
pub enum Waited {
    /// Every service reached its goal.
    Converged {
        /// The last snapshot.
        view: StackView,
        /// When the last task of the new spec began to run; old tasks may still have been stopping.
        since: Instant,
    },
    /// It never will, or the limit passed.
    Failed(Finding),
    /// The run was cancelled.
    Cancelled,
}

/// Waits for the stack to converge, at most `limit`. `progress` is told what is missing whenever that changes.
pub async fn converge(
    observe: &dyn Observe,
    pulse: &mut Pulse,
    stack: &StackName,
    mut history: History,
    limit: TimeLimit<'_>,
    cancel: &CancellationToken,
    mut progress: impl FnMut(&[String]),
) -> Result<Waited, SwarmError> {
    let mut said: Vec<String> = Vec::new();
    let mut since: Option<Instant> = None;
    loop {
        let view = observe.stack(stack).await?;
        if history.intended_run(&view) {
            since.get_or_insert_with(Instant::now);
        } else {
            since = None;
        }
        match history.assess(&view) {
            Assessment::Converged => {
                return Ok(Waited::Converged { view, since: since.unwrap_or_else(Instant::now) });
            }
            Assessment::Failed(finding) => return Ok(Waited::Failed(finding)),
            Assessment::Waiting(missing) => {
                if limit.is_over() {
                    return Ok(Waited::Failed(too_late(&missing, limit.as_secs())));
                }
                if missing != said {
                    progress(&missing);
                    said = missing;
                }
            }
        }
        tokio::select! {
            () = pulse.next(LOOK) => {}
            () = cancel.cancelled() => return Ok(Waited::Cancelled),
        }
    }
}

fn too_late(missing: &[String], limit: u64) -> Finding {
    let summary = format!("not converged within {limit} s: {}", missing.join("; "));
    let finding = Finding::new(Cause::NeverHealthy, summary);
    match missing.first().and_then(|line| line.split_once(':')) {
        Some((service, _)) => finding.of_service(service),
        None => finding,
    }
}
