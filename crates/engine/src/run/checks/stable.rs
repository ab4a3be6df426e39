//! Nothing dies after convergence that the run does not end itself (SWARM-3, WATCH-1), while the run goes on.
//!
//! The step `stable` is not performed in its place. The watch begins when a tier has converged, and is read by the redeploy, by
//! the restore onto empty volumes, by the restart, or after the last tier.

use super::Look;
use super::converged::{self, Converged};
use crate::run::conductor::{Answer, Fault};
use crate::run::deploying;
use crate::run::parts::{AppStack, Coming, Known};
use crate::run::watch::{Beginning, Watch, WatchEnd};
use cc_ci_model::convergence::{Goal, StackView};
use cc_ci_model::event::Event;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::{Action, Check, Pass, Step};
use cc_ci_model::tier::Tier;
use cc_ci_model::watch::UnorderedEnd;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How much longer an app has to live than it did before it died of a restore, or of itself.
const MARGIN: Duration = Duration::from_secs(3);

/// How long that may take at most.
const LONGEST_DOUBT: Duration = Duration::from_secs(40);

/// The step `stable` of a tier; a plan need not have one.
pub(in crate::run) fn step_of(plan: &Plan, tier: Tier) -> Option<&Step> {
    find(plan, tier, Pass::Only)
}

fn find(plan: &Plan, tier: Tier, pass: Pass) -> Option<&Step> {
    let mut steps = plan.tier(tier)?.steps.iter();
    steps.find(|step| step.action == Action::Check(Check::Stable) && step.pass == pass)
}

/// Begins to watch what just converged in a tier.
pub(in crate::run) fn open(
    stack: &mut AppStack,
    plan: &Plan,
    (tier, pass): (Tier, Pass),
    goals: BTreeMap<String, Goal>,
    converged: &Converged,
) {
    let whole = Duration::from_secs(plan.limits.stable);
    let (step, window) = match (pass, tier) {
        // Nothing waits for a window here: what ends in the rest of the run is found, what would end later is not.
        (Pass::Restarted, _) => (find(plan, tier, pass).cloned(), Duration::ZERO),
        // A restore takes the database away for a moment, and an app may die of it a little later: an own last look judges that.
        (_, Tier::Restore) => (None, whole),
        (_, Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Custom) => (step_of(plan, tier).cloned(), whole),
    };
    let beginning = Beginning {
        view: &converged.view,
        goals,
        before: stack.before.as_ref(),
        since: converged.running_since,
        window,
    };
    let mut watch = Watch::begin(beginning, step);
    match (pass, tier) {
        // It was alive for long enough before.
        (Pass::Restarted, _) => {}
        (_, Tier::Restore) => watch.turn(step_of(plan, tier).cloned()),
        (_, Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Custom) if is_heads(plan, tier) => {
            watch.alive_since_it_ran(Duration::from_secs(plan.limits.alive));
        }
        (_, Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Custom) => {}
    }
    stack.watch = Some(watch);
}

/// Notes that what is watched has served: from now on it has to stay alive for a while, if it is head.
pub(in crate::run) fn served(stack: &mut AppStack, plan: &Plan, (tier, pass): (Tier, Pass)) {
    if let Some(watch) = &mut stack.watch
        && is_heads(plan, tier)
        && pass != Pass::Restarted
    {
        watch.alive_for(Duration::from_secs(plan.limits.alive));
    }
}

