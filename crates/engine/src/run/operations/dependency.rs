//! Brings up what the app needs beside it, before the app's one deploy (DEP-1, DEP-2).

use crate::route::OpenRoute;
use crate::run::checks::converged::{Watch, service_of};
use crate::run::checks::serving::Question;
use crate::run::conductor::{Answer, Fault, StepEnd, passed};
use crate::run::deploying::{self, FirstDeploy};
use crate::run::parts::{Known, LiveDependency, Trees};
use crate::run::stack_files::{Instance, StackFiles};
use crate::run::tiers::Run;
use crate::run::tools;
use crate::swarm::SwarmError;
use cc_ci_model::convergence::{Goal, History};
use cc_ci_model::ids::RecipeName;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::dependency::{Dependency, Mode};
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_model::plan::step::{Part, Step};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl LiveDependency {
    /// What is wrong with it now, in words; `None` when it is well.
    async fn what_is_wrong(&self, dependency: &Dependency, route: Option<&OpenRoute>) -> Option<String> {
        if self.failed() > self.failures {
            let deaths = self.pulse.deaths();
            let last = deaths.iter().rfind(|death| death.is_failure())?;
            return Some(format!("died meanwhile (service {})", last.service));
        }
        if let Some(route) = self.door.as_ref().or(route) {
            for question in questions(dependency) {
                if let Err(said) = question.once(route).await {
                    return Some(format!("does not answer any more: {}", said.text));
                }
            }
        }
        None
    }
}

impl Run<'_> {
    /// Performs one part of bringing up a dependency. The way to all of them is opened before the first.
    pub(in crate::run) async fn dependency(
        &mut self,
        step: &Step,
        recipe: &RecipeName,
        part: &Part,
    ) -> Result<Option<StepEnd>, SwarmError> {
        let plan = Arc::clone(&self.known.plan);
        let Some(at) = plan.dependencies.iter().position(|one| one.recipe == *recipe) else { return Ok(None) };
        let Some(dependency) = plan.dependencies.get(at) else { return Ok(None) };
        if self.tools.route.is_none() {
            self.tools.route = tools::open_route(&self.known, &self.trees).await?;
        }
        Ok(match part {
            Part::Deploy => self.deploy_dependency(step, at, dependency).await,
            Part::Converged => self.dependency_converged(step, at, dependency).await,
            Part::Serving => self.dependency_serving(step, at, dependency).await,
            Part::Capability { name } => self.provision(step, at, dependency, name).await,
        })
    }

    async fn deploy_dependency(&mut self, step: &Step, at: usize, dependency: &Dependency) -> Option<StepEnd> {
        let Self { known, trees, permits, dependencies, .. } = self;
        dependencies.get_mut(at)?.since = Some(Instant::now());
        Some(known.conductor.step(step, deploy(known, trees, permits, at, dependency)).await.end)
    }

    async fn dependency_converged(&mut self, step: &Step, at: usize, dependency: &Dependency) -> Option<StepEnd> {
        let Self { known, trees, dependencies, .. } = self;
        let live = dependencies.get_mut(at)?;
        let end = known.conductor.step(step, converged(known, trees, live, at, dependency, step)).await.end;
        live.failures = live.failed();
        Some(end)
    }

    async fn dependency_serving(&mut self, step: &Step, at: usize, dependency: &Dependency) -> Option<StepEnd> {
        let Self { known, tools, dependencies, .. } = self;
        let live = dependencies.get_mut(at)?;
        let work = async {
            let route = live.door.as_ref().or(tools.route.as_ref());
            let route = route.ok_or_else(|| Fault::harness("the route was never opened"))?;
            let limit = Duration::from_secs(dependency.limits.serving);
            let mut notes = Vec::new();
            for question in questions(dependency) {
                match question.asked(route, (&known.world.voice, &step.id, &known.world.clock), limit).await {
                    Outcome::Passed { note } => notes.extend(note),
                    other @ (Outcome::Failed(_) | Outcome::Skipped { .. } | Outcome::Unverified(_)) => {
                        return Ok(Answer::<()>::from(other));
                    }
                }
            }
            Ok(passed(notes.join(", ")).into())
        };
        let end = known.conductor.step(step, work).await.end;
        live.failures = live.failed();
        Some(end)
    }
}

