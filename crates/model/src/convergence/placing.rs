//! A task for which there is no node, and never will be one.

use super::{StackView, TaskPhase};
use crate::outcome::{Cause, Finding};

/// What Swarm says of a task for which no node fits. That ports or memory are short passes when somebody else ends; these do not.
const NEVER: [&str; 2] = ["scheduling constraints not satisfied", "unsupported platform"];

/// The first service of which a task waits for a node that is not there.
#[must_use]
pub fn unplaced(view: &StackView) -> Option<Finding> {
    view.tasks.iter().find_map(|task| {
        let error = task.error.as_deref().filter(|_| task.wanted && task.phase == TaskPhase::Pending)?;
        let service = view.services.iter().find(|service| service.id == task.service && service.spec == task.spec)?;
        let summary = format!("Swarm finds no node for `{}`: {error}", service.name);
        // A node that is away for the moment may have what is asked for.
        let for_good = NEVER.iter().any(|never| error.contains(never)) && !error.contains("not available");
        for_good.then(|| Finding::new(Cause::TaskRejected, summary).of_service(&service.name))
    })
}
