//! Providers that are brought up once and shared by runs: warm ones (DEP-2), and those of a sweep (DEP-5). Each has a stack, an edge, an authority and a ledger of
//! its own; the private key of its certificate exists in its edge container and nowhere else.

pub mod updating;

use crate::converge::{Waited, converge};
use crate::pulse::Pulse;
use crate::route::{EdgeNames, OpenRoute};
use crate::run::World;
use crate::run::app::Deployable;
use crate::run::deploying::{self, FirstDeploy};
use crate::run::images::Images;
use crate::run::stack_files::{Instance, StackFiles};
use crate::swarm::{Doors, HttpAnswer, Stay, SwarmError};
use cc_ci_model::convergence::{Assessment, Goal, History};
use cc_ci_model::ids::RunId;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::build;
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_model::sweep::permits::ProviderPermit;
use cc_ci_model::verdict::blame::{self, Blame};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How often a provider is asked again while it comes up.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// Why a warm provider did not come up.
#[derive(Debug, thiserror::Error)]
pub enum WarmError {
    /// The engine failed.
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    /// It does not come up, whoever is at fault.
    #[error("{doing}: {}", finding.summary)]
    NotUp {
        /// What was being done.
        doing: &'static str,
        /// What was found.
        finding: Finding,
    },
}

impl WarmError {
    /// Whose fault it is, by the same table as in a run.
    #[must_use]
    pub fn blame(&self) -> Blame {
        let cause = match self {
            Self::Swarm(error) => error.cause(),
            Self::NotUp { finding, .. } => finding.cause,
        };
        blame::of(cause).unwrap_or(Blame::Harness)
    }
}

/// What a provider is deployed for, and the permit for that.
pub struct Spending {
    /// What for.
    pub purpose: Purpose,
    /// The one permit.
    pub permits: Permits,
}

impl Spending {
    /// For a warm provider, which is no part of any run.
    #[must_use]
    pub fn of_warm(what: &Dependency) -> Self {
        Self { purpose: Purpose::Base, permits: build::warm(what) }
    }

    /// For a provider of a sweep.
    #[must_use]
    pub fn of_sweep(permit: ProviderPermit) -> Self {
        let (purpose, permits) = permit.spend();
        Self { purpose, permits }
    }
}

/// Deploys a provider and waits until it is healthy and answers. Returns the authority that signed its certificate, PEM; empty
/// when it has no route. After an error the caller removes what the ledger has.
pub async fn up(
    world: &World,
    run: &RunId,
    what: &Dependency,
    tree: &Deployable,
    spending: Spending,
) -> Result<String, WarmError> {
    let images = Images::resolve(world, &[tree]).await;
    let route = match &what.route {
        Some(_) => Some(open(world, run, what, tree).await?),
        None => None,
    };
    let mut pulse = Pulse::start(world.observe(), &what.stack, world.cancel.token());
    deploy(world, Instance::dependency(run, what), tree, &images, spending).await?;
    healthy(world, &mut pulse, what, deploying::history(tree)).await?;
    let Some(route) = route else { return Ok(String::new()) };
    serving(&route, what).await?;
    Ok(route.authority().to_owned())
}

async fn open(world: &World, run: &RunId, what: &Dependency, tree: &Deployable) -> Result<OpenRoute, SwarmError> {
    let routes = deploying::routes(&what.stack, world, tree);
    let names = EdgeNames::of(vec![what.domain.clone()], [tree.recipe.routes.as_slice()]);
    let node = world.doors.node.clone();
    OpenRoute::open(node, &world.ledger, run, &world.tools_image, &names, &routes, Stay::Kept).await
}

async fn deploy(
    world: &World,
    instance: Instance<'_>,
    tree: &Deployable,
    images: &Images,
    spending: Spending,
) -> Result<(), WarmError> {
    let not_up = |finding| WarmError::NotUp { doing: "deploy", finding };
    let Spending { purpose, mut permits } = spending;
    let files = StackFiles::write(&instance, world, tree, images, "override.json");
    let files = files.map_err(|fault| not_up(fault.finding()))?;
    let first = FirstDeploy { instance, purpose, tree, images, given: &BTreeMap::new(), files };
    match Box::pin(deploying::deploy(world, &mut permits, first, std::future::ready(()))).await {
        Ok(Ok(((), _proof))) => Ok(()),
        Ok(Err(finding)) => Err(not_up(finding)),
        Err(fault) => Err(not_up(fault.finding())),
    }
}

