//! Chooses which dead service leads the report (SWARM-5).

use crate::pulse::Death;
use crate::swarm::{Observe, SwarmError};
use cc_ci_model::convergence::{StackView, TaskPhase, TaskView};
use cc_ci_model::event::Triage;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding};
use std::collections::BTreeSet;

/// How many lines of a living container's log go into the report.
const LINES: usize = 50;

/// Finds the service that failed first and what is known about it.
pub(crate) async fn triage(
    observe: &dyn Observe,
    view: &StackView,
    deaths: &[Death],
    step: StepId,
    finding: &Finding,
) -> Result<Option<Triage>, SwarmError> {
    let unready = unready(view);
    let Some(service) = lead(view, deaths, finding, &unready) else { return Ok(None) };
    let then = unready.iter().filter(|name| **name != service).cloned().collect();
    let death = deaths.iter().rfind(|death| death.service == service && death.is_failure());
    let mut triage = Triage {
        step,
        service: service.clone(),
        finding: finding.clone(),
        exit_code: None,
        oom: false,
        health: None,
        log: Vec::new(),
        then,
    };
    if let Some(death) = death {
        triage.exit_code = death.exit_code;
        triage.oom = death.oom;
        triage.health = death.health.clone();
        triage.log = death.log.clone();
    } else if let Some(container) = container_of(view, &service) {
        triage.health = observe.container(&container).await?.and_then(|facts| facts.health);
        triage.log = observe.log_tail(&container, LINES).await?;
    }
    Ok(Some(triage))
}

/// What the service that a failed step is about said last. `None` where that explains nothing: the service is not at fault, or
/// the step has shown it already.
pub(crate) async fn last_lines(
    observe: &dyn Observe,
    view: &StackView,
    deaths: &[Death],
    (step, finding): (StepId, Finding),
    main: &str,
) -> Result<Option<Triage>, SwarmError> {
    if !is_about_the_app(finding.cause) {
        return Ok(None);
    }
    let service = finding.service.clone().unwrap_or_else(|| main.to_owned());
    let died = deaths.iter().rfind(|death| death.service == service && death.is_failure());
    // What a new attempt says explains no death.
    let alive = running(view, &service).filter(|_| finding.cause != Cause::Unstable);
    let died = died.filter(|_| alive.is_none());
    let log = match (died, alive) {
        (Some(death), _) => death.log.clone(),
        (None, Some(container)) => observe.log_tail(&container, LINES).await?,
        (None, None) => Vec::new(),
    };
    if log.is_empty() && died.is_none() {
        return Ok(None);
    }
    Ok(Some(Triage {
        step,
        service,
        finding,
        exit_code: died.and_then(|death| death.exit_code),
        oom: died.is_some_and(|death| death.oom),
        health: died.and_then(|death| death.health.clone()),
        log,
        then: Vec::new(),
    }))
}

/// Causes that a wait for convergence does not show, and that the app itself may explain.
fn is_about_the_app(cause: Cause) -> bool {
    match cause {
        Cause::Unstable
        | Cause::NotServing
        | Cause::DataLost
        | Cause::VolumeShrunk
        | Cause::VolumeReplaced
        | Cause::HookFailed
        | Cause::BackupIncomplete
        | Cause::DumpTruncated
        | Cause::RestoreIncomplete => true,
        Cause::NeverHealthy
        | Cause::CrashLoop
        | Cause::ImageMissing
        | Cause::TaskRejected
        | Cause::OutOfMemory
        | Cause::OneShotFailed
        | Cause::RolledBack
        | Cause::UpdatePaused
        | Cause::DeployRefused
        | Cause::NotMoved
        | Cause::TestFailed
        | Cause::TestBroken
        | Cause::NothingToSeed
        | Cause::NotReached
        | Cause::TimedOut
        | Cause::DependencyUnhealthy
        | Cause::ProvisioningFailed
        | Cause::NeededTestNotRun
        | Cause::DiskFull
        | Cause::Registry
        | Cause::EngineLost
        | Cause::HostMemory
        | Cause::CanonicalLost
        | Cause::Harness
        | Cause::HookStrayed
        | Cause::Cancelled => false,
    }
}

/// The container of a service that runs now.
fn running(view: &StackView, service: &str) -> Option<String> {
    let service = view.services.iter().find(|candidate| candidate.name == service)?;
    let runs = |task: &&TaskView| task.service == service.id && task.wanted && task.phase == TaskPhase::Running;
    view.tasks.iter().filter(runs).find_map(|task| task.container.clone())
}

/// At the end of a time limit a service that lives without ever becoming healthy leads, because others may have crashed only
/// for want of it; else the first to die, by event order.
fn lead(view: &StackView, deaths: &[Death], finding: &Finding, unready: &BTreeSet<String>) -> Option<String> {
    if finding.cause == Cause::NeverHealthy
        && let Some(name) = unready.iter().find(|name| deaths.iter().all(|death| death.service != **name))
    {
        return Some(name.clone());
    }
    let ours = |death: &&Death| {
        let stopped = view.tasks.iter().any(|task| task.id == death.task && task.phase == TaskPhase::Shutdown);
        !stopped && death.is_failure() && unready.contains(&death.service)
    };
    deaths.iter().find(ours).map(|death| death.service.clone()).or_else(|| finding.service.clone())
}

fn unready(view: &StackView) -> BTreeSet<String> {
    let ready = |id: &str, spec: &str| {
        view.tasks.iter().any(|task| {
            task.service == id && task.spec == spec && matches!(task.phase, TaskPhase::Running | TaskPhase::Complete)
        })
    };
    let services = view.services.iter().filter(|service| !ready(&service.id, &service.spec));
    services.map(|service| service.name.clone()).collect()
}

fn container_of(view: &StackView, service: &str) -> Option<String> {
    let service = view.services.iter().find(|candidate| candidate.name == service)?;
    view.tasks.iter().filter(|task| task.service == service.id).find_map(|task| task.container.clone())
}
