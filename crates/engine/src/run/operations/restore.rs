//! The two ways back: in place, and onto empty volumes on the same deployment (TIER-restore).

use super::backup::context;
use crate::backup;
use crate::run::checks::{Look, backup as settled, converged, stable};
use crate::run::conductor::{Answer, Fault, StepEnd, failed_if};
use crate::run::deploying;
use crate::run::measuring::Looking;
use crate::run::parts::{AppStack, Coming, Known, Saved, Trees};
use crate::run::tiers::Run;
use crate::run::tools::Tools;
use crate::stopping::{Stopping, stop};
use crate::swarm::{EngineTime, SwarmError};
use crate::workbench::BenchUse;
use cc_ci_model::outcome::{Finding, Outcome};
use cc_ci_model::plan::reach::AppState;
use cc_ci_model::plan::step::Step;
use cc_ci_model::usage::Moment;
use std::collections::BTreeSet;
use tokio::time::Instant;

impl Run<'_> {
    /// Restores over the running app.
    pub(in crate::run) async fn restore_in_place(&mut self, step: &Step) -> Option<StepEnd> {
        let Self { known, tools, data, .. } = self;
        let saved = data.saved.as_ref()?;
        let work = async {
            let bench = tools.benches.take(BenchUse::Restore).await?;
            let context = context(known, &bench, &saved.prepared, step);
            Ok(Answer::<()>::from(failed_if(backup::restore(&context, &saved.snapshot).await?)))
        };
        Some(known.conductor.step(step, work).await.end)
    }

    /// Stops the services, empties the volumes, starts them as on a fresh host, and restores; says whether the app came up.
    pub(in crate::run) async fn restore_onto_empty(
        &mut self,
        step: &Step,
    ) -> Result<Option<(StepEnd, AppState)>, SwarmError> {
        // The services are about to be stopped: what the upgrade left has been watched long enough by then, or is now.
        stable::settle(&mut self.stack, &self.known).await;
        self.compare_specs().await?;
        let since = Instant::now();
        let Self { known, trees, stack, tools, data, .. } = self;
        let Some(saved) = data.saved.as_ref() else { return Ok(None) };
        let stepped = known.conductor.step(step, onto_empty(known, trees, stack, tools, saved, step)).await;
        let app = stepped.value.unwrap_or(AppState::Down);
        // However far it came: what was changed is its own doing.
        let view = self.accept_specs().await?;
        if app == AppState::Up {
            let history = deploying::history(&self.trees.app.head).ignoring_dead(&view);
            self.stack.coming = Some(Coming { history, since });
        }
        Ok(Some((stepped.end, app)))
    }
}

async fn onto_empty(
    known: &Known<'_>,
    trees: &Trees,
    stack: &mut AppStack,
    tools: &mut Tools,
    saved: &Saved,
    step: &Step,
) -> Result<Answer<AppState>, Fault> {
    let bench = tools.benches.take(BenchUse::Change).await?;
    let (doors, plan) = (&known.world.doors, &known.plan);
    let before = doors.observe.stack(&plan.stack).await?;
    let services: Vec<_> = before.services.iter().collect();
    // Their data is about to be deleted: nothing is gained by letting them end well.
    let stopped = stop(doors, &plan.stack, &services, Stopping::Kill, Some(&mut stack.pulse)).await?;
    backup::empty_volumes(&bench, &plan.stack, bench.volumes()).await?;
    let (since, at) = (Instant::now(), EngineTime::now());
    for service in services {
        doors.operate.scale(&service.id, service.replicas).await?;
    }
    tools.benches.clear_away();
    let history = deploying::history(&trees.app.head).afresh(&stopped);
    let mut look = Look::of(known, &trees.app, &mut stack.pulse, tools, &step.id);
    if let Err(finding) = converged::wait(&mut look, Coming { history, since }).await? {
        return Ok(Answer::failed(of_empty(finding)));
    }
    if trees.app.base.is_some() {
        let (moment, tree, first) = (Moment::HeadAfresh, &trees.app.head, BTreeSet::new());
        let looking = Looking { moment, tree, first, since: Some(at) };
        stack.measuring.begin(known.world, &known.images, &plan.stack, looking).await;
    }
    // From here on the app is up, whatever becomes of the restore.
    let restored = match settled::databases(&look).await {
        Ok(Ok(())) => {
            let bench = tools.benches.take(BenchUse::Restore).await?;
            let context = context(known, &bench, &saved.prepared, step);
            backup::restore(&context, &saved.snapshot).await.map(failed_if).map_err(Fault::from)
        }
        Ok(Err(finding)) => Ok(Outcome::Failed(of_empty(finding))),
        Err(fault) => Err(fault),
    };
    Ok(Answer::new(restored.unwrap_or_else(Outcome::from), AppState::Up))
}

/// A failure that only an app on empty volumes shows.
fn of_empty(finding: Finding) -> Finding {
    let summary = format!("started on empty volumes: {}", finding.summary);
    Finding { summary, ..finding }
}
