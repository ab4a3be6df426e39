//! Turns what the Engine API returns into our own plain data. Pure.

use crate::swarm::ContainerFacts;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, Service, ServiceUpdateStatusStateEnum, Task, TaskSpec, TaskState};
use cc_ci_model::convergence::{Phase, ServiceView, StackView, TaskView, Update};
use cc_ci_model::ids::StackName;
use sha2::{Digest, Sha256};

/// Whether an error says that the object does not exist.
pub(crate) fn is_gone(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
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

/// Joins services and tasks of one stack.
pub(crate) fn stack_view(stack: &StackName, services: Vec<Service>, mut tasks: Vec<Task>) -> StackView {
    // Newest first, so that "the latest task" is the first match.
    tasks.sort_by(|one, two| two.created_at.cmp(&one.created_at));
    StackView {
        services: services.into_iter().map(|service| service_view(stack, service)).collect(),
        tasks: tasks.into_iter().map(task_view).collect(),
    }
}

fn service_view(stack: &StackName, service: Service) -> ServiceView {
    let spec = service.spec.unwrap_or_default();
    let full = spec.name.unwrap_or_default();
    let name = full.strip_prefix(&format!("{stack}_")).unwrap_or(&full).to_owned();
    let container = spec.task_template.as_ref().and_then(|task| task.container_spec.clone()).unwrap_or_default();
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
        spec: fingerprint(spec.task_template.as_ref()),
        replicas: u64::try_from(replicas).unwrap_or(0),
        update: update(service.update_status.and_then(|status| status.state)),
        labels: spec.labels.unwrap_or_default().into_iter().collect(),
        env: container.env.unwrap_or_default(),
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

fn task_view(task: Task) -> TaskView {
    let status = task.status.unwrap_or_default();
    let container = status.container_status.unwrap_or_default();
    TaskView {
        id: task.id.unwrap_or_default(),
        service: task.service_id.unwrap_or_default(),
        spec: fingerprint(task.spec.as_ref()),
        phase: phase(status.state),
        wanted: matches!(task.desired_state, Some(TaskState::RUNNING | TaskState::COMPLETE | TaskState::READY)),
        container: container.container_id.filter(|id| !id.is_empty()),
        exit_code: container.exit_code,
        error: status.err.filter(|text| !text.is_empty()),
    }
}

fn phase(state: Option<TaskState>) -> Phase {
    match state {
        None | Some(TaskState::NEW | TaskState::ALLOCATED | TaskState::PENDING | TaskState::ASSIGNED) => Phase::Pending,
        Some(TaskState::ACCEPTED | TaskState::PREPARING | TaskState::READY) => Phase::Preparing,
        Some(TaskState::STARTING) => Phase::Starting,
        Some(TaskState::RUNNING) => Phase::Running,
        Some(TaskState::COMPLETE) => Phase::Complete,
        Some(TaskState::FAILED) => Phase::Failed,
        Some(TaskState::REJECTED) => Phase::Rejected,
        Some(TaskState::SHUTDOWN | TaskState::REMOVE | TaskState::ORPHANED) => Phase::Shutdown,
    }
}

/// A digest of a task template: two tasks with the same fingerprint run the same spec.
fn fingerprint(spec: Option<&TaskSpec>) -> String {
    // Through a JSON value, whose maps are sorted: the API's own maps have no order.
    let value = serde_json::to_value(spec).unwrap_or_default();
    let digest = Sha256::digest(value.to_string().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A container's facts.
pub(crate) fn container_facts(found: ContainerInspectResponse) -> ContainerFacts {
    let state = found.state.unwrap_or_default();
    let health = state
        .health
        .and_then(|health| health.log)
        .and_then(|log| log.into_iter().next_back())
        .and_then(|probe| probe.output);
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
