//! Turns what the Engine API returns into our own plain data. Pure.

use crate::swarm::ContainerFacts;
use bollard::errors::Error;
use bollard::models::{
    ContainerInspectResponse, HealthcheckResult, Service, ServiceUpdateStatusStateEnum, Task,
    TaskSpecRestartPolicyConditionEnum, TaskState,
};
use cc_ci_model::convergence::{ServiceView, StackView, TaskPhase, TaskView, Update};
use cc_ci_model::ids::StackName;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Whether an error says that the object does not exist. A network that goes at the same moment answers 500.
pub(crate) fn is_gone(error: &Error) -> bool {
    match error {
        Error::DockerResponseServerError { status_code: 404, .. } => true,
        Error::DockerResponseServerError { message, .. } => message.trim_end().ends_with("not found"),
        _ => false,
    }
}

/// Whether an error says that a swarm network is not on this node: it leaves with its last container and comes back with the
/// next, and whoever arrives in between is told that it does not exist.
pub(crate) fn is_network_in_between(error: &Error) -> bool {
    match error {
        Error::DockerResponseServerError { message, .. } => {
            let text = message.to_ascii_lowercase();
            text.contains("network")
                && ["not found", "could not find", "attaching to network failed"].iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// Whether an error says that the object is in use or changing.
pub(crate) fn is_busy(error: &Error) -> bool {
    match error {
        Error::DockerResponseServerError { status_code: 409, .. } => true,
        Error::DockerResponseServerError { message, .. } => {
            message.contains("in use") || message.contains("active endpoints") || message.contains("out of sequence")
        }
        _ => false,
    }
}

/// Joins services and tasks of one stack, as the engine's own JSON.
pub(super) fn stack_view(
    stack: &StackName,
    services: Vec<Value>,
    tasks: Vec<Value>,
) -> Result<StackView, serde_json::Error> {
    let mut dated = Vec::with_capacity(tasks.len());
    for raw in tasks {
        let spec = fingerprint(&raw["Spec"]);
        let task: Task = serde_json::from_value(raw)?;
        dated.push((task.created_at.clone(), task_view(task, spec)));
    }
    // Newest first, so that "the latest task" is the first match.
    dated.sort_by(|one, two| two.0.cmp(&one.0));
    let mut found = Vec::with_capacity(services.len());
    for raw in services {
        let spec = fingerprint(&raw["Spec"]["TaskTemplate"]);
        let previous = raw["PreviousSpec"].is_object().then(|| digest(raw["PreviousSpec"].clone()));
        found.push(ServiceView { previous, ..service_view(stack, serde_json::from_value(raw)?, spec) });
    }
    Ok(StackView { services: found, tasks: dated.into_iter().map(|(_, task)| task).collect() })
}

fn service_view(stack: &StackName, service: Service, fingerprint: String) -> ServiceView {
    let spec = service.spec.unwrap_or_default();
    let full = spec.name.unwrap_or_default();
    let name = full.strip_prefix(&format!("{stack}_")).unwrap_or(&full).to_owned();
    let template = spec.task_template.unwrap_or_default();
    let condition = template.restart_policy.and_then(|policy| policy.condition);
    let container = template.container_spec.unwrap_or_default();
    let replicas = spec
        .mode
        .as_ref()
        .and_then(|mode| {
            let replicated = mode.replicated.as_ref().and_then(|replicated| replicated.replicas);
            let job = mode.replicated_job.as_ref().and_then(|job| job.total_completions.or(job.max_concurrent));
            replicated.or(job)
        })
        .unwrap_or(1);
    ServiceView {
        id: service.id.unwrap_or_default(),
        name,
        image: container.image.unwrap_or_default(),
        spec: fingerprint,
        replicas: u64::try_from(replicas).unwrap_or(0),
        starts_again: condition != Some(TaskSpecRestartPolicyConditionEnum::NONE),
        update: update(service.update_status.and_then(|status| status.state)),
        labels: spec.labels.unwrap_or_default().into_iter().collect(),
        env: container.env.unwrap_or_default(),
        previous: None,
    }
}

fn update(state: Option<ServiceUpdateStatusStateEnum>) -> Update {
    use ServiceUpdateStatusStateEnum as Theirs;
    match state {
        None | Some(Theirs::EMPTY) => Update::None,
        Some(Theirs::UPDATING) => Update::Updating,
        Some(Theirs::PAUSED) => Update::Paused,
        Some(Theirs::COMPLETED) => Update::Completed,
        Some(Theirs::ROLLBACK_STARTED) => Update::RollbackStarted,
        Some(Theirs::ROLLBACK_PAUSED) => Update::RollbackPaused,
        Some(Theirs::ROLLBACK_COMPLETED) => Update::RollbackCompleted,
    }
}

fn task_view(task: Task, spec: String) -> TaskView {
    let status = task.status.unwrap_or_default();
    let container = status.container_status.unwrap_or_default();
    TaskView {
        id: task.id.unwrap_or_default(),
        service: task.service_id.unwrap_or_default(),
        spec,
        phase: phase(status.state),
        wanted: matches!(task.desired_state, Some(TaskState::RUNNING | TaskState::COMPLETE | TaskState::READY)),
        container: container.container_id.filter(|id| !id.is_empty()),
        exit_code: container.exit_code,
        error: status.err.filter(|text| !text.is_empty()),
    }
}

fn phase(state: Option<TaskState>) -> TaskPhase {
    match state {
        None | Some(TaskState::NEW | TaskState::ALLOCATED | TaskState::PENDING | TaskState::ASSIGNED) => {
            TaskPhase::Pending
        }
        Some(TaskState::ACCEPTED | TaskState::PREPARING | TaskState::READY) => TaskPhase::Preparing,
        Some(TaskState::STARTING) => TaskPhase::Starting,
        Some(TaskState::RUNNING) => TaskPhase::Running,
        Some(TaskState::COMPLETE) => TaskPhase::Complete,
        Some(TaskState::FAILED) => TaskPhase::Failed,
        Some(TaskState::REJECTED) => TaskPhase::Rejected,
        Some(TaskState::SHUTDOWN | TaskState::REMOVE | TaskState::ORPHANED) => TaskPhase::Shutdown,
    }
}

/// A digest of what a task runs: two tasks with the same fingerprint run the same spec. Only what reaches the container counts,
/// because the engine fills in defaults elsewhere (such as the runtime) in a service's template and not in its tasks.
fn fingerprint(spec: &Value) -> String {
    let force = spec["ForceUpdate"].as_u64().unwrap_or(0);
    let part = [&spec["ContainerSpec"], &json!(force), &spec["Networks"], &spec["Resources"]];
    digest(json!(part))
}

fn digest(value: Value) -> String {
    // The maps of a JSON value are sorted.
    let value = without_empty(value);
    let digest = Sha256::digest(value.to_string().as_bytes());
    hex::encode(&digest[..8])
}

/// A value without nulls and empty lists and maps: the engine leaves out in one place what it spells out in another.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The last health probe, if it failed.
fn probe(probe: HealthcheckResult) -> Option<String> {
    let code = probe.exit_code.filter(|code| *code != 0)?;
    let output = probe.output.unwrap_or_default();
    let said = output.trim();
    Some(if said.is_empty() { format!("exit code {code}") } else { format!("exit code {code}: {said}") })
}

/// A container's facts.
pub(crate) fn container_facts(found: ContainerInspectResponse) -> ContainerFacts {
    let state = found.state.unwrap_or_default();
    let health = state.health.and_then(|health| health.log).and_then(|log| log.into_iter().next_back()).and_then(probe);
    let volumes = found
        .mounts
        .unwrap_or_default()
        .into_iter()
        .filter(|mount| mount.typ.as_deref() == Some("volume"))
        .filter_map(|mount| Some((mount.destination?, mount.name?)))
        .collect();
    let running = state.running.unwrap_or(false);
    ContainerFacts {
        id: found.id.unwrap_or_default(),
        image_id: found.image.unwrap_or_default(),
        running,
        exit_code: if running { None } else { state.exit_code },
        oom: state.oom_killed.unwrap_or(false),
        health,
        volumes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_known_by_all_that_reaches_the_container_and_by_nothing_else() {
        let service = json!({
            "ContainerSpec": { "Image": "a:1", "Healthcheck": { "Interval": 1 }, "Isolation": "default", "Init": null },
            "ForceUpdate": 0, "Runtime": "container", "Resources": {}
        });
        let mut task = service.clone();
        task["Runtime"] = Value::Null;
        task["ContainerSpec"]["Labels"] = json!({});
        assert_eq!(fingerprint(&service), fingerprint(&task));
        for (pointer, other) in [
            ("/ContainerSpec/Image", json!("a:2")),
            ("/ContainerSpec/Healthcheck/Interval", json!(2)),
            ("/ForceUpdate", json!(1)),
        ] {
            let mut changed = service.clone();
            *changed.pointer_mut(pointer).unwrap() = other;
            assert_ne!(fingerprint(&service), fingerprint(&changed), "{pointer}");
        }
    }
}
