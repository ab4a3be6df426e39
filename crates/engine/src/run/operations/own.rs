//! What the recipe brings itself: tests and hooks, in the sandbox, and hooks that may run on the host (RUN-5).

use crate::custom::{self, Call, Role};
use crate::run::conductor::{Answer, Fault, StepEnd};
use crate::run::host_hook::{self, HostHook};
use crate::run::tiers::Run;
use crate::run::tools::{Supplies, Tools};
use crate::run::traces::{self, Traces};
use crate::swarm::SwarmError;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::hook::HookPlace;
use cc_ci_model::plan::origin::Origin;
use cc_ci_model::plan::step::Step;
use cc_ci_model::tier::Tier;
use std::time::Duration;

use super::dependency;

/// How long an order that the engine got from a process just before its end may take to be carried out.
const IN_THE_MAKING: Duration = Duration::from_millis(300);

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
            let call = Call { path, role: Role::Test, tier, limit, secrets: known.plan.kind.secrets() };
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
        match place {
            HookPlace::Host => self.host_hook(tier, step, path).await,
            HookPlace::Sandbox => {
                let end = self.sandbox_hook(tier, step, path).await;
                self.compare_specs().await?;
                Ok(end)
            }
        }
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
            let call = Call { path, role: Role::Hook, tier, limit, secrets: known.plan.kind.secrets() };
            let outcome = custom::run(sandbox, &facts, call, &known.world.voice, &step.id).await.outcome;
            Ok(Answer::<()>::from(outcome))
        };
        known.conductor.step(step, work).await.end
    }

    async fn host_hook(&mut self, tier: Tier, step: &Step, path: &str) -> Result<StepEnd, SwarmError> {
        // What changed before is not the hook's doing.
        self.compare_specs().await?;
        let authorities = self.own_authorities();
        let Self { known, trees, stack, .. } = self;
        let facts = Supplies::new(known, trees, &authorities).facts();
        let before = traces::before(known).await?;
        let mut looked = Looked::Not;
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
                secrets: known.plan.kind.secrets(),
            };
            let ended = host_hook::run(&hook, &facts, &known.world.voice, &step.id, known.conductor.cancel()).await?;
            for process in &ended.left_running.ended {
                known.world.voice.note(Some(&step.id), format!("{path} left {process} running; it was ended with it"));
            }
            if !ended.left_running.ended.is_empty() {
                // What they asked the engine for last may only be in the making.
                tokio::time::sleep(IN_THE_MAKING).await;
            }
            let words = format!("{}\n{}", hook.text(), ended.said);
            let mut traces = traces::after(&before, known, stack, &words).await?;
            looked = Looked::Already;
            traces.wrong.extend(ended.left_running.survived.iter().map(|one| format!("{one} cannot be ended")));
            Ok(Answer::<()>::from(with_traces(path, ended.outcome, traces)))
        };
        let end = known.conductor.step(step, work).await.end;
        match looked {
            Looked::Already => {}
            // The run was ended meanwhile: what the hook had made by then is removed all the same.
            Looked::Not => drop(traces::after(&before, known, stack, "").await?),
        }
        Ok(end)
    }
}

/// Whether the engine was looked at after a hook.
enum Looked {
    Not,
    Already,
}

/// How a hook ended, given what it did on the engine.
fn with_traces(path: &str, outcome: Outcome, traces: Traces) -> Outcome {
    let Traces { wrong, hints } = traces;
    if wrong.is_empty() {
        return outcome;
    }
    match outcome {
        Outcome::Failed(finding) => {
            let details = finding.details.iter().cloned().chain(wrong).chain(hints).collect();
            Outcome::Failed(finding.with_details(details))
        }
        Outcome::Passed { .. } | Outcome::Skipped { .. } | Outcome::Unverified(_) => {
            let summary = format!("{path} did more than prepare a tier: {}", wrong.join("; "));
            Outcome::Failed(Finding::new(Cause::HookStrayed, summary).with_details(hints))
        }
    }
}
