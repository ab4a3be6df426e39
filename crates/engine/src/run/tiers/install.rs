//! The install tier: what the app needs, and then the one deploy, at base.

use super::{AppState, Deployable, Stage, StepEnd, deploying};
use crate::route::OpenRoute;
use crate::run::deploying::{FirstDeploy, Instance};
use crate::swarm::{Stay, SwarmError};
use cc_ci_model::ids::Domain;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::dependency::Mode;
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_model::tier::Tier;
use std::sync::Arc;
use tokio::time::Instant;

impl Stage<'_> {
    /// Deploys at base and checks.
    pub(super) async fn install(&mut self, mut permits: Permits) -> Result<AppState, SwarmError> {
        if self.dependencies(&mut permits).await? == AppState::Down {
            return Ok(AppState::Down);
        }
        self.start_sandbox_early();
        if !self.hooks(HookTime::PreInstall).await.may_go_on() {
            return Ok(AppState::Down);
        }
        self.compare_specs().await?;
        let since = Instant::now();
        let deployed = self.deploy(&mut permits).await;
        self.accept_specs().await?;
        if !deployed.may_go_on() {
            return Ok(AppState::Down);
        }
        self.start_helpers().await;
        let history = deploying::history(self.app.first());
        if !self.converged(Tier::Install, "converged", history, since).await.may_go_on() {
            return Ok(AppState::Down);
        }
        if !self.hooks(HookTime::InstallSteps).await.may_go_on() {
            self.compare_specs().await?;
            return Ok(AppState::Down);
        }
        self.compare_specs().await?;
        let served = self.serving(Tier::Install, "serving").await;
        self.picture(Tier::Install, served);
        self.ready(Tier::Install, "").await;
        self.own_tests(Tier::Install, "").await;
        Ok(AppState::Up)
    }

    async fn deploy(&mut self, permits: &mut Permits) -> StepEnd {
        let conductor = self.conductor.clone();
        let work = async {
            let what = FirstDeploy {
                instance: self.instance(),
                purpose: Purpose::Base,
                tree: self.app.first(),
                images: &self.images,
                given: &self.app.given_secrets,
                file: "override-first.json",
            };
            // The edge comes up while the engine schedules the first tasks, unless a dependency needed it before.
            let opening = async {
                match &self.route {
                    Some(_) => Ok(None),
                    None => self.open_route().await,
                }
            };
            let deploying = Box::pin(deploying::deploy(self.world, permits, what, opening));
            let opened = match deploying.await? {
                Ok((opened, proof)) => {
                    self.deployed = Some(proof);
                    opened?
                }
                Err(finding) => return Ok(Outcome::Failed(finding)),
            };
            self.route = self.route.take().or(opened);
            Ok(Outcome::Passed { note: None })
        };
        conductor.step(Tier::Install, "deploy", work).await
    }

    /// Opens the way to the app and to the dependencies of the run, all by one edge.
    pub(super) async fn open_route(&self) -> Result<Option<OpenRoute>, SwarmError> {
        let (world, plan) = (self.world, &self.plan);
        let app = !self.app.head.recipe.routes.is_empty() || !self.app.first().recipe.routes.is_empty();
        let cold = plan.cold().filter(|dependency| dependency.route.is_some());
        let domains = app.then_some(&plan.domain).into_iter().chain(cold.map(|dependency| &dependency.domain));
        let domains: Vec<Domain> = domains.cloned().collect();
        if domains.is_empty() {
            return Ok(None);
        }
        let routes = self.routes(self.app.first());
        let (node, ledger, image) = (Arc::clone(&world.doors.node), &world.ledger, &world.tools_image);
        OpenRoute::open(node, ledger, &plan.run, image, &domains, &routes, Stay::Run).await.map(Some)
    }

    /// The routes of a tree of the app, and those of the run's own dependencies.
    pub(super) fn routes(&self, tree: &Deployable) -> cc_ci_edge::Routes {
        let mut routes = deploying::routes(&self.plan.stack, self.world, tree);
        for (dependency, provider) in self.plan.dependencies.iter().zip(&self.app.providers) {
            match dependency.mode {
                Mode::Cold => {
                    let more = deploying::routes(&dependency.stack, self.world, &provider.tree);
                    routes.routers.extend(more.routers);
                }
                Mode::Warm => {}
            }
        }
        routes
    }

    /// The app as it is deployed.
    pub(super) fn instance(&self) -> Instance<'_> {
        Instance { authorities: self.authorities.as_deref(), ..Instance::app(&self.plan) }
    }
}
