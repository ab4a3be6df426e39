//! Base to head, in place, on the same app.

use crate::keep::Artifact;
use crate::run::checks::{front, housed, listening, stable};
use crate::run::conductor::{Answer, Fault, StepEnd};
use crate::run::deploying;
use crate::run::parts::{Coming, Known, Trees};
use crate::run::stack_files::StackFiles;
use crate::run::tiers::Run;
use crate::run::tools::{self, Supplies};
use crate::swarm::{EngineTime, SwarmError};
use cc_ci_model::event::Event;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::Finding;
use cc_ci_model::plan::step::Step;
use cc_ci_recipe::{Recipe, in_place};
use tokio::time::Instant;

impl Run<'_> {
    /// Redeploys at head. What was watched until now is replaced, so its window ends first.
    pub(in crate::run) async fn redeploy(&mut self, step: &Step) -> Result<StepEnd, SwarmError> {
        self.compare_specs().await?;
        self.remember_front().await;
        stable::cut(&mut self.stack, &self.known).await;
        let since = Instant::now();
        self.stack.redeployed = Some(EngineTime::now());
        self.stack.before = Some(self.known.world.doors.observe.stack(&self.known.plan.stack).await?);
        let authorities = self.own_authorities();
        let Self { known, trees, stack, tools, data, .. } = self;
        let work = async {
            let head = &trees.app.head;
            if let Some(finding) = known.images.lacking(head) {
                return Ok(Answer::failed(finding));
            }
            let StackFiles { rendered, shown, checked } =
                stack.head.take().ok_or_else(|| Fault::harness("head was never written"))??;
            known.world.keep(Artifact::EffectiveStack(&shown));
            let (run, given) = (&known.plan.run, &trees.app.given_secrets);
            let making = async { Ok(deploying::make_secrets(run, known.world, head, &rendered, given).await?) };
            let housing = housed::before(&tools.containers, &known.plan.stack, &trees.app.first().recipe);
            // Why it cannot be compared here was said at the install.
            let listened = listening::at_base(tools, &trees.app.first().recipe, &known.world.clock);
            let ((), housing, listened, _) = tokio::try_join!(making, housing, listened, checked.verdict())?;
            data.housing = Some(housing);
            stack.listened = listened;
            let proof = stack.deployed.as_ref().ok_or_else(|| Fault::harness("the app was never deployed"))?;
            if let Err(error) = known.world.doors.operate.redeploy(proof, &rendered).await {
                return refused(error, &head.recipe);
            }
            stack.redeploying = Some(rendered);
            // It has its whole limit again, whatever base did.
            (stack.serves, stack.connects, stack.listens) = (None, None, None);
            prune(known, trees).await?;
            tools.benches.redeployed(&head.recipe);
            let routes = tools::routes(known, trees, head);
            if let Some(route) = &mut tools.route {
                route.follow(&routes).await?;
            }
            tools.refresh_sandboxes(&Supplies::new(known, trees, &authorities)).await?;
            Ok(Answer::passed(()))
        };
        let end = known.conductor.step(step, work).await.end;
        let after = self.accept_specs().await?;
        let history = deploying::history(&self.trees.app.head).ignoring_dead(&after);
        self.stack.coming = Some(Coming { history, since });
        Ok(end)
    }
}

impl Run<'_> {
    /// Looks at base's front pages for the last time, when it is all that it will be.
    async fn remember_front(&mut self) {
        let plan = &self.known.plan;
        let base = &self.trees.app.first().recipe;
        let scheme = tools::scheme(plan, base);
        if let Some(route) = &self.tools.route {
            let (health, clock) = (&plan.demands.health, &self.known.world.clock);
            let routes = (base.routes.as_slice(), self.trees.app.head.recipe.routes.as_slice());
            self.tools.front = front::pages(route, &plan.domain, scheme, health, routes, clock).await;
        }
    }
}

/// What the loader refused, in words that say what to write where that is known.
fn refused(error: SwarmError, head: &Recipe) -> Result<Answer<()>, Fault> {
    let said = match &error {
        SwarmError::Refused { text, .. } => in_place::refusal(head, text),
        SwarmError::Engine { .. }
        | SwarmError::Command { .. }
        | SwarmError::NotAllowed { .. }
        | SwarmError::Ledger(_) => None,
    };
    match said {
        Some(words) => Ok(Answer::failed(Finding::new(error.cause(), words))),
        None => Err(error.into()),
    }
}

/// Removes services the head no longer has: `docker stack deploy` leaves them running.
async fn prune(known: &Known<'_>, trees: &Trees) -> Result<(), SwarmError> {
    let head = &trees.app.head.recipe.compose.services;
    let view = known.world.doors.observe.stack(&known.plan.stack).await?;
    for service in view.services.iter().filter(|service| !head.contains_key(&service.name)) {
        let object = Object::new(ObjectKind::Service, format!("{}_{}", known.plan.stack, service.name));
        known.world.doors.operate.remove(&object).await?;
        known.world.voice.say(Event::Pruned { service: service.name.clone() });
    }
    Ok(())
}
