//! The tiers in order, on the one deployment: performs the plan's list of steps as it stands (see `docs/design/steps.md`).

use super::after::After;
use super::app::App;
use super::checks::{
    Look, backup, connects, data, front, housed, listening, moved, ready, routed, serving, stable, volumes,
};
use super::conductor::{Conductor, StepEnd, Stepped};
use super::images::Images;
use super::measuring::{self, Looking};
use super::parts::{AppStack, Data, HookSpan, Known, LiveDependency, Trees};
use super::proofreading;
use super::tools::Tools;
use super::watch::Watch;
use super::world::World;
use crate::pulse::Pulse;
use crate::run::checks::serving::Patience;
use crate::screenshot::Exposure;
use crate::swarm::SwarmError;
use crate::witness::Sight;
use cc_ci_model::convergence::StackView;
use cc_ci_model::data::restored::Way;
use cc_ci_model::event::Event;
use cc_ci_model::ids::StackName;
use cc_ci_model::plan::dependency::{Mode, Outputs};
use cc_ci_model::plan::hook::HookPlace;
use cc_ci_model::plan::permit::Permits;
use cc_ci_model::plan::reach::Reach;
use cc_ci_model::plan::step::{Action, Check, Operation, Pass, Step};
use cc_ci_model::plan::{Plan, PlannedTier};
use cc_ci_model::tier::Tier;
use cc_ci_model::usage::Moment;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A run while its app is up: what it knows, and the parts that steps change.
pub(in crate::run) struct Run<'a> {
    pub(in crate::run) known: Known<'a>,
    pub(in crate::run) trees: Trees,
    pub(in crate::run) permits: Permits,
    pub(in crate::run) stack: AppStack,
    pub(in crate::run) dependencies: Vec<LiveDependency>,
    pub(in crate::run) tools: Tools,
    pub(in crate::run) data: Data,
    pub(in crate::run) exposure: &'a mut Exposure,
    reach: Reach,
}

/// Runs every planned tier.
pub(super) async fn perform(
    plan: &Arc<Plan>,
    permits: Permits,
    app: App,
    world: &World,
    sight: Sight,
    exposure: &mut Exposure,
) -> Result<Accounts, SwarmError> {
    let cold = plan.dependencies.iter().zip(&app.providers).filter(|(one, _)| one.mode == Mode::Cold);
    let trees = cold.map(|(_, provider)| &provider.tree).chain(&app.base).chain([&app.head]);
    let trees: Vec<_> = trees.collect();
    let (images, (mut broken, leaving)) =
        tokio::join!(Images::resolve(world, &trees), proofreading::read(plan, &app, world));
    let follow = |stack: &StackName| Pulse::start(world.observe(), stack, world.cancel.token());
    let conductor = Conductor::new(&world.voice, world.cancel.token());
    let mut run = Run {
        known: Known { plan: Arc::clone(plan), world, images, conductor, sight },
        trees: Trees { app, outputs: Outputs::default() },
        permits,
        stack: AppStack::new(follow(&plan.stack)),
        dependencies: plan.dependencies.iter().map(|one| LiveDependency::follow(follow(&one.stack))).collect(),
        tools: Tools::new(plan, world),
        data: Data::default(),
        exposure,
        reach: Reach::default(),
    };
    broken.extend(proofreading::without_route(plan, &run.trees.app));
    proofreading::report(broken, &run.known.conductor, world, &mut run.reach);
    let performed = run.all_tiers().await;
    stable::doubt(&mut run.stack);
    stable::settle(&mut run.stack, &run.known).await;
    run.still_up().await;
    run.show_last_lines().await;
    tokio::join!(run.tools.settle(), leaving.settle(), run.stack.measuring.settle());
    let compared = run.compare_specs().await;
    run.keep_logs().await;
    let followers = run.dependencies.iter().map(|one| one.pulse.finish());
    tokio::join!(run.stack.pulse.finish(), join_all(followers));
    performed.and(compared)?;
    Ok(Accounts { unexplained: run.stack.guard.unexplained().to_vec(), hooks: run.stack.hooks })
}

