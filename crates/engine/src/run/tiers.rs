//! The tiers in order, on the one deployment.

mod backup;
pub(super) mod checks;
mod dependencies;
pub(super) mod equipment;
mod install;
mod keeping;
mod logs;
pub(super) mod own;
mod ready;
mod restore;
mod upgrade;

use super::World;
use super::app::{App, Deployable};
use super::conductor::{Conductor, Fault, StepEnd};
use super::deploying::{self, Images};
use super::guard::SpecGuard;
use super::starting::Starting;
use crate::converge::Stability;
use crate::custom::sandbox::Sandbox;
use crate::pulse::Pulse;
use crate::route::OpenRoute;
use crate::screenshot::Exposure;
use crate::swarm::{Deployed, Observe, Rendered, SwarmError};
use crate::workbench::Workbench;
use cc_ci_model::convergence::StackView;
use cc_ci_model::event::Event;
use cc_ci_model::ids::StackName;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::dependency::{Mode, Outputs};
use cc_ci_model::plan::permit::Permits;
use cc_ci_model::tier::Tier;
use dependencies::LiveDependency;
use futures_util::future::join_all;
use std::path::PathBuf;
use std::sync::Arc;

/// Everything the tiers share while the app is up.
struct Stage<'a> {
    plan: Arc<Plan>,
    world: &'a World,
    app: App,
    images: Images,
    conductor: Conductor,
    observe: Arc<dyn Observe>,
    pulse: Pulse,
    deployed: Option<Deployed>,
    route: Option<OpenRoute>,
    guard: SpecGuard,
    stability: Option<(Tier, Stability)>,
    restored: Option<StackView>,
    suppliers: Vec<LiveDependency>,
    outputs: Outputs,
    authorities: Option<PathBuf>,
    bench: Starting<Workbench>,
    sandbox: Starting<Sandbox>,
    exposure: &'a mut Exposure,
}

/// Whether the app is up after a tier, so that a later one can do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AppState {
    Up,
    Down,
}

/// Runs every planned tier; returns the changes to the stack that the run did not make.
pub(super) async fn perform(
    plan: &Arc<Plan>,
    permits: Permits,
    app: App,
    world: &World,
    exposure: &mut Exposure,
) -> Result<Vec<String>, SwarmError> {
    let conductor = Conductor::new(plan, &world.voice, world.cancel.token());
    let observe = world.observe();
    let cold = plan.dependencies.iter().zip(&app.providers).filter(|(one, _)| one.mode == Mode::Cold);
    let trees = cold.map(|(_, provider)| &provider.tree).chain(&app.base).chain([&app.head]);
    let images = Images::resolve(world, &trees.collect::<Vec<_>>()).await;
    let follow = |stack: &StackName| Pulse::start(Arc::clone(&observe), stack, world.cancel.token());
    let pulse = follow(&plan.stack);
    let suppliers = plan.dependencies.iter().map(|one| LiveDependency::follow(follow(&one.stack), None)).collect();
    let mut stage = Stage {
        plan: Arc::clone(plan),
        world,
        app,
        images,
        conductor,
        observe,
        pulse,
        deployed: None,
        route: None,
        guard: SpecGuard::default(),
        stability: None,
        restored: None,
        suppliers,
        outputs: Outputs::default(),
        authorities: None,
        bench: Starting::Never,
        sandbox: Starting::Never,
        exposure,
    };
    let performed = stage.all_tiers(permits).await;
    stage.settle_stability().await;
    stage.still_up().await;
    // What is still being started has to exist before it can be torn down.
    tokio::join!(stage.bench.settle(), stage.sandbox.settle());
    let compared = stage.compare_specs().await;
    stage.keep_logs().await;
    let suppliers = stage.suppliers.iter().map(|supplier| supplier.pulse.finish());
    tokio::join!(stage.pulse.finish(), join_all(suppliers));
    performed.and(compared)?;
    Ok(stage.guard.unexplained().to_vec())
}

impl Stage<'_> {
    async fn all_tiers(&mut self, permits: Permits) -> Result<(), SwarmError> {
        self.tier(Tier::Install);
        let after = self.install(permits).await?;
        self.ended(Tier::Install);
        if after == AppState::Down {
            return Ok(());
        }
        if self.tier(Tier::Upgrade) {
            let after = self.upgrade().await?;
            self.ended(Tier::Upgrade);
            if after == AppState::Down {
                return Ok(());
            }
        }
        if self.tier(Tier::Backup) {
            let saved = self.backup().await?;
            self.ended(Tier::Backup);
            if let Some(saved) = saved
                && self.tier(Tier::Restore)
            {
                let after = self.restore(saved).await?;
                self.ended(Tier::Restore);
                if after == AppState::Down {
                    return Ok(());
                }
            }
        }
        if self.tier(Tier::Custom) {
            self.own_tests(Tier::Custom, "").await;
            self.ended(Tier::Custom);
        }
        Ok(())
    }

    /// Announces a tier if it is planned and the run goes on.
    fn tier(&mut self, tier: Tier) -> bool {
        let runs = self.plan.runs(tier) && !self.world.cancel.token().is_cancelled();
        if runs {
            self.world.voice.say(Event::TierStarted { tier });
        }
        runs
    }

    fn ended(&self, tier: Tier) {
        self.world.voice.say(Event::TierEnded { tier });
    }

    /// The tree the stack was last deployed from, in `tier`.
    fn tree(&self, tier: Tier) -> &Deployable {
        match tier {
            Tier::Install => self.app.first(),
            Tier::Upgrade | Tier::Backup | Tier::Restore | Tier::Custom => &self.app.head,
        }
    }

    /// Takes the stack as it is now as the run's own doing.
    async fn accept_specs(&mut self) -> Result<StackView, SwarmError> {
        let view = self.observe.stack(&self.plan.stack).await?;
        self.guard.accept(&view);
        Ok(view)
    }

    /// Notes what somebody else changed since the last operation.
    async fn compare_specs(&mut self) -> Result<(), SwarmError> {
        let view = self.observe.stack(&self.plan.stack).await?;
        self.guard.compare(&view);
        Ok(())
    }

    /// Makes the secrets that only head has.
    async fn make_secrets(&self, rendered: &Rendered) -> Result<(), Fault> {
        let (run, given) = (&self.plan.run, &self.app.given_secrets);
        Ok(deploying::make_secrets(run, self.world, &self.app.head, rendered, given).await?)
    }
}
