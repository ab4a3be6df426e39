//! What the recipe brings itself: tests, in the sandbox, and hooks, on the host when they are trusted (RUN-5).

use super::Stage;
use crate::custom::{self, Call, Role};
use crate::run::conductor::Done;
use crate::run::host_hook::{self, HostHook};
use cc_ci_model::ids::StepId;
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

    async fn own_test(&mut self, tier: Tier, what: &str, path: &str) -> Done {
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

    /// Runs the hook that precedes the operation of `tier`, if the plan has one.
    pub(super) async fn hook(&mut self, tier: Tier) -> Done {
        let plan = self.plan.clone();
        let steps = plan.tier(tier).map(|planned| planned.steps.as_slice()).unwrap_or_default();
        let found = steps.iter().find_map(|step| match &step.action {
            Action::Hook { path } => Some(path),
            Action::Operate(_)
            | Action::Check(_)
            | Action::Probe { .. }
            | Action::Verify { .. }
            | Action::Dependency { .. }
            | Action::Test { .. } => None,
        });
        let Some(path) = found else { return Done::NotPlanned };
        let Some((folder, below)) = self.app.hook(path) else { return Done::NotPlanned };
        let (facts, step) = (self.facts(), StepId::new(tier, path));
        let hook = HostHook {
            folder,
            path: below,
            tier,
            limit: Duration::from_secs(self.plan.limits.command),
            state: &self.world.folder.join(crate::run::HOOK_STATE),
        };
        let work = host_hook::run(&hook, &facts, &self.world.voice, &step, self.conductor.cancel());
        self.conductor.step(tier, path, work).await
    }
}
