//! Stops services of the app and waits until nothing of them runs.

use crate::pulse::Pulse;
use crate::run::conductor::Fault;
use crate::run::parts::Known;
use crate::snapshot::is_coming;
use cc_ci_model::convergence::{ServiceView, StackView, TaskPhase};
use cc_ci_model::outcome::{Cause, Finding};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// How long the engine may take to say that what it ended is gone.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How long Swarm may take to forget the task of a one-shot that was scaled away; it looks every 250 ms.
const FORGET_LIMIT: Duration = Duration::from_secs(3);

/// How often the engine is asked whether they have.
const LOOK: Duration = Duration::from_millis(50);

/// How containers are ended.
#[derive(Clone, Copy)]
pub(super) enum Stopping {
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

/// Stops services and waits until nothing of them runs; returns how they then were, without the other ones of their stack.
pub(super) async fn stop(
    known: &Known<'_>,
    pulse: &mut Pulse,
    services: &[&ServiceView],
    how: Stopping,
) -> Result<StackView, Fault> {
    let (doors, stack) = (&known.world.doors, &known.plan.stack);
    for service in services {
        doors.operate.scale(&service.id, 0).await?;
    }
    let names: BTreeSet<&String> = services.iter().map(|service| &service.name).collect();
    let (started, mut asked) = (Instant::now(), BTreeSet::new());
    loop {
        let view = only(doors.observe.stack(stack).await?, &names);
        let remembered = is_remembered(&view) && started.elapsed() < FORGET_LIMIT;
        // A task that runs no more shows it only seconds later, so its container is asked instead.
        let running = doors.observe.mounts(stack).await?.services;
        if !is_coming(&view) && !remembered && !running.iter().any(|service| names.contains(service)) {
            return Ok(view);
        }
        if started.elapsed() >= how.limit() {
            let text = format!("the services did not stop within {} s", how.limit().as_secs());
            return Err(Fault::unanswered(Finding::new(Cause::EngineLost, text)));
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
        pulse.next(LOOK).await;
    }
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
