//! The restore tier: in place, and onto empty volumes on the same deployment (TIER-restore).

use super::backup::Saved;
use super::{AppState, Fault, Stage, StepEnd, deploying};
use crate::backup;
use crate::data::{self, Expected, index};
use crate::run::conductor::{failed_if, passed};
use crate::swarm::SwarmError;
use cc_ci_model::convergence::{ServiceView, StackView, TaskPhase};
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::compare;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::tier::Tier;
use std::time::Duration;
use tokio::time::Instant;

/// How long the services may take to stop; they are killed, so only the engine takes time.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How long Swarm may take to forget the task of a one-shot that was scaled away; it looks every 250 ms.
const FORGET_LIMIT: Duration = Duration::from_secs(3);

/// How often the engine is asked whether they have.
const LOOK: Duration = Duration::from_millis(50);

impl Stage<'_> {
    /// Brings the backup back both ways.
    pub(super) async fn restore(&mut self, saved: Saved) -> Result<AppState, SwarmError> {
        let mutated = self.mutate(&saved).await.may_go_on();
        let hooked = self.hooks(HookTime::PreRestore).await.may_go_on();
        self.compare_specs().await?;
        if !mutated || !hooked {
            return Ok(AppState::Up);
        }
        if self.in_place(&saved).await.may_go_on() {
            self.serving(Tier::Restore, "in-place/serving").await;
            self.ready(Tier::Restore, "in-place/").await;
            self.came_back(&saved, "in-place/markers").await;
            self.own_tests(Tier::Restore, "in-place/").await;
        }
        // The services are about to be stopped: what the upgrade left has been watched long enough by then, or is now.
        self.settle_stability().await;
        let since = Instant::now();
        let mut up = AppState::Down;
        let restored = self.onto_empty(&saved, &mut up).await;
        if up == AppState::Up {
            self.accept_specs().await?;
        }
        if !restored.may_go_on() {
            return Ok(up);
        }
        let view = self.observe.stack(&self.plan.stack).await?;
        let history = deploying::history(&self.app.head).ignoring_dead(&view);
        if !self.converged(Tier::Restore, "onto-empty/converged", history, since).await.may_go_on() {
            return Ok(AppState::Down);
        }
        self.serving(Tier::Restore, "onto-empty/serving").await;
        self.ready(Tier::Restore, "onto-empty/").await;
        self.came_back(&saved, "onto-empty/markers").await;
        self.whole(&saved).await;
        self.own_tests(Tier::Restore, "onto-empty/").await;
        Ok(AppState::Up)
    }

    /// Changes what was seeded, so that the restore has something to undo.
    async fn mutate(&mut self, saved: &Saved) -> StepEnd {
        let conductor = self.conductor.clone();
        let work = async {
            let bench = self.bench().await?;
            let unchanged = data::mutate(&bench, &self.plan.stack, &saved.seeded).await?;
            Ok(match data::finding(&unchanged, Cause::NothingToSeed) {
                Some(finding) => Outcome::Unverified(finding),
                None => Outcome::Passed { note: None },
            })
        };
        conductor.step(Tier::Restore, "mutate", work).await
    }

    async fn in_place(&mut self, saved: &Saved) -> StepEnd {
        let (conductor, step) = (self.conductor.clone(), StepId::new(Tier::Restore, "in-place"));
        let work = async {
            let bench = self.bench().await?;
            Ok(failed_if(backup::restore(&self.context(&bench, saved, &step), &saved.snapshot).await?))
        };
        conductor.step(Tier::Restore, "in-place", work).await
    }

    /// Stops the services, empties the volumes, starts them as on a fresh host, and restores.
    async fn onto_empty(&mut self, saved: &Saved, up: &mut AppState) -> StepEnd {
        let (conductor, step) = (self.conductor.clone(), StepId::new(Tier::Restore, "onto-empty"));
        let work = async {
            let bench = self.bench().await?;
            let before = self.observe.stack(&self.plan.stack).await?;
            let stopped = self.stop(&before).await?;
            backup::empty_volumes(&bench, &self.plan.stack, bench.volumes()).await?;
            let since = Instant::now();
            for service in &before.services {
                self.world.doors.operate.scale(&service.id, service.replicas).await?;
            }
            let history = deploying::history(&self.app.head).afresh(&stopped);
            if let Err(finding) = self.wait(&step, history, since).await? {
                return Ok(Outcome::Failed(of_empty(finding)));
            }
            *up = AppState::Up;
            if let Outcome::Failed(finding) = self.databases_ready().await? {
                return Ok(Outcome::Failed(of_empty(finding)));
            }
            Ok(failed_if(backup::restore(&self.context(&bench, saved, &step), &saved.snapshot).await?))
        };
        conductor.step(Tier::Restore, "onto-empty", work).await
    }

    /// Stops every service and waits until nothing of the stack runs.
    async fn stop(&mut self, before: &StackView) -> Result<StackView, Fault> {
        for service in &before.services {
            self.world.doors.operate.scale(&service.id, 0).await?;
        }
        let started = Instant::now();
        loop {
            let view = self.observe.stack(&self.plan.stack).await?;
            // A task that runs no more shows it only seconds later, so its container is asked instead.
            let coming = view.tasks.iter().any(|task| match task.phase {
                TaskPhase::Pending | TaskPhase::Preparing | TaskPhase::Starting => true,
                TaskPhase::Running => task.wanted,
                TaskPhase::Complete | TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Shutdown => false,
            });
            // A one-shot that is scaled up while Swarm still knows the task that completed gets no new one, ever.
            let completed = view.tasks.iter().any(|task| {
                let current = |service: &ServiceView| service.id == task.service && service.spec == task.spec;
                task.phase == TaskPhase::Complete && view.services.iter().any(current)
            });
            let remembered = completed && started.elapsed() < FORGET_LIMIT;
            let running = self.observe.mounts(&self.plan.stack).await?.services;
            if !coming && !remembered && running.is_empty() {
                return Ok(view);
            }
            if started.elapsed() >= STOP_LIMIT {
                let text = format!("the services did not stop within {} s", STOP_LIMIT.as_secs());
                return Err(Fault::unanswered(Finding::new(Cause::EngineLost, text)));
            }
            // Their data is about to be deleted: nothing is gained by letting them end well.
            let alive = view.tasks.iter().filter(|task| !task.wanted && task.phase == TaskPhase::Running);
            for container in alive.filter_map(|task| task.container.as_deref()) {
                self.world.doors.operate.kill(container).await?;
            }
            self.pulse.next(LOOK).await;
        }
    }

    /// The seeded state is back.
    async fn came_back(&mut self, saved: &Saved, what: &str) -> StepEnd {
        let conductor = self.conductor.clone();
        let work = async {
            let bench = self.bench().await?;
            let missing = data::verify(&bench, &self.plan.stack, &saved.seeded, Expected::Seeded).await?;
            Ok(match data::finding(&missing, Cause::RestoreIncomplete) {
                Some(finding) => Outcome::Failed(finding),
                None => passed("markers are back"),
            })
        };
        conductor.step(Tier::Restore, what, work).await
    }

    /// Every volume holds again what it held when the backup was taken.
    async fn whole(&mut self, saved: &Saved) -> StepEnd {
        let conductor = self.conductor.clone();
        let work = async {
            let bench = self.bench().await?;
            let now = index::take(&bench, &self.plan.stack).await?;
            Ok(failed_if(compare::finding(&compare::compare(
                &saved.index,
                &now,
                &Churn::with(&self.plan.demands.churn),
            ))))
        };
        conductor.step(Tier::Restore, "onto-empty/volumes", work).await
    }
}

/// A failure that only an app on empty volumes shows.
fn of_empty(finding: Finding) -> Finding {
    let summary = format!("started on empty volumes: {}", finding.summary);
    Finding { summary, ..finding }
}
