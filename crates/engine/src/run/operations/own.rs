//! What the recipe brings itself: tests and hooks, in the sandbox, and hooks that may run on the host (RUN-5).

use crate::custom::{self, Call, Role};
use crate::run::conductor::{Answer, Fault, StepEnd};
use crate::run::host_hook::{self, HostHook};
use crate::run::tiers::Run;
use crate::run::tools::{Supplies, Tools};
use crate::swarm::SwarmError;
use cc_ci_model::plan::hook::HookPlace;
use cc_ci_model::plan::origin::Origin;
use cc_ci_model::plan::step::Step;
use cc_ci_model::tier::Tier;
use std::time::Duration;

use super::dependency;

impl Run<'_> {
    /// Runs one of the tests. What it finds is not the recipe's fault when a dependency it needs gave out meanwhile.
    pub(in crate::run) async fn test(&mut self, tier: Tier, step: &Step, path: &str) -> StepEnd {
        let authorities = self.own_authorities();
        let Self { known, trees, tools, dependencies, .. } = self;
        let facts = Supplies::new(known, trees, &authorities).facts();
        let limit = Duration::from_secs(known.plan.limits.command);
        let Tools { sandboxes, route, .. } = tools;
        let work = async {
            let sandbox = sandboxes.of_mut(Origin::of(path)).get().await?;
            let call = Call { path, role: Role::Test, tier, limit };
            let outcome = custom::run(sandbox, &facts, call, &known.world.voice, &step.id).await.outcome;
            Ok(Answer::<()>::from(dependency::mind(&known.plan, dependencies, route.as_ref(), path, outcome).await))
        };
        known.conductor.step(step, work).await.end
    }

    /// Runs a hook, and notes what it did to the stack.
    pub(in crate::run) async fn hook(
        &mut self,
        tier: Tier,
        step: &Step,
        path: &str,
        place: HookPlace,
    ) -> Result<StepEnd, SwarmError> {
        let end = match place {
            HookPlace::Host => self.host_hook(tier, step, path).await,
            HookPlace::Sandbox => self.sandbox_hook(tier, step, path).await,
        };
        self.compare_specs().await?;
        Ok(end)
    }

    async fn sandbox_hook(&mut self, tier: Tier, step: &Step, path: &str) -> StepEnd {
        let authorities = self.own_authorities();
        let Self { known, trees, tools, .. } = self;
        let supplies = Supplies::new(known, trees, &authorities);
        let origin = Origin::of(path);
        tools.start_sandbox_early(&supplies, origin);
        let (facts, limit) = (supplies.facts(), Duration::from_secs(known.plan.limits.command));
        let work = async {
            let sandbox = tools.sandboxes.of_mut(origin).get().await?;
            let call = Call { path, role: Role::Hook, tier, limit };
            let outcome = custom::run(sandbox, &facts, call, &known.world.voice, &step.id).await.outcome;
            Ok(Answer::<()>::from(outcome))
        };
        known.conductor.step(step, work).await.end
    }

    async fn host_hook(&mut self, tier: Tier, step: &Step, path: &str) -> StepEnd {
        let authorities = self.own_authorities();
        let Self { known, trees, .. } = self;
        let facts = Supplies::new(known, trees, &authorities).facts();
        let work = async {
            let found = trees.app.hook(path).ok_or_else(|| Fault::harness(format!("no folder holds {path}")));
            let (folder, below) = found?;
            let hook = HostHook {
                folder,
                path: below,
                tier,
                limit: Duration::from_secs(known.plan.limits.command),
                engine: &known.world.engine,
                state: &known.world.folder.join(crate::run::HOOK_STATE),
            };
            let ended = host_hook::run(&hook, &facts, &known.world.voice, &step.id, known.conductor.cancel()).await;
            ended.map(Answer::<()>::from)
        };
        known.conductor.step(step, work).await.end
    }
}
