//! Stops services and waits until nothing of them runs.

use crate::pulse::Pulse;
use crate::swarm::{Doors, SwarmError};
use cc_ci_model::convergence::{ServiceView, StackView, TaskPhase};
use cc_ci_model::ids::StackName;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// How long the engine may take to say that what it ended is gone.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How long the services of an app that is to be kept may take to close their files. A recipe whose own grace period is longer is not
/// kept.
pub(crate) const CLOSING: Duration = Duration::from_secs(120);

/// How long Swarm may take to forget the task of a one-shot that was scaled away; it looks every 250 ms.
const FORGET_LIMIT: Duration = Duration::from_secs(3);

/// How long it may take to say of a task that it ended, when its container has; this took up to 5 s on a quiet machine.
const REPORT_LIMIT: Duration = Duration::from_secs(30);

/// How often the engine is asked whether they have.
const LOOK: Duration = Duration::from_millis(50);

/// How containers are ended.
#[derive(Clone, Copy)]
pub(crate) enum Stopping {
    /// At once, without a word to them.
    Kill,
    /// As Swarm does it: each has its grace period after the signal. This is the longest.
    Graceful(Duration),
}

impl Stopping {
    fn limit(self) -> Duration {
        match self {
            Self::Kill => STOP_LIMIT,
            Self::Graceful(longest) => longest + STOP_LIMIT,
        }
    }
}

/// Scales every service of a stack to zero and waits until nothing of it runs: as its operator would, so that databases close their
/// files.
pub(crate) async fn stop_all(doors: &Doors, stack: &StackName) -> Result<(), SwarmError> {
    let view = doors.observe.stack(stack).await?;
    let services: Vec<_> = view.services.iter().collect();
    stop(doors, stack, &services, Stopping::Graceful(CLOSING), None).await.map(drop)
}

/// Stops services and waits until nothing of them runs; returns how they then were, without the other ones of their stack. Where
/// somebody follows the stack, its events wake the wait.
pub(crate) async fn stop(
    doors: &Doors,
    stack: &StackName,
    services: &[&ServiceView],
    how: Stopping,
    mut pulse: Option<&mut Pulse>,
) -> Result<StackView, SwarmError> {
    for service in services {
        doors.operate.scale(&service.id, 0).await?;
    }
    let names: BTreeSet<&String> = services.iter().map(|service| &service.name).collect();
    let (started, mut asked) = (Instant::now(), BTreeSet::new());
    loop {
        let view = only(doors.observe.stack(stack).await?, &names);
        let since = started.elapsed();
        let remembered = (is_remembered(&view) && since < FORGET_LIMIT) || (lingers(&view) && since < REPORT_LIMIT);
        // A task that runs no more shows it only seconds later, so its container is asked instead.
        let running = doors.observe.mounts(stack).await?.services;
        let running: Vec<&str> = running.iter().filter(|name| names.contains(name)).map(String::as_str).collect();
        if !is_coming(&view) && !remembered && running.is_empty() {
            return Ok(view);
        }
        if started.elapsed() >= how.limit() {
            let who = if running.is_empty() { "its services".to_owned() } else { running.join(", ") };
            let text = format!("{who} did not stop within {} s", how.limit().as_secs());
            return Err(SwarmError::Command { verb: format!("stop the stack {stack}"), text });
        }
        let leaving = view.tasks.iter().filter(|task| !task.wanted && task.phase == TaskPhase::Running);
        for container in leaving.filter_map(|task| task.container.as_ref()) {
            let at_once = match how {
                Stopping::Kill => true,
                // One that takes no notice has nothing to come but the kill at the end of its grace period.
                Stopping::Graceful(_) => asked.insert(container.clone()) && !doors.node.heeds_its_stop(container).await,
            };
            if at_once {
                doors.operate.kill(container).await?;
            }
        }
        match &mut pulse {
            Some(pulse) => pulse.next(LOOK).await,
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Whether anything of a stack is up and to stay so, or on its way.
fn is_coming(view: &StackView) -> bool {
    view.tasks.iter().any(|task| match task.phase {
        TaskPhase::Pending | TaskPhase::Preparing | TaskPhase::Starting => true,
        TaskPhase::Running => task.wanted,
        TaskPhase::Complete | TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Shutdown => false,
    })
}

/// A stack as if it had these services alone.
fn only(view: StackView, names: &BTreeSet<&String>) -> StackView {
    let StackView { mut services, mut tasks } = view;
    services.retain(|service| names.contains(&service.name));
    tasks.retain(|task| services.iter().any(|service| service.id == task.service));
    StackView { services, tasks }
}

/// A one-shot that is scaled up while Swarm still knows the task that completed gets no new one, ever.
fn is_remembered(view: &StackView) -> bool {
    view.tasks.iter().any(|task| {
        let current = |service: &ServiceView| service.id == task.service && service.spec == task.spec;
        task.phase == TaskPhase::Complete && view.services.iter().any(current)
    })
}

/// So does a service that is never started again, while Swarm does not know yet that its task was ended, or has not forgotten it. Tried
/// on the engine 20.10: scaled up as soon as its container had ended, it got none; with `any` and `on-failure` there was one each time.
fn lingers(view: &StackView) -> bool {
    view.tasks.iter().any(|task| {
        let last =
            |service: &ServiceView| service.id == task.service && service.spec == task.spec && !service.starts_again;
        view.services.iter().any(last)
            && match task.phase {
                TaskPhase::Running | TaskPhase::Failed | TaskPhase::Shutdown => true,
                TaskPhase::Pending
                | TaskPhase::Preparing
                | TaskPhase::Starting
                | TaskPhase::Complete
                | TaskPhase::Rejected => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::convergence::{TaskView, Update};
    use std::collections::BTreeMap;

    fn one(starts_again: bool, phase: TaskPhase) -> StackView {
        let text = |text: &str| text.to_owned();
        let service = ServiceView {
            id: text("s"),
            name: text("app"),
            image: text("app:1"),
            spec: text("one"),
            replicas: 0,
            starts_again,
            update: Update::None,
            labels: BTreeMap::new(),
            env: Vec::new(),
            previous: None,
        };
        let (id, container, exit_code, error) = (text("t"), None, None, None);
        let task =
            TaskView { id, service: text("s"), spec: text("one"), phase, wanted: false, container, exit_code, error };
        StackView { services: vec![service], tasks: vec![task] }
    }

    #[test]
    fn only_who_is_never_started_again_is_waited_for_until_it_is_forgotten() {
        for phase in [TaskPhase::Running, TaskPhase::Failed, TaskPhase::Shutdown] {
            assert!(lingers(&one(false, phase)), "{phase:?}");
            assert!(!lingers(&one(true, phase)), "{phase:?}");
        }
        assert!(!lingers(&one(false, TaskPhase::Complete)), "it ended by itself, long before");
        let StackView { services, .. } = one(false, TaskPhase::Running);
        assert!(!lingers(&StackView { services, tasks: Vec::new() }));
    }
}
