//! The labels that mark every object of a run as ours (ISO-2). Clean-up goes by them and by the ledger, never by name.

use cc_ci_model::ids::RunId;
use std::collections::HashMap;

/// Holds the run's id, on every object a run makes.
pub const RUN: &str = "cc-ci.run";

/// Holds the recipe, on every secret that is kept for a canonical of it. It takes the place of the run's.
pub const CANONICAL: &str = "cc-ci.canonical";

/// Set by `docker stack deploy` on everything that belongs to a stack.
pub const STACK: &str = "com.docker.stack.namespace";

/// Set by the engine on a task's container: the service's full name.
pub const SERVICE_NAME: &str = "com.docker.swarm.service.name";

/// Set by the engine on a task's container: the task's id.
pub const TASK_ID: &str = "com.docker.swarm.task.id";

/// The label map of an object of `run`.
#[must_use]
pub fn of_run(run: &RunId) -> HashMap<String, String> {
    HashMap::from([(RUN.to_owned(), run.to_string())])
}

/// A list filter for objects that carry `label=value`.
#[must_use]
pub fn filter(label: &str, value: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{label}={value}")])])
}