/// Whether head comes up in this tier, for the first time.
fn is_heads(plan: &Plan, tier: Tier) -> bool {
    let upgraded = plan.tier(Tier::Upgrade).is_some_and(|planned| planned.disposition.runs());
    match tier {
        Tier::Install => !upgraded,
        Tier::Upgrade => true,
        Tier::Backup | Tier::Restore | Tier::Custom => false,
    }
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

/// Waits until the app has been alive for as long as it has to be. There is nothing to wait for once anything was found.
pub(in crate::run) async fn stay_alive(stack: &mut AppStack, known: &Known<'_>) {
    let Some(watch) = &stack.watch else { return };
    let observe = known.world.doors.observe.as_ref();
    let mut told = false;
    while Instant::now() < watch.alive_until() && known.conductor.all_well() && !known.conductor.cancel().is_cancelled()
    {
        let left = watch.alive_until().duration_since(Instant::now());
        if let (Some(step), false) = (watch.whose(), told) {
            let (on, limit) = ("the app goes on living".to_owned(), left.as_secs());
            known.world.voice.say(Event::Waiting { step: step.id, on, limit });
            told = true;
        }
        stack.pulse.next(left).await;
        // An engine that does not answer is reported when the watch is read.
        let Ok(so_far) = watch.end(observe, &known.plan.stack, &mut stack.pulse).await else { return };
        if so_far.steps.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_))) {
            return;
        }
    }
}

/// Waits for the end of the stability window and reports the watch.
pub(in crate::run) async fn settle(stack: &mut AppStack, known: &Known<'_>) {
    stay_alive(stack, known).await;
    if let Some(watch) = &stack.watch {
        tokio::select! {
            () = tokio::time::sleep_until(watch.until()) => {}
            () = known.conductor.cancel().cancelled() => {}
        }
    }
    cut(stack, known).await;
}

/// What ended while the volumes were restored may have died of that, or of itself: the app has to live longer than it did then.
pub(in crate::run) fn doubt(stack: &mut AppStack) {
    let lives = stack.forgiven.iter().filter_map(|ending| ending.lived);
    if let (Some(longest), Some(watch)) = (lives.max(), &mut stack.watch) {
        watch.alive_since_it_ran((longest + MARGIN).min(LONGEST_DOUBT));
    }
}

/// Ends the watch at once, because the run itself is about to replace what it watches.
pub(in crate::run) async fn cut(stack: &mut AppStack, known: &Known<'_>) {
    let Some(watch) = stack.watch.take() else { return };
    let WatchEnd { steps, forgiven } =
        match watch.end(known.world.doors.observe.as_ref(), &known.plan.stack, &mut stack.pulse).await {
            Ok(ends) => ends,
            Err(error) => {
                let finding = error.finding();
                let unknown = |step: &Step| (step.clone(), Outcome::Unverified(finding.clone()));
                WatchEnd { steps: watch.steps().into_iter().map(unknown).collect(), forgiven: Vec::new() }
            }
        };
    stack.forgiven.extend(forgiven);
    for (step, outcome) in steps {
        // The restored app has a last look of its own.
        if step_of(&known.plan, Tier::Restore) == Some(&step) {
            stack.restored_watch = Some(outcome);
        } else {
            known.conductor.report(&step, outcome);
        }
    }
}

/// After everything else the app that was `restored` onto empty volumes has to be up. What ended during the restore is told, since
/// the database is away for a moment; what ended by itself after that fails, and so does a crash loop.
pub(in crate::run) async fn still_up(
    look: &mut Look<'_>,
    restored: &StackView,
    watched: Option<Outcome>,
    forgiven: &[UnorderedEnd],
) -> Result<Answer<()>, Fault> {
    if let Some(outcome @ (Outcome::Failed(_) | Outcome::Unverified(_))) = watched {
        return Ok(outcome.into());
    }
    let history = deploying::history(&look.app.head).ignoring_dead(restored);
    let coming = Coming { history, since: Instant::now() };
    if let Err(finding) = converged::wait(look, coming).await? {
        return Ok(Answer::failed(finding));
    }
    let told = forgiven.iter().map(|ending| format!("{} while the run changed the app, and came back", ending.words()));
    let alive = watched.and_then(|outcome| Answer::from(outcome).seen());
    let notes: Vec<String> = alive.into_iter().filter(|note| !note.is_empty()).chain(told).collect();
    Ok(Outcome::Passed { note: (!notes.is_empty()).then(|| notes.join("; ")) }.into())
}
