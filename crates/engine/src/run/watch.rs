//! The watch over a stack that converged, until the run itself replaces or stops it (WATCH-1).
//!
//! It is cut into stretches. Each belongs to the step `stable` of the tier in which it lies, or to none while the run does
//! something that may end a service. What ended is read once, at the end, from the deaths that the pulse heard of and one
//! snapshot; what that means is decided in [`cc_ci_model::watch`].

use crate::pulse::{Death, Pulse};
use crate::swarm::{Observe, SwarmError};
use cc_ci_model::convergence::{Goal, StackView};
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::{Finding, Outcome};
use cc_ci_model::plan::step::Step;
use cc_ci_model::watch::{HeardDeath, UnorderedEnd, Watched};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// What is watched, and for whom.
pub(in crate::run) struct Watch {
    watched: Watched,
    /// The zero of its clock.
    zero: Instant,
    /// The end of the stability window: what happens in it belongs to the tier that opened it.
    until: Instant,
    /// Until when the app has to stay alive before anybody else may end it.
    alive: Instant,
    stretches: Vec<Stretch>,
    /// Since when a hook on the host, which failed, answers for what ends.
    answered: Option<Instant>,
}

/// What a watch saw.
pub(in crate::run) struct WatchEnd {
    pub(in crate::run) steps: Vec<(Step, Outcome)>,
    /// What ended while the run did something that may end it.
    pub(in crate::run) forgiven: Vec<UnorderedEnd>,
}

struct Stretch {
    from: Instant,
    step: Option<Step>,
}

/// What a watch starts from.
pub(in crate::run) struct Beginning<'a> {
    /// The stack when it had converged.
    pub(in crate::run) view: &'a StackView,
    /// What each service should come to.
    pub(in crate::run) goals: BTreeMap<String, Goal>,
    /// The stack before a redeploy.
    pub(in crate::run) before: Option<&'a StackView>,
    /// Since when the intended tasks have run.
    pub(in crate::run) since: Instant,
    /// How long the stability window is.
    pub(in crate::run) window: Duration,
}

impl Watch {
    /// Begins to watch, for `step`; for none as long as what ends then is the doing of the run.
    pub(in crate::run) fn begin(beginning: Beginning<'_>, step: Option<Step>) -> Self {
        let Beginning { view, goals, before, since, window } = beginning;
        let watched = Watched::of(view, goals, before, Duration::ZERO);
        Self {
            watched,
            zero: since,
            until: since + window,
            alive: since,
            stretches: vec![Stretch { from: since, step }],
            answered: None,
        }
    }

    /// From now on, but not before the end of the window, what ends is a finding of `step`, or of none.
    pub(in crate::run) fn turn(&mut self, step: Option<Step>) {
        self.stretches.push(Stretch { from: self.until.max(Instant::now()), step });
    }

    /// What ended since `from` is the doing of a hook on the host that failed: its own step answers for it, also in the window.
    pub(in crate::run) fn answered_since(&mut self, from: Instant) {
        self.answered.get_or_insert(from);
    }

    /// The app has to stay alive for so long from now on.
    pub(in crate::run) fn alive_for(&mut self, time: Duration) {
        self.alive = Instant::now() + time;
    }

    /// The app has to stay alive for so long, counted from when it ran.
    pub(in crate::run) fn alive_since_it_ran(&mut self, time: Duration) {
        self.alive = self.zero + time;
    }

    /// Until when it has to.
    pub(in crate::run) fn alive_until(&self) -> Instant {
        self.alive
    }

    /// Whose finding it would be now.
    pub(in crate::run) fn whose(&self) -> Option<Step> {
        self.stretches.last().and_then(|stretch| stretch.step.clone())
    }

    /// When it may be read at the earliest: not before the window ends in which something would be found.
    pub(in crate::run) fn until(&self) -> Instant {
        let someones = self.stretches.first().is_some_and(|stretch| stretch.step.is_some());
        if someones { self.until } else { self.zero }
    }

