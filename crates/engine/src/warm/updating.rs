//! What an update of a warm provider does to the engine: another version in place, the data saved before, and the way back (WARM-5).
//!
//! The stack, its domain, its secrets and its edge stay. Nothing here decides; the order is the runner's.

use super::{WarmError, health, healthy, serving};
use crate::backup;
use crate::ledger::{self, LedgerEntry};
use crate::promotion::Place;
use crate::pulse::Pulse;
use crate::route::{self, OpenRoute};
use crate::run::World;
use crate::run::app::Deployable;
use crate::run::deploying;
use crate::run::images::Images;
use crate::run::stack_files::{Instance, StackFiles};
use crate::snapshot::{self, Hands, Saved, SnapshotError};
use crate::stopping;
use crate::swarm::{Deployed, Rendered, SwarmError};
use crate::{labels, workbench::WorkError};
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_model::warm::steps::Opened;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long after an answer a provider is asked again while it has to stay healthy.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// A version that can be deployed in place: written, held against the loader, its images here.
#[derive(Clone)]
pub struct LaidOut {
    /// What is planned about it.
    pub planned: Dependency,
    tree: Deployable,
    rendered: Rendered,
}

impl LaidOut {
    /// The same, asked for its health as `planned` says.
    #[must_use]
    pub fn asked_as(self, planned: Dependency) -> Self {
        Self { planned, ..self }
    }
}

/// Lays a version out. Nothing of what is up is touched. `name` is that of its override.
pub async fn lay_out(
    world: &World,
    run: &RunId,
    planned: Dependency,
    tree: Deployable,
    name: &str,
) -> Result<LaidOut, WarmError> {
    let not_up = |finding| WarmError::NotUp { doing: "prepare", finding };
    let images = Images::resolve(world, &[&tree]).await;
    if let Some(finding) = images.lacking(&tree) {
        return Err(not_up(finding));
    }
    let files = StackFiles::write(&Instance::dependency(run, &planned), world, &tree, &images, name);
    let StackFiles { rendered, checked, .. } = files.map_err(|fault| not_up(fault.finding()))?;
    if let Some(why) = checked.verdict().await.map_err(|fault| not_up(fault.finding()))? {
        world.voice.note(None, format!("whether the loader reads it as we do was not compared: {why}"));
    }
    Ok(LaidOut { planned, tree, rendered })
}

/// Scales every service to zero and waits until nothing runs.
pub async fn stop(world: &World, stack: &StackName) -> Result<(), SnapshotError> {
    Ok(stopping::stop_all(&world.doors, stack).await?)
}

/// Saves all volumes of a stopped provider; `None` where it has none.
pub async fn save(world: &World, run: &RunId, stack: &StackName) -> Result<Option<Opened>, SnapshotError> {
    let volumes = world.doors.observe.volumes(stack).await?;
    if volumes.is_empty() {
        return Ok(None);
    }
    let place = place(run);
    world.ledger.making(Object::new(ObjectKind::Volume, place.volume())).map_err(SwarmError::from)?;
    let Saved { data, new_key } = snapshot::save(&Hands::of(world, run), volumes, &place, &[stack.to_string()]).await?;
    let key = new_key.ok_or_else(|| SnapshotError::Refused("the repository has no key".to_owned()))?;
    Ok(Some(Opened { data, key }))
}

/// Deploys a version in place, waits until it runs and answers, and then for as long as it has to go on doing both.
pub async fn redeploy(
    world: &World,
    run: &RunId,
    version: &LaidOut,
    authority: &str,
    steady: Duration,
) -> Result<(), WarmError> {
    let LaidOut { planned, tree, rendered } = version;
    let mut pulse = Pulse::start(world.observe(), &planned.stack, world.cancel.token());
    there(world, tree).await?;
    deploying::make_secrets(run, world, tree, rendered, &BTreeMap::new()).await?;
    let entries = ledger::read(world.ledger.path()).map_err(SwarmError::from)?;
    let proof = Deployed::by_ledger(&entries, &planned.stack)?;
    world.doors.operate.redeploy(&proof, rendered).await?;
    prune(world, planned, tree).await?;
    let mut way = None;
    if planned.route.is_some() {
        let mut route = OpenRoute::join(world.doors.node.clone(), run, &planned.domain, authority).await?;
        route.follow_anew(&deploying::routes(&planned.stack, world, tree)).await?;
        way = Some(route);
    }
    let after = world.doors.observe.stack(&planned.stack).await?;
    healthy(world, &mut pulse, planned, deploying::history(tree).ignoring_dead(&after)).await?;
    if let Some(route) = &way {
        serving(route, planned).await?;
    }
    steady_for(world, &mut pulse, run, planned, authority, steady).await
}

/// Secrets that are there are not made anew.
async fn there(world: &World, tree: &Deployable) -> Result<(), SwarmError> {
    for secret in &tree.recipe.secrets {
        let found = world.doors.observe.labels(&Object::new(ObjectKind::Secret, &secret.swarm_name)).await?;
        if found.is_some() {
            world.secrets.is_in_swarm(&secret.swarm_name);
        }
    }
    Ok(())
}