/// Waits until everything of it runs.
async fn healthy(world: &World, pulse: &mut Pulse, what: &Dependency, history: History) -> Result<(), WarmError> {
    let (observe, limit) = (world.observe(), world.clock.limit(Duration::from_secs(what.limits.converge)));
    let waited = converge(observe.as_ref(), pulse, &what.stack, history, limit, world.cancel.token(), |missing| {
        world.voice.note(None, missing.join("; "));
    });
    let finding = match waited.await? {
        Waited::Converged { .. } => return Ok(()),
        Waited::Failed(finding) => finding,
        Waited::Cancelled => Finding::new(Cause::Cancelled, "it was ended"),
    };
    Err(WarmError::NotUp { doing: "converge", finding })
}

/// Asks until it answers, or until the limit.
async fn serving(route: &OpenRoute, what: &Dependency) -> Result<(), WarmError> {
    let started = Instant::now();
    while let Err(said) = answers(route, what).await {
        if started.elapsed() >= Duration::from_secs(what.limits.serving) {
            let summary = format!("not serving within {} s: {said}", what.limits.serving);
            return Err(WarmError::NotUp { doing: "ask it", finding: Finding::new(Cause::NotServing, summary) });
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
    Ok(())
}

/// Whether a warm provider is healthy now: everything of it runs, and it answers. If not, why, in words.
pub async fn health(doors: &Doors, run: &RunId, what: &Dependency, authority: &str) -> Result<(), String> {
    let view = doors.observe.stack(&what.stack).await.map_err(|error| error.to_string())?;
    if view.services.is_empty() {
        return Err(format!("its stack {} is gone", what.stack));
    }
    let goals = view.services.iter().map(|service| (service.name.clone(), Goal::Either)).collect();
    match History::new(goals).assess(&view) {
        Assessment::Converged => {}
        Assessment::Failed(finding) => return Err(finding.summary),
        Assessment::Waiting(missing) => return Err(missing.join("; ")),
    }
    if what.route.is_none() {
        return Ok(());
    }
    let route = OpenRoute::join(doors.node.clone(), run, &what.domain, authority);
    let route = route.await.map_err(|error| error.to_string())?;
    answers(&route, what).await
}

/// Asks everything once.
async fn answers(route: &OpenRoute, what: &Dependency) -> Result<(), String> {
    let Some(provider) = &what.route else { return Ok(()) };
    for ask in &provider.asks {
        match route.ask(&what.domain, provider.scheme.word(), &ask.path).await {
            HttpAnswer::App { status, .. } if ask.statuses.contains(&status) => {}
            HttpAnswer::App { status, .. } => return Err(format!("status {status} on {}", ask.path)),
            HttpAnswer::Edge { reason: why, .. } | HttpAnswer::None { why } => {
                return Err(format!("it does not answer on {}: {why}", ask.path));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_engine_is_not_the_recipes_fault() {
        let lost = || SwarmError::Command { verb: "deploy".to_owned(), text: "no leader".to_owned() };
        assert_eq!(WarmError::from(lost()).blame(), Blame::Infrastructure);
        let not_up = |finding| WarmError::NotUp { doing: "deploy", finding }.blame();
        assert_eq!(not_up(lost().finding()), Blame::Infrastructure);
        assert_eq!(not_up(Finding::new(Cause::Registry, "no answer")), Blame::Infrastructure);
        assert_eq!(not_up(SwarmError::Refused { by: "docker", text: "bad".to_owned() }.finding()), Blame::Recipe);
        assert_eq!(not_up(Finding::new(Cause::CrashLoop, "it dies")), Blame::Recipe);
        let ours = SwarmError::NotAllowed { what: "redeploy".to_owned(), why: "another stack".to_owned() };
        assert_eq!(not_up(ours.finding()), Blame::Harness);
    }
}
