//! Nothing dies after convergence that the run does not end itself (SWARM-3, WATCH-1), while the run goes on.
//!
//! The step `stable` is not performed in its place. The watch begins when a tier has converged, and is read by the redeploy, by
//! the restore onto empty volumes, or after the last tier.

use super::Look;
use super::converged::{self, Converged};
use crate::run::conductor::{Answer, Fault, failed_if};
use crate::run::deploying;
use crate::run::parts::{AppStack, Coming, Known};
use crate::run::watch::{Beginning, Watch};
use cc_ci_model::convergence::{Goal, StackView};
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::{Action, Check, Step};
use cc_ci_model::tier::Tier;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// The step `stable` of a tier; a plan need not have one.
pub(in crate::run) fn step_of(plan: &Plan, tier: Tier) -> Option<&Step> {
    plan.tier(tier)?.steps.iter().find(|step| step.action == Action::Check(Check::Stable))
}

/// Begins to watch what just converged in a tier.
pub(in crate::run) fn open(
    stack: &mut AppStack,
    plan: &Plan,
    tier: Tier,
    goals: BTreeMap<String, Goal>,
    converged: &Converged,
) {
    // A restore takes the database away for a moment, and an app may die of it a little later: an own last look judges that.
    let step = match tier {
        Tier::Restore => None,
        Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Custom => step_of(plan, tier).cloned(),
    };
    let beginning = Beginning {
        view: &converged.view,
        goals,
        before: stack.before.as_ref(),
        since: converged.running_since,
        window: Duration::from_secs(plan.limits.stable),
    };
    stack.watch = Some(Watch::begin(beginning, step));
}

/// What ends from now on is a finding of `tier`, if that is watched; while volumes are restored nothing is.
pub(in crate::run) fn enter(stack: &mut AppStack, plan: &Plan, tier: Tier) {
    let Some(watch) = &mut stack.watch else { return };
    match tier {
        // Their own watch begins when they converge.
        Tier::Install | Tier::Upgrade => {}
        Tier::Backup | Tier::Custom => {
            if let Some(step) = step_of(plan, tier) {
                watch.turn(Some(step.clone()));
            }
        }
        Tier::Restore => watch.turn(None),
    }
}

/// Waits for the end of the stability window and reports the watch.
pub(in crate::run) async fn settle(stack: &mut AppStack, known: &Known<'_>) {
    if let Some(watch) = &stack.watch {
        tokio::select! {
            () = tokio::time::sleep_until(watch.until()) => {}
            () = known.conductor.cancel().cancelled() => {}
        }
    }
    cut(stack, known).await;
}

/// Ends the watch at once, because the run itself is about to replace what it watches.
pub(in crate::run) async fn cut(stack: &mut AppStack, known: &Known<'_>) {
    let Some(watch) = stack.watch.take() else { return };
    let ends = match watch.end(known.world.doors.observe.as_ref(), &known.plan.stack, &mut stack.pulse).await {
        Ok(ends) => ends,
        Err(error) => {
            let finding = error.finding();
            watch.steps().into_iter().map(|step| (step.clone(), Outcome::Unverified(finding.clone()))).collect()
        }
    };
    for (step, outcome) in ends {
        known.conductor.report(&step, outcome);
    }
}

/// After everything else the app that was `restored` onto empty volumes has to be up. One crash during the restore is allowed,
/// since the database is away for a moment. A crash loop fails.
pub(in crate::run) async fn still_up(look: &mut Look<'_>, restored: &StackView) -> Result<Answer<()>, Fault> {
    let history = deploying::history(&look.app.head).ignoring_dead(restored);
    let coming = Coming { history, since: Instant::now() };
    Ok(failed_if(converged::wait(look, coming).await?.err()).into())
}
