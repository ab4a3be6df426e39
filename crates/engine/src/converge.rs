//! Waits until a stack has converged or never will; what a snapshot means is decided in [`cc_ci_model::convergence`].

use crate::pressure::TimeLimit;
use crate::pulse::Pulse;
use crate::swarm::{Observe, SwarmError};
use cc_ci_model::convergence::{Assessment, History, StackView, unplaced, wants_another};
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::{Cause, Finding};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The longest time between two looks. A task turns running without an event of its own, so events alone do not suffice;
/// SWARM-2 asks for 200 ms at most, PERF-3 for a detection within 100 ms.
const LOOK: Duration = Duration::from_millis(50);

/// How long a service may go on crashing for want of another one that runs and does not say whether it is ready: a database that
/// makes its first files takes so long.
const WANTING: Duration = Duration::from_secs(60);

/// How long a task may be without a node that fits: one that only joins a moment later is none that an operator has.
const UNPLACED: Duration = Duration::from_secs(10);

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
    let mut placed = limit;
    let mut excused: Option<Finding> = None;
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
            Assessment::Failed(finding) => match wanting(&finding, &history, pulse).await {
                Some(service) if !limit.is_over() && !limit.has_lasted(WANTING) => {
                    history.excuse(&service);
                    excused = Some(finding);
                }
                Some(_) | None => return Ok(Waited::Failed(finding)),
            },
            Assessment::Waiting(missing) => {
                match unplaced(&view) {
                    None => placed.again(),
                    Some(finding) if placed.has_lasted(UNPLACED) => return Ok(Waited::Failed(finding)),
                    Some(_) => {}
                }
                if limit.is_over() {
                    let crashes = excused.filter(|finding| is_missing(finding, &missing));
                    return Ok(Waited::Failed(crashes.unwrap_or_else(|| too_late(&missing, limit.as_secs()))));
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

/// The service that crashes and says itself that it found nobody, where another one may not be ready yet.
async fn wanting(finding: &Finding, history: &History, pulse: &mut Pulse) -> Option<String> {
    let service = finding.service.as_ref().filter(|_| finding.cause == Cause::CrashLoop)?;
    if !history.may_want_another(service) {
        return None;
    }
    let deaths = pulse.deaths_told().await;
    let last = deaths.iter().rev().find(|death| death.service == *service)?;
    wants_another(&last.log).then(|| service.clone())
}

/// Whether the service of a finding is among those that are still missing.
fn is_missing(finding: &Finding, missing: &[String]) -> bool {
    let of = |line: &String| line.split_once(':').map(|(service, _)| service) == finding.service.as_deref();
    missing.iter().any(of)
}

fn too_late(missing: &[String], limit: u64) -> Finding {
    let summary = format!("not converged within {limit} s: {}", missing.join("; "));
    let finding = Finding::new(Cause::NeverHealthy, summary);
    match missing.first().and_then(|line| line.split_once(':')) {
        Some((service, _)) => finding.of_service(service),
        None => finding,
    }
}
