//! Deploys a tree: its secrets, its one deploy, what it should come to.

use super::app::Deployable;
use super::conductor::Fault;
use super::images::Images;
use super::stack_files::{Instance, StackFiles};
use super::world::World;
use crate::keep::Artifact;
use crate::ledger::LedgerEntry;
use crate::swarm::{Deployed, NewSecret, NewValue, Rendered, SwarmError};
use cc_ci_model::convergence::{Goal, History};
use cc_ci_model::event::Event;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::Finding;
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_recipe::compose::{Healthcheck, Service};
use cc_ci_recipe::oneshot::Lifecycle;
use cc_ci_recipe::secrets::SecretOrigin;
use std::collections::BTreeMap;

/// What is deployed for the first time, and from what.
pub(crate) struct FirstDeploy<'a> {
    /// Where to.
    pub(crate) instance: Instance<'a>,
    /// The permit it spends.
    pub(crate) purpose: Purpose,
    /// The tree.
    pub(crate) tree: &'a Deployable,
    /// The run's images.
    pub(crate) images: &'a Images,
    /// Values of secrets that are not generated, by id.
    pub(crate) given: &'a BTreeMap<String, String>,
    /// The tree as it is handed over.
    pub(crate) files: StackFiles,
}

/// Deploys the app or a dependency for the first time: the only place that spends a permit. `meanwhile` goes on while the
/// engine schedules the first tasks. The inner `Err` says why the tree cannot be deployed.
pub(crate) async fn deploy<T>(
    world: &World,
    permits: &mut Permits,
    what: FirstDeploy<'_>,
    meanwhile: impl Future<Output = T>,
) -> Result<Result<(T, Deployed), Finding>, Fault> {
    let FirstDeploy { instance, purpose, tree, images, given, files } = what;
    if let Some(finding) = images.lacking(tree) {
        return Ok(Err(finding));
    }
    let StackFiles { rendered, shown, checked } = files;
    match &purpose {
        Purpose::Base | Purpose::Canonical => world.keep(Artifact::EffectiveStack(&shown)),
        Purpose::Dependency { .. } => {}
    }
    let (made, verdict) = tokio::join!(make_secrets(instance.run, world, tree, &rendered, given), checked.verdict());
    if let Some(why) = made.map_err(Fault::from).and(verdict)? {
        let value = format!("not made: {why}");
        world.voice.say(Event::HostFact { name: "compose check".to_owned(), value });
    }
    let permit = permits
        .take(&purpose)
        .ok_or_else(|| Fault::harness(format!("the plan holds no permit for the {purpose} deploy")))?;
    let stack = instance.stack.clone();
    let entry = LedgerEntry::Deploying { stack: stack.clone(), purpose: purpose.clone() };
    world.ledger.write(&entry).map_err(SwarmError::from)?;
    world.voice.say(Event::Deploying { stack, purpose });
    let (deployed, meanwhile) = tokio::join!(world.doors.operate.deploy(permit, &rendered), meanwhile);
    Ok(Ok((meanwhile, deployed?)))
}

/// Makes the secrets of a tree that do not exist yet, noting each in the ledger first.
pub(crate) async fn make_secrets(
    run: &RunId,
    world: &World,
    tree: &Deployable,
    rendered: &Rendered,
    given: &BTreeMap<String, String>,
) -> Result<(), SwarmError> {
    let mut wanted = Vec::new();
    for spec in &tree.recipe.secrets {
        if world.secrets.is_there(&spec.swarm_name) {
            continue;
        }
        let value = match (given.get(&spec.id), spec.origin) {
            (Some(value), _) => NewValue::Given(value.clone()),
            (None, SecretOrigin::Generated) => NewValue::Random { length: spec.length, charset: spec.charset },
            // The stack file makes the one; the other was refused at planning, and an empty secret would only hide it.
            (None, SecretOrigin::File | SecretOrigin::Inserted) => continue,
        };
        world.ledger.making(Object::new(ObjectKind::Secret, &spec.swarm_name))?;
        let (name, id, version) = (spec.swarm_name.clone(), spec.id.clone(), spec.version.clone());
        wanted.push(NewSecret { name, id, version, value });
    }
    if wanted.is_empty() {
        return Ok(());
    }
    world.doors.operate.create_secrets(run, rendered, &wanted, &world.secrets).await
}

/// A wait for a tree to converge, not begun yet. A database needs no other service of its stack to be up.
pub(crate) fn history(tree: &Deployable) -> History {
    let databases = tree.recipe.databases.iter().map(|database| database.service.clone());
    let services = tree.recipe.compose.services.iter();
    let is_silent = |service: &Service| service.healthcheck.as_ref().is_none_or(Healthcheck::is_off);
    let silent = services.filter(|(_, service)| is_silent(service)).map(|(name, _)| name.clone());
    History::new(goals(tree)).independent(databases).silent(silent)
}

/// What each service of a tree should come to.
pub(crate) fn goals(tree: &Deployable) -> BTreeMap<String, Goal> {
    tree.recipe.compose.services.iter().map(|(name, service)| (name.clone(), goal(service))).collect()
}

/// A service that Swarm starts once and that nobody can ask anything is a one-shot; one that is only not started again after a
/// good end may be either.
fn goal(service: &Service) -> Goal {
    let asked = service.healthcheck.is_some()
        || !service.ports.is_empty()
        || service.deploy.labels.contains_key("traefik.enable");
    let never_again =
        service.deploy.restart.as_ref().is_some_and(|restart| restart.condition.as_deref() == Some("none"));
    match service.lifecycle() {
        Lifecycle::Serving => Goal::Running,
        Lifecycle::Job => Goal::Completed,
        Lifecycle::MayComplete if never_again && !asked => Goal::Completed,
        Lifecycle::MayComplete => Goal::Either,
    }
}

/// The edge's routes for a tree, read from its Traefik labels; what the edge does not support is noted.
pub(crate) fn routes(stack: &StackName, world: &World, tree: &Deployable) -> cc_ci_edge::Routes {
    let mut routes = cc_ci_edge::Routes::default();
    for (name, service) in &tree.recipe.compose.services {
        match cc_ci_edge::routes_from_labels(&service.deploy.labels, &format!("tasks.{stack}_{name}")) {
            Ok(found) => {
                routes.routers.extend(found.routers);
                for unsupported in found.unsupported {
                    world.voice.note(None, format!("{name}: the edge ignores {unsupported}"));
                }
            }
            Err(error) => world.voice.note(None, format!("{name}: its routes cannot be read: {error}")),
        }
    }
    routes
}