    /// The steps that it answers, in their order.
    pub(in crate::run) fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> = Vec::new();
        for step in self.stretches.iter().filter_map(|stretch| stretch.step.as_ref()) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        steps
    }

    /// Looks: how the step of each stretch ended so far, in their order, and what ended in a stretch of nobody.
    pub(in crate::run) async fn end(
        &self,
        observe: &dyn Observe,
        stack: &StackName,
        pulse: &mut Pulse,
    ) -> Result<WatchEnd, SwarmError> {
        let now = Instant::now();
        let view = observe.stack(stack).await?;
        let heard: Vec<HeardDeath> = pulse.deaths_told().await.into_iter().map(|death| self.heard(death)).collect();
        let endings = self.watched.endings(&view, &heard, now.duration_since(self.zero));
        let note = self.watched.note(&view, now.duration_since(self.zero));
        let outcome = |step: &Step| match self.found_for(step, &endings) {
            Some(finding) => Outcome::Failed(finding),
            None => Outcome::Passed { note: Some(note.clone()) },
        };
        let steps = self.steps().into_iter().map(|step| (step.clone(), outcome(step))).collect();
        let forgiven = endings.iter().filter(|ending| self.step_at(ending.at).is_none()).cloned().collect();
        Ok(WatchEnd { steps, forgiven })
    }

    fn found_for(&self, step: &Step, endings: &[UnorderedEnd]) -> Option<Finding> {
        let its = endings.iter().filter(|ending| self.step_at(ending.at) == Some(step));
        self.watched.finding(&its.cloned().collect::<Vec<_>>())
    }

    /// Whose stretch a moment lies in. What had ended before the watch began belongs to whom it began for.
    fn step_at(&self, at: Option<Duration>) -> Option<&Step> {
        // A service that is gone does not say since when.
        let answered = |from: Instant| at.is_none_or(|at| from <= self.zero + at);
        if self.answered.is_some_and(answered) {
            return None;
        }
        let at = self.zero + at.unwrap_or_default();
        self.stretches.iter().rfind(|stretch| stretch.from <= at).and_then(|stretch| stretch.step.as_ref())
    }

    fn heard(&self, death: Death) -> HeardDeath {
        let Death { service, task, exit_code, oom, health, log, at, lived, container: _, told: _ } = death;
        HeardDeath {
            service,
            task,
            exit_code,
            oom,
            unhealthy: health.is_some(),
            at: at.checked_duration_since(self.zero),
            lived,
            log,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::plan::step::{Action, Check, Pass};
    use cc_ci_model::tier::Tier;

    fn stable(tier: Tier) -> Step {
        Step::new(tier, Pass::Only, Action::Check(Check::Stable))
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_belongs_to_the_tier_it_lies_in_and_the_window_to_the_one_that_opened_it() {
        let view = StackView::default();
        let (since, window) = (Instant::now(), Duration::from_secs(5));
        let beginning = Beginning { view: &view, goals: BTreeMap::new(), before: None, since, window };
        let mut watch = Watch::begin(beginning, Some(stable(Tier::Upgrade)));
        tokio::time::advance(Duration::from_secs(2)).await;
        watch.turn(Some(stable(Tier::Backup)));
        tokio::time::advance(Duration::from_secs(8)).await;
        watch.turn(None);
        let tier = |seconds| watch.step_at(Some(Duration::from_secs(seconds))).map(|step| step.id.to_string());
        let at = |seconds| tier(seconds).unwrap_or_default();
        assert_eq!([at(0), at(4), at(6), at(11)], ["upgrade/stable", "upgrade/stable", "backup/stable", ""]);
        assert_eq!(watch.step_at(None), Some(&stable(Tier::Upgrade)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hook_on_the_host_that_failed_answers_for_what_ends_since_it_began() {
        let view = StackView::default();
        let (since, window) = (Instant::now(), Duration::from_secs(5));
        let beginning = Beginning { view: &view, goals: BTreeMap::new(), before: None, since, window };
        let mut watch = Watch::begin(beginning, Some(stable(Tier::Install)));
        let someones = |watch: &Watch, at: Option<u64>| watch.step_at(at.map(Duration::from_secs)).is_some();
        assert!([Some(0), Some(3), Some(60), None].into_iter().all(|at| someones(&watch, at)));
        watch.answered_since(since + Duration::from_secs(3));
        assert_eq!([Some(2), Some(3), Some(60), None].map(|at| someones(&watch, at)), [true, false, false, false]);
        // A second one does not hide what ended between the two.
        watch.answered_since(since + Duration::from_secs(9));
        assert!(!someones(&watch, Some(3)));
    }
}