/// Removes services that the version does not have: the loader leaves them.
async fn prune(world: &World, planned: &Dependency, tree: &Deployable) -> Result<(), SwarmError> {
    let view = world.doors.observe.stack(&planned.stack).await?;
    let known = &tree.recipe.compose.services;
    for service in view.services.iter().filter(|service| !known.contains_key(&service.name)) {
        let object = Object::new(ObjectKind::Service, format!("{}_{}", planned.stack, service.name));
        world.doors.operate.remove(&object).await?;
    }
    Ok(())
}

/// Asks its own endpoint again and again: one answer that is none, or one container that dies, is the end of it.
async fn steady_for(
    world: &World,
    pulse: &mut Pulse,
    run: &RunId,
    planned: &Dependency,
    authority: &str,
    steady: Duration,
) -> Result<(), WarmError> {
    let began = Instant::now();
    loop {
        let after = began.elapsed();
        let unsteady = |cause, what: String| {
            let summary = format!("{what}, {} s after it came up", after.as_secs());
            Err(WarmError::NotUp { doing: "stay healthy", finding: Finding::new(cause, summary) })
        };
        if let Some(death) = pulse.deaths().iter().find(|death| death.at >= began && death.is_failure()) {
            let code = death.exit_code.map_or_else(String::new, |code| format!(" with exit code {code}"));
            return unsteady(Cause::CrashLoop, format!("`{}` ended{code}", death.service));
        }
        if let Err(why) = health(&world.doors, run, planned, authority).await {
            return unsteady(Cause::NotServing, why);
        }
        if after >= steady {
            return Ok(());
        }
        tokio::select! {
            () = pulse.next(ASK_AGAIN) => {}
            () = world.cancel.token().cancelled() => {
                return Err(WarmError::NotUp {
                    doing: "stay healthy",
                    finding: Finding::new(Cause::Cancelled, "it was ended"),
                });
            }
        }
    }
}

/// Stops whatever runs, and gives the volumes back what was saved of them and nothing else. What is saved is looked at before
/// anything is emptied.
pub async fn restore(
    world: &World,
    run: &RunId,
    stack: &StackName,
    saved: Option<&Opened>,
) -> Result<(), SnapshotError> {
    let (observe, operate, hands) = (&world.doors.observe, world.doors.operate.as_ref(), Hands::of(world, run));
    let volume = place(run).volume();
    if let Some(Opened { data, key }) = saved {
        if observe.labels(&Object::new(ObjectKind::Volume, &volume)).await?.is_none() {
            return Err(SnapshotError::Refused(format!("what was saved is gone: there is no volume {volume}")));
        }
        snapshot::look(&hands, data, (&volume, key)).await?.map_err(SnapshotError::Refused)?;
    }
    stopping::stop_all(&world.doors, stack).await?;
    let kept = saved.map(|saved| saved.data.volumes.clone()).unwrap_or_default();
    for name in &kept {
        world.ledger.making(Object::new(ObjectKind::Volume, name)).map_err(SwarmError::from)?;
        let mut labels = labels::of_run(run);
        labels.insert(labels::STACK.to_owned(), stack.to_string());
        world.doors.node.make_volume(name, labels).await?;
    }
    let all: BTreeSet<String> = observe.volumes(stack).await?;
    let bench = hands.changing(&all, &volume).await?;
    backup::empty_volumes(&bench, stack, &all).await?;
    bench.remove().await?;
    for name in all.difference(&kept) {
        // Containers that were replaced hold it for a while; it is empty, and goes with the provider.
        operate.remove(&Object::new(ObjectKind::Volume, name)).await?;
    }
    match saved {
        Some(Opened { data, key }) => {
            snapshot::put_back(&hands, data, (&volume, key)).await?.map_err(SnapshotError::Refused)
        }
        None => Ok(()),
    }
}

/// Removes what an update made for itself: benches that a killed one left, and the snapshot where nobody needs it any more.
pub async fn tidy_up(world: &World, run: &RunId, snapshot: Keeping) -> Result<(), WorkError> {
    let edge = route::container_of(run);
    for entry in ledger::read(world.ledger.path())? {
        match entry {
            LedgerEntry::Making { object } if object.kind == ObjectKind::Container && object.name != edge => {
                world.doors.node.discard(&object.name).await?;
            }
            LedgerEntry::Making { .. }
            | LedgerEntry::Opened { .. }
            | LedgerEntry::Found { .. }
            | LedgerEntry::Deploying { .. }
            | LedgerEntry::Namespace { .. }
            | LedgerEntry::Closed => {}
        }
    }
    match snapshot {
        Keeping::Snapshot => Ok(()),
        Keeping::Nothing => {
            world.doors.operate.remove(&Object::new(ObjectKind::Volume, place(run).volume())).await?;
            Ok(())
        }
    }
}

/// What of an update stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// What was saved.
    Snapshot,
    /// Nothing.
    Nothing,
}

/// Where the data of a provider is saved: a repository of its own, which goes when nobody needs it any more.
#[must_use]
pub fn place(run: &RunId) -> Place {
    Place { label: run.clone(), key: None, needed: BTreeSet::new() }
}
