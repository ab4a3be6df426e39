//! The app is stopped and started again with all that it has (TIER-restore): as after a restart of its machine.

use crate::run::after::After;
use crate::run::app::Deployable;
use crate::run::checks::data as look;
use crate::run::checks::stable;
use crate::run::conductor::{Answer, StepEnd, Stepped};
use crate::run::deploying;
use crate::run::parts::{Coming, Kept};
use crate::run::tiers::Run;
use crate::stopping::{Stopping, stop};
use crate::swarm::SwarmError;
use crate::workbench::BenchUse;
use cc_ci_model::convergence::{Goal, ServiceView, StackView, TaskPhase};
use cc_ci_model::plan::step::{Pass, Step};
use cc_ci_model::tier::Tier;
use std::time::Duration;
use tokio::time::Instant;

/// The grace period of a service that names none.
const USUAL_GRACE: Duration = Duration::from_secs(10);

impl Run<'_> {
    /// Stops the services that run and starts them again. What has completed stays so.
    pub(in crate::run) async fn restart(&mut self, tier: Tier, step: &Step) -> Result<Option<StepEnd>, SwarmError> {
        // The services are about to be stopped: what came before has been watched long enough by then, or is now.
        stable::settle(&mut self.stack, &self.known).await;
        self.stack.measuring.settle().await;
        self.compare_specs().await?;
        let Self { known, trees, stack, tools, data, .. } = self;
        let Some((seeded, _)) = data.expected(After::of(tier, Pass::Only)) else { return Ok(None) };
        let head = &trees.app.head;
        let work = async {
            let bench = tools.benches.take(BenchUse::Look).await?;
            let plan = &known.plan;
            let (seeded, passing) = seeded.lasting(&bench, &plan.stack).await?;
            for place in passing {
                let text = format!(
                    "{place}: not looked at after the restart, since it does not say that it logs every change"
                );
                known.world.voice.note(Some(&step.id), text);
            }
            let holdings = look::take(&bench, &plan.stack, &seeded, (&known.world.voice, &step.id)).await?;
            let doors = &known.world.doors;
            let before = doors.observe.stack(&plan.stack).await?;
            let services = running(&before, head);
            let how = Stopping::Graceful(longest_grace(head));
            let stopped = stop(doors, &plan.stack, &services, how, Some(&mut stack.pulse)).await?;
            let since = Instant::now();
            for service in &services {
                doors.operate.scale(&service.id, service.replicas).await?;
            }
            Ok(Answer::passed((Kept { seeded, holdings }, stopped, since)))
        };
        let Stepped { end, value } = known.conductor.step(step, work).await;
        // However far it came: what was changed is its own doing.
        let view = self.accept_specs().await?;
        if let Some((kept, stopped, since)) = value {
            self.data.before_restart = Some(kept);
            let history = deploying::history(&self.trees.app.head).afresh(&stopped).ignoring_dead(&view);
            self.stack.coming = Some(Coming { history, since });
        }
        Ok(Some(end))
    }
}

/// The services that are up and are to stay so.
pub(in crate::run) fn running<'v>(view: &'v StackView, tree: &Deployable) -> Vec<&'v ServiceView> {
    let goals = deploying::goals(tree);
    let stays = |service: &ServiceView| goals.get(&service.name) != Some(&Goal::Completed);
    let runs = |service: &ServiceView| {
        let mut tasks = view.tasks.iter().filter(|task| task.service == service.id);
        tasks.any(|task| task.wanted && task.phase == TaskPhase::Running)
    };
    view.services.iter().filter(|service| stays(service) && runs(service)).collect()
}

fn longest_grace(tree: &Deployable) -> Duration {
    let services = tree.recipe.compose.services.values();
    services.map(|service| service.stop_grace_period.unwrap_or(USUAL_GRACE)).max().unwrap_or(USUAL_GRACE)
}