async fn deploy(
    known: &Known<'_>,
    trees: &Trees,
    permits: &mut Permits,
    at: usize,
    dependency: &Dependency,
) -> Result<Answer<()>, Fault> {
    let recipe = &dependency.recipe;
    let provider = trees.app.providers.get(at).ok_or_else(|| Fault::harness("a dependency has no tree"))?;
    let (instance, tree) = (Instance::dependency(&known.plan.run, dependency), &provider.tree);
    let files = StackFiles::write(&instance, known.world, tree, &known.images, &format!("override-{recipe}.json"))?;
    let purpose = Purpose::Dependency { recipe: recipe.to_string() };
    let what = FirstDeploy { instance, purpose, tree, images: &known.images, given: &BTreeMap::new(), files };
    match Box::pin(deploying::deploy(known.world, permits, what, std::future::ready(()))).await? {
        Ok(((), _proof)) => Ok(passed(dependency.shown()).into()),
        Err(finding) => {
            let service = finding.service.as_deref().map(|service| service_of(Some(recipe), service));
            Ok(Answer::failed(Finding { service, ..finding }))
        }
    }
}

async fn converged(
    known: &Known<'_>,
    trees: &Trees,
    live: &mut LiveDependency,
    at: usize,
    dependency: &Dependency,
    step: &Step,
) -> Result<Answer<()>, Fault> {
    let doors = &known.world.doors;
    if let Err(finding) = join(known, trees, live, at, dependency).await {
        return Ok(Answer::failed(finding));
    }
    let history = match (dependency.mode, trees.app.providers.get(at)) {
        (Mode::Cold, Some(provider)) => deploying::history(&provider.tree),
        // The warm one may run another version than the newest: whatever it consists of has to be up.
        (Mode::Warm, _) | (Mode::Cold, None) => {
            let view = doors.observe.stack(&dependency.stack).await?;
            if view.services.is_empty() {
                let summary = format!("the stack {} of the warm {} is gone", dependency.stack, dependency.recipe);
                return Ok(Answer::failed(Finding::new(Cause::DependencyUnhealthy, summary)));
            }
            History::new(view.services.iter().map(|one| (one.name.clone(), Goal::Either)).collect())
        }
    };
    let since = live.since.unwrap_or_else(Instant::now);
    let watch = Watch {
        observe: doors.observe.as_ref(),
        pulse: &mut live.pulse,
        voice: &known.world.voice,
        cancel: known.conductor.cancel(),
        stack: &dependency.stack,
        step: &step.id,
        limit: known.world.clock.limit(Duration::from_secs(dependency.limits.converge)),
        dependency: Some(&dependency.recipe),
    };
    Ok(match watch.wait(history, since).await? {
        Ok(_) => Answer::passed(()),
        Err(finding) => Answer::failed(finding),
    })
}

/// Finds the way to a warm dependency that has one.
async fn join(
    known: &Known<'_>,
    trees: &Trees,
    live: &mut LiveDependency,
    at: usize,
    dependency: &Dependency,
) -> Result<(), Finding> {
    let warm = trees.app.providers.get(at).and_then(|provider| provider.warm.as_ref());
    let (Some(warm), Some(_)) = (warm, &dependency.route) else { return Ok(()) };
    let node = Arc::clone(&known.world.doors.node);
    let joined = OpenRoute::join(node, &warm.run, &dependency.domain, &warm.authority).await;
    live.door = Some(joined.map_err(|error| {
        let summary = format!("the warm {} cannot be reached: {error}", dependency.recipe);
        Finding::new(Cause::DependencyUnhealthy, summary)
    })?);
    Ok(())
}

/// After a failing test that needs a dependency: whether that dependency is still what it was. If not, whatever the test
/// found is not the recipe's fault.
pub(super) async fn mind(
    plan: &Plan,
    live: &[LiveDependency],
    route: Option<&OpenRoute>,
    path: &str,
    outcome: Outcome,
) -> Outcome {
    let Outcome::Failed(finding) = &outcome else { return outcome };
    for (dependency, live) in plan.dependencies.iter().zip(live).filter(|(one, _)| one.is_needed_by(path)) {
        if let Some(why) = live.what_is_wrong(dependency, route).await {
            let summary = format!("{}, and {} {why}", finding.summary, dependency.recipe);
            let details = finding.details.clone();
            return Outcome::Failed(Finding::new(Cause::DependencyUnhealthy, summary).with_details(details));
        }
    }
    outcome
}

/// What a dependency has to answer.
fn questions(dependency: &Dependency) -> impl Iterator<Item = Question<'_>> {
    dependency.route.iter().flat_map(|route| {
        route.asks.iter().map(|ask| Question {
            who: dependency.recipe.as_str(),
            domain: &dependency.domain,
            scheme: route.scheme.word(),
            path: &ask.path,
            statuses: &ask.statuses,
        })
    })
}
