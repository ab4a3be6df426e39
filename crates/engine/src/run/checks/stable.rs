//! Nothing dies for a while after convergence, while the run goes on (SWARM-3).
//!
//! The step `stable` is not performed in its place. Its window opens when its tier has converged and is settled by the
//! redeploy, by the restore onto empty volumes, or after the last tier.

use super::Look;
use super::converged::{self, Converged};
use crate::converge::Stability;
use crate::run::app::Deployable;
use crate::run::conductor::{Answer, Conductor, Fault, failed_if};
use crate::run::deploying;
use crate::run::parts::{AppStack, Coming};
use crate::swarm::Observe;
use cc_ci_model::convergence::StackView;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::{Action, Check, Step};
use cc_ci_model::tier::Tier;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The step `stable` of a tier; a plan need not have one.
pub(in crate::run) fn step_of(plan: &Plan, tier: Tier) -> Option<&Step> {
    plan.tier(tier)?.steps.iter().find(|step| step.action == Action::Check(Check::Stable))
}

/// Opens the window of a tier that just converged on `tree`.
pub(in crate::run) fn open(
    stack: &mut AppStack,
    plan: &Plan,
    tier: Tier,
    tree: &Deployable,
    observe: Arc<dyn Observe>,
    converged: &Converged,
) {
    let Some(step) = step_of(plan, tier) else { return };
    let until = converged.running_since + Duration::from_secs(plan.limits.stable);
    let goals = deploying::goals(tree);
    let stability = Stability::watch(observe, &plan.stack, &converged.view, &goals, until);
    stack.window = Some((step.clone(), stability));
}

/// Waits for the end of the open window and reports it.
pub(in crate::run) async fn settle(stack: &mut AppStack, conductor: &Conductor) {
    let Some((step, stability)) = stack.window.take() else { return };
    let ended = match conductor.cancel().is_cancelled() {
        true => stability.end_now().await,
        false => stability.end().await,
    };
    report(conductor, &step, ended);
}

/// Ends the open window at once, because the run itself is about to replace what it watches.
pub(in crate::run) async fn cut(stack: &mut AppStack, conductor: &Conductor) {
    let Some((step, stability)) = stack.window.take() else { return };
    report(conductor, &step, stability.end_now().await);
}

fn report(conductor: &Conductor, step: &Step, ended: Result<Option<Finding>, tokio::task::JoinError>) {
    let outcome = match ended {
        Ok(finding) => failed_if(finding),
        Err(error) => Outcome::Unverified(Finding::new(Cause::Harness, error.to_string())),
    };
    conductor.report(step, outcome);
}

/// After everything else the app that was `restored` onto empty volumes has to be up. One crash during the restore is allowed,
/// since the database is away for a moment. A crash loop fails.
pub(in crate::run) async fn still_up(look: &mut Look<'_>, restored: &StackView) -> Result<Answer<()>, Fault> {
    let history = deploying::history(&look.app.head).ignoring_dead(restored);
    let coming = Coming { history, since: Instant::now() };
    Ok(failed_if(converged::wait(look, coming).await?.err()).into())
}