/// What a run has to answer for besides its steps.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// Changes to the stack that no operation made.
    pub(super) unexplained: Vec<String>,
    /// When hooks ran on the host.
    pub(super) hooks: Vec<HookSpan>,
}

impl<'a> Run<'a> {
    /// The conductor with what else is known, and what a check may look at.
    fn look<'l>(&'l mut self, step: &'l Step) -> (&'l Known<'a>, Look<'l>) {
        let (known, look, _) = self.look_at_data(step);
        (known, look)
    }

    /// The same, with what earlier steps found in the app's data.
    fn look_at_data<'l>(&'l mut self, step: &'l Step) -> (&'l Known<'a>, Look<'l>, &'l Data) {
        let Self { known, trees, stack, tools, data, .. } = self;
        (known, Look::of(known, &trees.app, &mut stack.pulse, tools, &step.id), data)
    }

    async fn all_tiers(&mut self) -> Result<(), SwarmError> {
        let plan = Arc::clone(&self.known.plan);
        for planned in plan.tiers.iter().filter(|planned| planned.disposition.runs()) {
            if self.reach.tier(planned.tier) && !self.known.conductor.cancel().is_cancelled() {
                self.known.world.voice.say(Event::TierStarted { tier: planned.tier });
                if planned.tier == Tier::Restore {
                    // What the restore does to the app may end it; until then nothing may.
                    stable::stay_alive(&mut self.stack, &self.known).await;
                }
                stable::enter(&mut self.stack, &plan, planned.tier);
                if planned.tier == Tier::Upgrade {
                    self.measure(Moment::Base).await;
                }
                self.tier(planned).await?;
                if planned.tier == Tier::Upgrade && self.known.conductor.all_well() {
                    self.measure(Moment::Head).await;
                }
                self.known.world.voice.say(Event::TierEnded { tier: planned.tier });
            }
        }
        Ok(())
    }

    /// Begins to look at what services use: of base, or of head after the upgrade, if there are both.
    async fn measure(&mut self, moment: Moment) {
        let Self { known, trees, stack, .. } = self;
        let Some(base) = &trees.app.base else { return };
        let head = &trees.app.head;
        let (tree, since) = match moment {
            Moment::Base => (base, None),
            Moment::Head | Moment::HeadAfresh => (head, stack.redeployed),
        };
        let looking = Looking { moment, tree, first: measuring::differing(base, head), since };
        stack.measuring.begin(known.world, &known.images, &known.plan.stack, looking).await;
    }

    /// Performs the steps of a tier in their order, those that are reached.
    async fn tier(&mut self, planned: &PlannedTier) -> Result<(), SwarmError> {
        for step in &planned.steps {
            if self.reach.step(planned.tier, step) && self.perform(planned.tier, step).await? != Some(StepEnd::Passed) {
                self.reach.not_passed(planned.tier, step);
            }
            self.show_last_lines().await;
        }
        Ok(())
    }

    /// Performs one step. `None`: not in its place, or not at all, because what it builds on is not there.
    async fn perform(&mut self, tier: Tier, step: &Step) -> Result<Option<StepEnd>, SwarmError> {
        match &step.action {
            Action::Operate(operation) => self.operate(tier, step, *operation).await,
            Action::Check(check) => Ok(self.check(tier, step, *check).await),
            Action::Probe { probe } => {
                let (known, mut look) = self.look(step);
                Ok(Some(known.conductor.step(step, ready::check(&mut look, tier, probe)).await.end))
            }
            Action::Verify { verify } => {
                let (known, look) = self.look(step);
                Ok(Some(known.conductor.step(step, backup::verified(&look, verify)).await.end))
            }
            Action::Dependency { recipe, part } => self.dependency(step, recipe, part).await,
            Action::Hook { path, place, time: _ } => {
                // What a hook ends, it may have meant to.
                let whose = self.stack.watch.as_ref().and_then(Watch::whose);
                self.watched_for(None);
                let began = Instant::now();
                let end = self.hook(tier, step, path, *place).await;
                self.watched_for(whose);
                // One that passed did nothing to the app, so what ended meanwhile ended by itself.
                let strayed = *place == HookPlace::Host && !matches!(end, Ok(StepEnd::Passed));
                if let (true, Some(watch)) = (strayed, &mut self.stack.watch) {
                    watch.answered_since(began);
                }
                end.map(Some)
            }
            Action::Test { path } => Ok(Some(self.test(tier, step, path).await)),
        }
    }

    async fn operate(&mut self, tier: Tier, step: &Step, operation: Operation) -> Result<Option<StepEnd>, SwarmError> {
        // What was seen before is not what there is afterwards.
        self.data.seen = None;
        match operation {
            Operation::BringBack => Ok(Some(self.bring_back(step).await)),
            Operation::Deploy => self.deploy(step).await.map(Some),
            Operation::Redeploy => self.redeploy(step).await.map(Some),
            Operation::Seed => Ok(self.seed(tier, step).await),
            Operation::Snapshot => Ok(self.snapshot(step).await),
            Operation::Mutate => Ok(self.mutate(step).await),
            Operation::RestoreInPlace => Ok(self.restore_in_place(step).await),
            Operation::Restart => self.restart(tier, step).await,
            Operation::RestoreOntoEmpty => {
                let restored = self.restore_onto_empty(step).await?;
                Ok(restored.map(|(end, app)| {
                    self.reach.app_is(app);
                    end
                }))
            }
        }
    }

    async fn check(&mut self, tier: Tier, step: &Step, check: Check) -> Option<StepEnd> {
        match check {
            Check::Converged => self.converged(tier, step).await,
            Check::Serving => Some(self.serving(tier, step).await),
            Check::Connects => Some(self.connects(tier, step).await),
            Check::Listening => Some(self.listening(tier, step).await),
            // The watch goes on until the run replaces what it watches, or ends.
            Check::Stable => None,
            Check::Moved => {
                let before = self.stack.before.take()?;
                let (known, look) = self.look(step);
                Some(known.conductor.step(step, moved::check(&look, &before)).await.end)
            }
            Check::Markers => {
                let (known, mut look, data) = self.look_at_data(step);
                let after = After::of(tier, step.pass);
                let (seeded, holdings) = data.expected(after)?;
                let looking = data::markers(&mut look, after, seeded, &holdings.rows);
                let Stepped { end, value } = known.conductor.step(step, looking).await;
                self.data.seen = value;
                Some(end)
            }
            Check::Volumes => self.volumes(step).await,
            Check::Housed => {
                let (known, mut look, data) = self.look_at_data(step);
                let before = data.housing.as_ref()?;
                let base = data.expected(After::Upgrade).map(|(_, holdings)| &holdings.index);
                Some(known.conductor.step(step, housed::check(&mut look, before, base)).await.end)
            }
            Check::Routed => {
                let routed = std::future::ready(Ok(routed::check(&self.known.plan)));
                Some(self.known.conductor.step(step, routed).await.end)
            }
            Check::Covered => {
                let covered = std::future::ready(Ok(backup::covered(&self.known.plan)));
                Some(self.known.conductor.step(step, covered).await.end)
            }
            Check::SnapshotComplete => {
                let (known, mut look, data) = self.look_at_data(step);
                let saved = data.saved.as_ref()?;
                Some(known.conductor.step(step, backup::complete(&mut look, saved)).await.end)
            }
            Check::Settled => {
                let (known, mut look, data) = self.look_at_data(step);
                let (prepared, upgraded) = (data.prepared.as_ref()?, data.upgraded.as_ref());
                let settling = backup::settled(&mut look, prepared, upgraded);
                let Stepped { end, value } = known.conductor.step(step, settling).await;
                self.data.settled = value;
                Some(end)
            }
        }
    }

    /// Holds the volumes against what they held, after the upgrade or a restore.
    async fn volumes(&mut self, step: &Step) -> Option<StepEnd> {
        let seen = self.data.seen.take();
        let (known, mut look, data) = self.look_at_data(step);
        let way = match step.pass {
            Pass::InPlace => Way::InPlace,
            Pass::OntoEmpty => Way::OntoEmpty,
            Pass::Restarted => {
                let (_, holdings) = data.expected(After::Restart)?;
                let checked = volumes::restarted(&mut look, &holdings.index, seen);
                return Some(known.conductor.step(step, checked).await.end);
            }
            Pass::Only => {
                let (_, holdings) = data.expected(After::Upgrade)?;
                let checked = volumes::upgraded(&mut look, &holdings.index, seen);
                let Stepped { end, value } = known.conductor.step(step, checked).await;
                self.data.upgraded = value;
                return Some(end);
            }
        };
        let saved = data.saved.as_ref()?;
        Some(known.conductor.step(step, volumes::restored(&mut look, saved, way, seen)).await.end)
    }

    /// From now on what ends is a finding of this step, or of none.
    fn watched_for(&mut self, step: Option<Step>) {
        if let Some(watch) = &mut self.stack.watch {
            watch.turn(step);
        }
    }

    /// Asks the app where it has to answer; at head a screenshot is taken once it does.
    async fn serving(&mut self, tier: Tier, step: &Step) -> StepEnd {
        let health = &self.known.plan.demands.health;
        let (path, statuses) = (health.path.clone(), health.statuses.clone());
        let patience = Patience::of(tier, self.stack.serves);
        let (known, look) = self.look(step);
        let limit = look.clock.limit(Duration::from_secs(look.plan.limits.serving));
        let asking = async {
            let answered = serving::check(&look, tier, &path, &statuses, patience).await?;
            match (tier, step.pass) {
                (Tier::Upgrade, Pass::Only) | (_, Pass::Restarted) => front::check(&look, answered, limit).await,
                (Tier::Upgrade, Pass::InPlace | Pass::OntoEmpty)
                | (Tier::Install | Tier::Backup | Tier::Restore | Tier::Custom, _) => Ok(answered),
            }
        };
        let end = known.conductor.step(step, asking).await.end;
        self.stack.serves = Some(end == StepEnd::Passed);
        if end == StepEnd::Passed {
            stable::served(&mut self.stack, &self.known.plan, (tier, step.pass));
            self.picture(tier);
        }
        end
    }

    /// Tries the app's TCP routes.
    async fn connects(&mut self, tier: Tier, step: &Step) -> StepEnd {
        let patience = Patience::of(tier, self.stack.connects);
        let (known, look) = self.look(step);
        let end = known.conductor.step(step, connects::check(&look, tier, patience)).await.end;
        self.stack.connects = Some(end == StepEnd::Passed);
        end
    }

    /// Looks where something listened at base besides.
    async fn listening(&mut self, tier: Tier, step: &Step) -> StepEnd {
        let (patience, expected) = (Patience::of(tier, self.stack.listens), self.stack.listened.clone());
        let (known, look) = self.look(step);
        let end = known.conductor.step(step, listening::check(&look, tier, &expected, patience)).await.end;
        self.stack.listens = Some(end == StepEnd::Passed);
        end
    }

    /// The last look at an app that was restored onto empty volumes.
    async fn still_up(&mut self) {
        let plan = Arc::clone(&self.known.plan);
        let (Some(restored), Some(step)) = (self.stack.restored.take(), stable::step_of(&plan, Tier::Restore)) else {
            return;
        };
        let (watched, forgiven) = (self.stack.restored_watch.take(), std::mem::take(&mut self.stack.forgiven));
        let (known, mut look) = self.look(step);
        known.conductor.step(step, stable::still_up(&mut look, &restored, watched, &forgiven)).await;
    }

    /// Takes the stack as it is now as the run's own doing.
    pub(in crate::run) async fn accept_specs(&mut self) -> Result<StackView, SwarmError> {
        let view = self.known.world.doors.observe.stack(&self.known.plan.stack).await?;
        self.stack.guard.accept(&view);
        Ok(view)
    }

    /// Notes what somebody else changed since the last operation.
    pub(in crate::run) async fn compare_specs(&mut self) -> Result<(), SwarmError> {
        let view = self.known.world.doors.observe.stack(&self.known.plan.stack).await?;
        let changes = self.stack.guard.compare(&view);
        self.stack.guard.note(changes);
        Ok(())
    }
}
