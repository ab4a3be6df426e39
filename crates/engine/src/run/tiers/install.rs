//! The install tier: the one deploy, at base.

use super::{After, Done, Fault, Stage, deploying};
use crate::ledger::Entry;
use crate::route::Route;
use crate::swarm::SwarmError;
use cc_ci_model::event::Event;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::hook::Moment;
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_model::tier::Tier;
use std::time::Instant;

impl Stage<'_> {
    /// Deploys at base and checks.
    pub(super) async fn install(&mut self, mut permits: Permits) -> Result<After, SwarmError> {
        self.start_sandbox_early();
        if !self.hooks(Moment::PreInstall).await.may_go_on() {
            return Ok(After::Down);
        }
        self.compare_specs().await?;
        let since = Instant::now();
        let deployed = self.deploy(&mut permits).await;
        self.accept_specs().await?;
        if !deployed.may_go_on() {
            return Ok(After::Down);
        }
        self.start_helpers().await;
        let history = deploying::history(self.app.first());
        if !self.converged(Tier::Install, "converged", history, since).await.may_go_on() {
            return Ok(After::Down);
        }
        if !self.hooks(Moment::InstallSteps).await.may_go_on() {
            self.compare_specs().await?;
            return Ok(After::Down);
        }
        self.compare_specs().await?;
        self.serving(Tier::Install, "serving").await;
        self.ready(Tier::Install, "").await;
        self.own_tests(Tier::Install, "").await;
        Ok(After::Up)
    }

    async fn deploy(&mut self, permits: &mut Permits) -> Done {
        let conductor = self.conductor.clone();
        let work = async {
            if let Some(finding) = self.images.lacking(self.app.first()) {
                return Ok(Outcome::Failed(finding));
            }
            let rendered = deploying::render(
                &self.plan,
                self.world,
                self.app.first(),
                &self.images,
                "override-first.json",
                self.leavings,
            )?;
            let checked = deploying::cross_check(self.world, &rendered, self.app.first());
            let (made, checked) = tokio::join!(self.make_secrets(Tier::Install, &rendered), checked);
            if let Some(why) = made.and(checked)? {
                let value = format!("not made: {why}");
                self.world.voice.say(Event::HostFact { name: "compose check".to_owned(), value });
            }
            let permit = permits
                .take(&Purpose::Base)
                .ok_or_else(|| Fault::harness("the plan holds no permit for the base deploy"))?;
            let stack = self.plan.stack.clone();
            self.world
                .ledger
                .write(&Entry::Deploying { stack: stack.clone(), purpose: Purpose::Base })
                .map_err(SwarmError::from)?;
            self.world.voice.say(Event::Deploying { stack, purpose: Purpose::Base });
            // The edge comes up while the engine schedules the first tasks.
            let (deployed, opened) = tokio::join!(self.world.operate.deploy(permit, &rendered), self.open_route());
            deployed?;
            self.route = opened?;
            Ok(Outcome::Passed { note: None })
        };
        conductor.step(Tier::Install, "deploy", work).await
    }

    async fn open_route(&self) -> Result<Option<Route>, Fault> {
        if self.app.head.recipe.routes.is_empty() && self.app.first().recipe.routes.is_empty() {
            return Ok(None);
        }
        let (world, plan) = (self.world, &self.plan);
        let routes = deploying::routes(plan, world, self.app.first());
        let docker = world.swarm.docker();
        let route = Route::open(docker, &world.ledger, &plan.run, &world.tools_image, &plan.domain, &routes).await?;
        Ok(Some(route))
    }
}
