//! The plan's list, performed by whoever knows that all will be well.
//!
//! What a run only looks at is no operation, so its step takes no time here. Operations that do not wait for each other overlap:
//! the edge opens with the deploy, bench and sandbox start with the wait for convergence, the repository is made while Swarm's
//! update ends.

use super::operator::Operator;
use super::{FloorError, Lap};
use crate::run::app::{App, Deployable};
use crate::run::images::Images;
use crate::run::stack_files::{self, Instance};
use crate::run::world::World;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::hook::HookPlace;
use cc_ci_model::plan::permit::Permits;
use cc_ci_model::plan::step::{Action, Check, Operation, Pass, Step};
use cc_ci_model::tier::Tier;

/// Everything in order. What can be known before the first operation is found out before the clock starts.
pub(super) async fn perform(plan: &Plan, permits: Permits, app: &App, world: &World) -> Result<Vec<Lap>, FloorError> {
    let trees: Vec<_> = app.base.iter().chain([&app.head]).collect();
    let images = Images::resolve(world, &trees).await;
    let render = |tree: &Deployable, name| {
        stack_files::render(&Instance::app(plan), world, tree, &images, name)
            .map(|(rendered, _)| rendered)
            .map_err(|fault| FloorError::of_fault("write the override", fault))
    };
    let first = render(app.first(), stack_files::FIRST)?;
    let head = render(&app.head, stack_files::HEAD)?;
    let mut floor = Operator::new(plan, app, world, permits, (first, head));
    for planned in plan.tiers.iter().filter(|planned| planned.disposition.runs()) {
        for step in &planned.steps {
            if let Some(what) = floor.perform(planned.tier, step).await? {
                floor.clock.lap(what, planned.tier);
            }
        }
    }
    Ok(floor.clock.laps)
}

impl Operator<'_> {
    /// Performs one step; returns what was done, if that took time.
    async fn perform(&mut self, tier: Tier, step: &Step) -> Result<Option<&'static str>, FloorError> {
        match &step.action {
            Action::Operate(operation) => self.operate(step, *operation).await,
            Action::Check(check) => self.check(tier, step.pass, *check).await,
            // Whoever knows that all will be well asks for nothing else.
            Action::Probe { .. } | Action::Verify { .. } => Ok(None),
            Action::Dependency { .. } => Err(FloorError::Plan("an app without dependencies")),
            Action::Hook { path, place: HookPlace::Host, time: _ } => {
                self.host_hook(tier, step, path).await?;
                Ok(Some("a hook on the host"))
            }
            // Hooks in the sandbox are no part of the floor: no example has one.
            Action::Hook { place: HookPlace::Sandbox, .. } => Ok(None),
            Action::Test { path } => {
                self.test(tier, step, path).await?;
                Ok(Some("the recipe's tests"))
            }
        }
    }

    async fn operate(&mut self, step: &Step, operation: Operation) -> Result<Option<&'static str>, FloorError> {
        match operation {
            // A floor is that of a cold run.
            Operation::BringBack => Ok(None),
            Operation::Deploy => {
                self.deploy().await?;
                Ok(Some("make secrets, deploy base, open the edge"))
            }
            Operation::Redeploy => {
                self.redeploy().await?;
                Ok(Some("redeploy head"))
            }
            Operation::Seed | Operation::Mutate => Ok(None),
            Operation::Snapshot => {
                self.save(step).await?;
                Ok(Some("backup hooks, snapshot"))
            }
            Operation::RestoreInPlace => {
                self.bring_back(step).await?;
                Ok(Some("restore in place, restore hooks"))
            }
            Operation::RestoreOntoEmpty => {
                let stopped = self.stop().await?;
                self.clock.lap("stop the services", Tier::Restore);
                self.empty().await?;
                self.clock.lap("empty the volumes", Tier::Restore);
                self.start(&stopped).await?;
                self.clock.lap("start the services; wait: they run", Tier::Restore);
                self.bring_back(step).await?;
                Ok(Some("restore onto empty volumes, restore hooks"))
            }
            Operation::Restart => {
                self.restart().await?;
                Ok(Some("stop the services, start them again"))
            }
        }
    }

    async fn check(&mut self, tier: Tier, pass: Pass, check: Check) -> Result<Option<&'static str>, FloorError> {
        match (check, tier) {
            (Check::Converged, _) if pass == Pass::Restarted => {
                self.running_again().await?;
                Ok(Some("wait: the restarted app runs"))
            }
            (Check::Converged, Tier::Upgrade) => {
                self.move_over().await?;
                Ok(Some("wait: head runs, base is gone"))
            }
            (Check::Converged, Tier::Restore) => {
                self.running_again().await?;
                Ok(Some("wait: the restored app runs"))
            }
            (Check::Converged, Tier::Install | Tier::Backup | Tier::Custom) => {
                self.come_up().await?;
                Ok(Some("wait: base runs; start bench and sandbox meanwhile"))
            }
            // Asking an app once that answers costs nothing that could be saved.
            (Check::Serving, Tier::Backup) => Ok(None),
            (Check::Serving, _) => {
                self.serving().await?;
                Ok(Some("wait: the app answers"))
            }
            (Check::Settled, _) => {
                self.settle().await?;
                Ok(Some("wait: Swarm's update is over; make the repository meanwhile"))
            }
            (
                Check::Stable
                | Check::Connects
                | Check::Listening
                | Check::Moved
                | Check::Routed
                | Check::Markers
                | Check::Volumes
                | Check::Housed
                | Check::Covered
                | Check::SnapshotComplete,
                _,
            ) => Ok(None),
        }
    }
}
