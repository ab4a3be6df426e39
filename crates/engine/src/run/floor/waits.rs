//! The states the floor waits for. Each wait asks for that state alone.

use super::FloorError;
use crate::route::OpenRoute;
use crate::swarm::HttpAnswer;
use crate::swarm::Observe;
use cc_ci_model::convergence::{Goal, StackView, TaskPhase, TaskView, Update};
use cc_ci_model::ids::{Domain, StackName};
use cc_ci_model::plan::demands::Health;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How often the engine or the app is asked. More often would take time away from the engine.
const LOOK: Duration = Duration::from_millis(20);

/// What a wait works with.
#[derive(Clone, Copy)]
pub(super) struct Wait<'a> {
    pub(super) observe: &'a dyn Observe,
    pub(super) stack: &'a StackName,
    /// How long any state may take to come.
    pub(super) limit: Duration,
}

impl Wait<'_> {
    /// Until every service runs its spec and no old task is alive. `before` are tasks of an earlier life.
    pub(super) async fn running(
        &self,
        goals: &BTreeMap<String, Goal>,
        before: &BTreeSet<String>,
    ) -> Result<StackView, FloorError> {
        self.view("a running app", |view| runs(view, goals, before)).await
    }

    /// Until Swarm has ended every update, with its monitor window.
    pub(super) async fn updates_over(&self) -> Result<(), FloorError> {
        let over = |view: &StackView| view.services.iter().all(|service| !updating(service.update));
        self.view("the end of Swarm's update", over).await.map(drop)
    }

    /// Until no task of the stack is alive.
    pub(super) async fn stopped(&self) -> Result<StackView, FloorError> {
        self.view("a stopped app", |view| !view.tasks.iter().any(alive)).await
    }

    /// Until the app answers over its route.
    pub(super) async fn serving(
        &self,
        route: &OpenRoute,
        domain: &Domain,
        scheme: &str,
        health: &Health,
    ) -> Result<(), FloorError> {
        let started = Instant::now();
        loop {
            match route.ask(domain, scheme, &health.path).await {
                HttpAnswer::App { status, .. } if health.statuses.contains(&status) => return Ok(()),
                HttpAnswer::App { .. } | HttpAnswer::Edge { .. } | HttpAnswer::None { .. } => {}
            }
            self.again("an answer of the app", started).await?;
        }
    }

    async fn view(&self, awaited: &'static str, there: impl Fn(&StackView) -> bool) -> Result<StackView, FloorError> {
        let started = Instant::now();
        loop {
            let view = self.observe.stack(self.stack).await?;
            if there(&view) {
                return Ok(view);
            }
            self.again(awaited, started).await?;
        }
    }

    async fn again(&self, awaited: &'static str, started: Instant) -> Result<(), FloorError> {
        if started.elapsed() >= self.limit {
            return Err(FloorError::TooLate { awaited, limit: self.limit });
        }
        tokio::time::sleep(LOOK).await;
        Ok(())
    }
}

fn updating(update: Update) -> bool {
    match update {
        Update::Updating | Update::RollbackStarted => true,
        Update::None | Update::Paused | Update::Completed | Update::RollbackPaused | Update::RollbackCompleted => false,
    }
}

fn alive(task: &TaskView) -> bool {
    match task.phase {
        TaskPhase::Pending | TaskPhase::Preparing | TaskPhase::Starting | TaskPhase::Running => true,
        TaskPhase::Complete | TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Shutdown => false,
    }
}

fn runs(view: &StackView, goals: &BTreeMap<String, Goal>, before: &BTreeSet<String>) -> bool {
    goals.iter().all(|(name, goal)| {
        let Some(service) = view.services.iter().find(|service| service.name == *name) else { return false };
        let mut tasks =
            view.tasks.iter().filter(|task| task.service == service.id && !before.contains(&task.id)).peekable();
        if tasks.peek().is_none() {
            return service.replicas == 0;
        }
        let (new, old): (Vec<_>, Vec<_>) = tasks.partition(|task| task.spec == service.spec);
        let running = new.iter().filter(|task| task.wanted && task.phase == TaskPhase::Running).count() as u64;
        let completed = new.iter().any(|task| task.phase == TaskPhase::Complete);
        let leaving = new.iter().any(|task| !task.wanted && alive(task));
        let there = match goal {
            Goal::Running => running >= service.replicas,
            Goal::Completed => completed,
            Goal::Either => completed || running >= service.replicas,
        };
        there && !leaving && !old.into_iter().any(alive)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::convergence::ServiceView;

    fn task(id: &str, spec: &str, phase: TaskPhase, wanted: bool) -> TaskView {
        let (id, service, spec) = (id.to_owned(), "s".to_owned(), spec.to_owned());
        TaskView { id, service, spec, phase, wanted, container: None, exit_code: None, error: None }
    }

    fn app(tasks: Vec<TaskView>) -> StackView {
        let service = ServiceView {
            id: "s".to_owned(),
            name: "app".to_owned(),
            image: String::new(),
            spec: "new".to_owned(),
            replicas: 1,
            starts_again: true,
            update: Update::None,
            labels: BTreeMap::new(),
            env: Vec::new(),
            previous: None,
        };
        StackView { services: vec![service], tasks }
    }

    fn ready(goal: Goal, tasks: Vec<TaskView>, before: &[&str]) -> bool {
        let before = before.iter().map(|id| (*id).to_owned()).collect();
        runs(&app(tasks), &BTreeMap::from([("app".to_owned(), goal)]), &before)
    }

    #[test]
    fn an_app_runs_when_its_new_tasks_do_and_its_old_ones_are_gone() {
        let new = || task("b", "new", TaskPhase::Running, true);
        let old = |phase| task("a", "old", phase, false);
        assert!(!ready(Goal::Running, vec![], &[]));
        assert!(!ready(Goal::Running, vec![task("b", "new", TaskPhase::Starting, true)], &[]));
        assert!(!ready(Goal::Running, vec![new(), old(TaskPhase::Running)], &[]));
        assert!(ready(Goal::Running, vec![new(), old(TaskPhase::Shutdown)], &[]));
        assert!(!ready(Goal::Running, vec![task("a", "old", TaskPhase::Running, true)], &[]));
        assert!(!ready(Goal::Running, vec![new(), task("c", "new", TaskPhase::Running, false)], &[]));
    }

    #[test]
    fn a_one_shot_has_to_complete_anew_after_a_restart() {
        let done = || vec![task("a", "new", TaskPhase::Complete, false)];
        assert!(ready(Goal::Completed, done(), &[]));
        assert!(!ready(Goal::Completed, done(), &["a"]));
    }
}
