//! Stops an app the way its operator would: each service is given its time, so that databases close their files.

use crate::swarm::{Operate, SwarmError};
use crate::workbench::WorkError;
use cc_ci_model::convergence::{StackView, TaskPhase};
use cc_ci_model::ids::StackName;
use std::time::Duration;
use tokio::time::Instant;

/// How long all services together may take. A recipe's own grace period is within it, or the app is not promoted.
const LIMIT: Duration = Duration::from_secs(180);

/// How often the engine is asked whether they have.
const LOOK: Duration = Duration::from_millis(50);

/// Scales every service to zero and waits until nothing of the stack runs.
pub(crate) async fn stop(operate: &dyn Operate, stack: &StackName) -> Result<(), WorkError> {
    for service in &operate.stack(stack).await?.services {
        operate.scale(&service.id, 0).await?;
    }
    let began = Instant::now();
    loop {
        let view = operate.stack(stack).await?;
        // A task that runs no more shows it only seconds later, so its container is asked instead.
        let running = operate.mounts(stack).await?.services;
        if running.is_empty() && !is_coming(&view) {
            return Ok(());
        }
        if began.elapsed() >= LIMIT {
            let text = format!("the services did not stop within {} s", LIMIT.as_secs());
            return Err(SwarmError::Command { verb: format!("stop stack {stack}"), text }.into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether anything of a stack is up and to stay so, or on its way.
pub(crate) fn is_coming(view: &StackView) -> bool {
    view.tasks.iter().any(|task| match task.phase {
        TaskPhase::Pending | TaskPhase::Preparing | TaskPhase::Starting => true,
        TaskPhase::Running => task.wanted,
        TaskPhase::Complete | TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Shutdown => false,
    })
}
