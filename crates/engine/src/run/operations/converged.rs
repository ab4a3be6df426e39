//! Waits for what an operation comes to. An update that was lost by the engine itself, and not by the new version, is made once more.

use crate::converge::Waited;
use crate::run::after::After;
use crate::run::checks::{Look, converged, stable};
use crate::run::conductor::{Fault, StepEnd, Stepped};
use crate::run::deploying;
use crate::run::guard::SpecGuard;
use crate::run::parts::{AppStack, Coming, Known};
use crate::run::tiers::Run;
use crate::swarm::{Deployed, Rendered};
use cc_ci_model::convergence::Update;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::step::Step;
use cc_ci_model::tier::Tier;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked whether Swarm has gone back to the old version.
const LOOK: Duration = Duration::from_millis(200);

impl Run<'_> {
    /// Waits for convergence; when it is reached, the watch of the tier begins.
    pub(in crate::run) async fn converged(&mut self, tier: Tier, step: &Step) -> Option<StepEnd> {
        let coming = self.stack.coming.take()?;
        let before = match tier {
            Tier::Upgrade => self.stack.before.clone(),
            Tier::Install | Tier::Backup | Tier::Restore | Tier::Custom => None,
        };
        let Self { known, trees, stack, tools, .. } = self;
        let AppStack { pulse, guard, deployed, redeploying, .. } = stack;
        let mut look = Look::of(known, &trees.app, pulse, tools, &step.id);
        let work = async {
            let mut since = coming.since;
            let mut waited = converged::until(&mut look, coming).await?;
            if let (Some(rendered), Some(proof), Some(lost)) = (redeploying.take(), deployed, of_the_engine(&waited)) {
                let again = once_more(known, &mut look, guard, (proof, &rendered), lost).await?;
                since = again.since;
                waited = converged::until(&mut look, again).await?;
            }
            converged::judged(&mut look, waited, since, before.as_ref(), After::of(tier, step.pass)).await
        };
        let Stepped { end, value } = known.conductor.step(step, work).await;
        if let Some(converged) = value {
            let goals = deploying::goals(self.trees.app.tree(tier));
            stable::open(&mut self.stack, &self.known.plan, (tier, step.pass), goals, &converged);
            if tier == Tier::Restore {
                self.stack.restored = Some(converged.view);
            }
        }
        Some(end)
    }
}

/// What the engine itself failed at, if that ended the wait.
fn of_the_engine(waited: &Waited) -> Option<&Finding> {
    match waited {
        Waited::Failed(finding) if finding.cause == Cause::EngineLost => Some(finding),
        Waited::Failed(_) | Waited::Converged { .. } | Waited::Cancelled => None,
    }
}

/// Redeploys what was lost, when Swarm does nothing to it any more: the new version has not run yet.
async fn once_more(
    known: &Known<'_>,
    look: &mut Look<'_>,
    guard: &mut SpecGuard,
    (proof, rendered): (&Deployed, &Rendered),
    lost: &Finding,
) -> Result<Coming, Fault> {
    let limit = look.clock.limit(Duration::from_secs(look.plan.limits.converge));
    let before = loop {
        let view = look.observe.stack(&look.plan.stack).await?;
        let back = view.services.iter().all(|service| service.update != Update::RollbackStarted);
        if look.cancel.is_cancelled() {
            return Err(Fault::unanswered(Finding::new(Cause::Cancelled, "the run was ended")));
        }
        if back || limit.is_over() {
            break view;
        }
        look.pulse.next(LOOK).await;
    };
    look.voice.note(Some(look.step), format!("{}; it is redeployed once more", lost.summary));
    let since = Instant::now();
    known.world.doors.operate.redeploy(proof, rendered).await?;
    guard.accept(&look.observe.stack(&look.plan.stack).await?);
    let history = deploying::history(&look.app.head).ignoring_dead(&before);
    Ok(Coming { history, since })
}
