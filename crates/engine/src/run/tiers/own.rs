//! What the recipe brings itself: tests and hooks, in the sandbox, and hooks that may run on the host (RUN-5).

use super::Stage;
use crate::custom::{self, Call, Role};
use crate::run::conductor::StepEnd;
use crate::run::host_hook::{self, HostHook};
use cc_ci_model::ids::StepId;
use cc_ci_model::plan::hook::{HookPlace, HookTime};
use cc_ci_model::plan::step::Action;
use cc_ci_model::tier::Tier;
use std::time::Duration;

impl Stage<'_> {
    /// Runs the tests of a tier whose steps begin with `prefix`, each whatever became of the one before.
    pub(super) async fn own_tests(&mut self, tier: Tier, prefix: &str) {
        let plan = self.plan.clone();
        let steps = plan.tier(tier).map(|planned| planned.steps.as_slice()).unwrap_or_default();
        for step in steps {
            let Action::Test { path } = &step.action else { continue };
            let what = format!("{prefix}{path}");
            if step.id == StepId::new(tier, &what) {
                self.own_test(tier, &what, path).await;
            }
        }
    }

    async fn own_test(&mut self, tier: Tier, what: &str, path: &str) -> StepEnd {
        let (conductor, step, facts) = (self.conductor.clone(), StepId::new(tier, what), self.facts());
        let limit = Duration::from_secs(self.plan.limits.command);
        let work = async {
            let sandbox = self.sandbox.get().await?;
            let call = Call { path, role: Role::Test, tier, limit };
            let outcome = custom::run(sandbox, &facts, call, &self.world.voice, &step).await.outcome;
            Ok(self.mind_dependency(path, outcome).await)
        };
        conductor.step(tier, what, work).await
    }

    /// Runs the hooks of one time, if the plan has any; stops at the first that does not end well.
    pub(super) async fn hooks(&mut self, time: HookTime) -> StepEnd {
        let (plan, tier) = (self.plan.clone(), time.tier());
        let steps = plan.tier(tier).map(|planned| planned.steps.as_slice()).unwrap_or_default();
        let mut done = StepEnd::NotPlanned;
        for step in steps {
            let Action::Hook { path, place, .. } = &step.action else { continue };
            if time_of(path) != Some(time) {
                continue;
            }
            done = match place {
                HookPlace::Host => self.host_hook(tier, path).await,
                HookPlace::Sandbox => self.sandbox_hook(tier, path).await,
            };
            if !done.may_go_on() {
                break;
            }
        }
        done
    }

    async fn sandbox_hook(&mut self, tier: Tier, path: &str) -> StepEnd {
        let (conductor, step, facts) = (self.conductor.clone(), StepId::new(tier, path), self.facts());
        let limit = Duration::from_secs(self.plan.limits.command);
        let work = async {
            let sandbox = self.sandbox.get().await?;
            let call = Call { path, role: Role::Hook, tier, limit };
            Ok(custom::run(sandbox, &facts, call, &self.world.voice, &step).await.outcome)
        };
        conductor.step(tier, path, work).await
    }

    async fn host_hook(&mut self, tier: Tier, path: &str) -> StepEnd {
        let Some((folder, below)) = self.app.hook(path) else { return StepEnd::NotPlanned };
        let (facts, step) = (self.facts(), StepId::new(tier, path));
        let hook = HostHook {
            folder,
            path: below,
            tier,
            limit: Duration::from_secs(self.plan.limits.command),
            engine: &self.world.engine,
            state: &self.world.folder.join(crate::run::HOOK_STATE),
        };
        let work = host_hook::run(&hook, &facts, &self.world.voice, &step, self.conductor.cancel());
        self.conductor.step(tier, path, work).await
    }
}

/// The time of a hook by its file's name.
pub(in crate::run) fn time_of(path: &str) -> Option<HookTime> {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    HookTime::parse(name.split_once('.').map_or(name, |(stem, _)| stem))
}
