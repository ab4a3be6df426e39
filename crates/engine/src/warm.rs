//! Live-warm providers: brought up once, kept, and shared by runs (DEP-2). Each has a stack, an edge, an authority and a ledger of
//! its own; the private key of its certificate exists in its edge container and nowhere else.

use crate::converge::{Waited, converge};
use crate::pulse::Pulse;
use crate::route::OpenRoute;
use crate::run::World;
use crate::run::app::Deployable;
use crate::run::deploying::{self, FirstDeploy, Images, Instance};
use crate::swarm::{Doors, HttpAnswer, Stay, SwarmError};
use cc_ci_model::convergence::{Assessment, Goal, History};
use cc_ci_model::ids::RunId;
use cc_ci_model::outcome::{Finding, Outcome};
use cc_ci_model::plan::build;
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_model::plan::permit::Purpose;
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
    /// The recipe does not come up.
    #[error("{doing}: {}", finding.summary)]
    Recipe {
        /// What was being done.
        doing: &'static str,
        /// What was found.
        finding: Finding,
    },
}

/// Deploys a provider and waits until it is healthy and answers. Returns the authority that signed its certificate, PEM; empty
/// when it has no route. After an error the caller removes what the ledger has.
pub async fn up(world: &World, run: &RunId, what: &Dependency, tree: &Deployable) -> Result<String, WarmError> {
    let images = Images::resolve(world, &[tree]).await;
    let route = match &what.route {
        Some(_) => {
            let routes = deploying::routes(&what.stack, world, tree);
            let domains = std::slice::from_ref(&what.domain);
            Some(
                OpenRoute::open(
                    world.doors.node.clone(),
                    &world.ledger,
                    run,
                    &world.tools_image,
                    domains,
                    &routes,
                    Stay::Kept,
                )
                .await?,
            )
        }
        None => None,
    };
    let mut pulse = Pulse::start(world.observe(), &what.stack, world.cancel.token());
    let first = FirstDeploy {
        instance: Instance::dependency(run, what),
        purpose: Purpose::Base,
        tree,
        images: &images,
        given: &BTreeMap::new(),
        file: "override.json",
    };
    let mut permits = build::warm(what);
    let deploying = Box::pin(deploying::deploy(world, &mut permits, first, std::future::ready(())));
    match deploying.await {
        Ok(Ok(((), _proof))) => {}
        Ok(Err(finding)) => return Err(WarmError::Recipe { doing: "deploy", finding }),
        Err(fault) => match Outcome::from(fault) {
            Outcome::Failed(finding) | Outcome::Unverified(finding) => {
                return Err(WarmError::Recipe { doing: "deploy", finding });
            }
            // A fault is never one of these.
            Outcome::Passed { .. } | Outcome::Skipped { .. } => {}
        },
    }
    let (observe, limit) = (world.observe(), Duration::from_secs(what.limits.converge));
    let waited = converge(
        observe.as_ref(),
        &mut pulse,
        &what.stack,
        deploying::history(tree),
        limit,
        world.cancel.token(),
        |missing| world.voice.note(None, missing.join("; ")),
    );
    match waited.await? {
        Waited::Converged { .. } => {}
        Waited::Failed(finding) => return Err(WarmError::Recipe { doing: "converge", finding }),
        Waited::Cancelled => {
            return Err(SwarmError::Command { verb: "bring it up".to_owned(), text: "it was ended".to_owned() }.into());
        }
    }
    let Some(route) = route else { return Ok(String::new()) };
    let started = Instant::now();
    while let Err(said) = answers(&route, what).await {
        if started.elapsed() >= Duration::from_secs(what.limits.serving) {
            let summary = format!("not serving within {} s: {said}", what.limits.serving);
            let finding = Finding::new(cc_ci_model::outcome::Cause::NotServing, summary);
            return Err(WarmError::Recipe { doing: "ask it", finding });
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
    Ok(route.authority().to_owned())
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
