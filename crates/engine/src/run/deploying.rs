//! Prepares a tree for the swarm: images, secrets, the generated override.

use super::app::Deployable;
use super::world::World;
use crate::compose_check::{self, CheckError, Checked};
use crate::images::{self, Resolved};
use crate::keep::Artifact;
use crate::labels;
use crate::ledger::LedgerEntry;
use crate::run::conductor::Fault;
use crate::swarm::{Deployed, NewSecret, NewValue, Rendered, SwarmError};
use cc_ci_model::convergence::{Goal, History};
use cc_ci_model::event::Event;
use cc_ci_model::ids::{RecipeName, RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_recipe::compose::Service;
use cc_ci_recipe::oneshot::Lifecycle;
use cc_ci_recipe::overlay::{Identity, Overlay};
use cc_ci_recipe::secrets::SecretOrigin;
use cc_ci_recipe::source::Ground;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Images of the run by reference; an image that could not be had is kept with its reason, for the tier that needs it.
#[derive(Debug, Default)]
pub(crate) struct Images {
    found: BTreeMap<String, Resolved>,
    missing: BTreeMap<String, Finding>,
}

impl Images {
    /// Resolves every image of the given trees, before anything is timed (SWARM-6).
    pub(crate) async fn resolve(world: &World, trees: &[&Deployable]) -> Self {
        let references: BTreeSet<&String> =
            trees.iter().flat_map(|tree| tree.recipe.compose.services.values().map(|service| &service.image)).collect();
        let mut images = Self::default();
        for reference in references {
            match images::resolve(world.doors.node.as_ref(), reference, &world.voice).await {
                Ok(found) => {
                    world.voice.say(Event::ImageResolved {
                        image: reference.clone(),
                        digest: found.pinned.clone().unwrap_or_else(|| found.id.clone()),
                        pulled_ms: found.pulled_ms,
                    });
                    images.found.insert(reference.clone(), found);
                }
                Err(finding) => {
                    world.voice.note(None, finding.summary.clone());
                    images.missing.insert(reference.clone(), finding);
                }
            }
        }
        images
    }

    /// Why a tree cannot be deployed for want of an image, if so.
    pub(crate) fn lacking(&self, tree: &Deployable) -> Option<Finding> {
        tree.recipe.compose.services.iter().find_map(|(name, service)| {
            self.missing.get(&service.image).map(|finding| finding.clone().of_service(name))
        })
    }

    /// The image id each service of a tree must run, by service.
    pub(crate) fn expected(&self, tree: &Deployable) -> BTreeMap<String, String> {
        let services = tree.recipe.compose.services.iter();
        services
            .filter_map(|(name, service)| Some((name.clone(), self.found.get(&service.image)?.id.clone())))
            .collect()
    }

    fn pins(&self) -> BTreeMap<String, String> {
        let pinned = self.found.iter().filter_map(|(image, found)| Some((image.clone(), found.pinned.clone()?)));
        pinned.collect()
    }
}

/// One deployed recipe of the run: the app, or a dependency.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instance<'a> {
    /// Whose all of it is.
    pub(crate) run: &'a RunId,
    /// Which recipe.
    pub(crate) recipe: &'a RecipeName,
    /// Its stack.
    pub(crate) stack: &'a StackName,
    /// A bundle of certificate authorities that its services are to trust.
    pub(crate) authorities: Option<&'a Path>,
}

impl<'a> Instance<'a> {
    /// The app.
    pub(crate) fn app(plan: &'a Plan) -> Self {
        Self { run: &plan.run, recipe: &plan.recipe, stack: &plan.stack, authorities: None }
    }

    /// One of its dependencies.
    pub(crate) fn dependency(run: &'a RunId, dependency: &'a Dependency) -> Self {
        Self { run, recipe: &dependency.recipe, stack: &dependency.stack, authorities: None }
    }
}

/// Writes what is deployed of a tree beside its checkout, which nobody else can read and which goes with the run, because it
/// holds the app's environment as it is: its compose files as they were read, and the override. Returns the input of the deploy,
/// and the text kept as `effective-stack.yml`.
pub(crate) fn render(
    instance: &Instance<'_>,
    world: &World,
    tree: &Deployable,
    images: &Images,
    name: &str,
) -> Result<(Rendered, String), Fault> {
    let recipe = &tree.recipe;
    let authorities = instance.authorities.map(Path::to_string_lossy);
    let (folder, home) = (tree.folder.to_string_lossy(), compose_check::home());
    let overlay = Overlay {
        compose: &recipe.compose,
        recipe: instance.recipe.as_str(),
        run: instance.run.as_str(),
        stack: instance.stack.as_str(),
        tree: &tree.tree,
        endpoint: world.endpoint,
        identity: world.doors.operate.identity(&tree.folder),
        run_label: labels::RUN,
        environment: &recipe.environment,
        pins: &images.pins(),
        ground: Ground { folder: &folder, home: home.as_deref() },
        bounds: world.bounds,
        authorities: authorities.as_deref(),
    };
    let handed = overlay.handed().map_err(|problem| Fault::harness(problem.to_string()))?;
    let own: Vec<PathBuf> = recipe.compose_files.iter().map(|file| tree.folder.join(file)).collect();
    let (mut files, mut apart, mut effective) = (Vec::new(), BTreeMap::new(), String::new());
    for (number, ((whole, name_of_own), path)) in handed.into_iter().zip(&recipe.compose_files).zip(&own).enumerate() {
        let place = match overlay.identity {
            Identity::Override => tree.folder.with_file_name(format!("{number}.{name}")),
            // `abra` reads the recipe's own files, in its own clone.
            Identity::Abra if whole.services.is_empty() => path.clone(),
            Identity::Abra => beside(path),
        };
        if place != *path {
            write_anew(&place, &whole.text)?;
            effective = format!("{effective}# {name_of_own}, filled in\n{}", whole.text);
        }
        files.push(place);
        apart.extend(whole.services);
    }
    let text = overlay.text();
    let path = tree.folder.with_file_name(name);
    write_anew(&path, &text)?;
    effective = format!("{effective}# laid over {}\n{text}", recipe.compose_files.join(", "));
    files.push(path);
    let rendered = Rendered {
        stack: instance.stack.clone(),
        folder: tree.folder.clone(),
        own,
        files,
        apart,
        env: recipe.environment.clone(),
    };
    Ok((rendered, effective))
}

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
    /// Name of the override's file.
    pub(crate) file: &'a str,
}

/// Deploys the app or a dependency for the first time: the only place that spends a permit. `meanwhile` goes on while the
/// engine schedules the first tasks. The inner `Err` says why the tree cannot be deployed.
pub(crate) async fn deploy<T>(
    world: &World,
    permits: &mut Permits,
    what: FirstDeploy<'_>,
    meanwhile: impl Future<Output = T>,
) -> Result<Result<(T, Deployed), Finding>, Fault> {
    let FirstDeploy { instance, purpose, tree, images, given, file } = what;
    if let Some(finding) = images.lacking(tree) {
        return Ok(Err(finding));
    }
    let (rendered, shown) = render(&instance, world, tree, images, file)?;
    match &purpose {
        Purpose::Base => world.keep(Artifact::EffectiveStack(&shown)),
        Purpose::Dependency { .. } => {}
    }
    let checked = compose_check::check(world.doors.observe.as_ref(), &rendered, &tree.recipe);
    let (made, checked) = tokio::join!(make_secrets(instance.run, world, tree, &rendered, given), checked);
    if let Some(why) = made.map_err(Fault::from).and(verdict_of(checked))? {
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

/// Where a file is put that `abra` is to read in place of the one at `path`.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".cc-ci.{name}.json"))
}

/// Writes a file that may have been written before: a tree may be rendered twice. What the recipe itself may have put there, a
/// link for instance, is never written through.
fn write_anew(path: &Path, text: &str) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::unwritten(path, &error);
    let _none = std::fs::remove_file(path);
    let mut written = std::fs::File::create_new(path).map_err(failed)?;
    written.write_all(text.as_bytes()).map_err(failed)
}

/// What holding our reading of a tree against the loader's own came to (SWARM-1); `Some` is why that cannot be done here. A
/// difference is our fault, and nothing may be deployed by it.
pub(in crate::run) fn verdict_of(checked: Result<Checked, CheckError>) -> Result<Option<String>, Fault> {
    match checked {
        // Files that the loader refuses are refused again at the deploy, which is where the reader looks for it.
        Ok(Checked::Same | Checked::Refused { .. }) => Ok(None),
        Ok(Checked::NotAvailable { why }) => Ok(Some(why)),
        Ok(Checked::Different(differences)) => {
            let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
            let first = lines.first().cloned().unwrap_or_default();
            let summary = format!("the deployment would not be what was planned: {first}");
            Err(Fault::unanswered(Finding::new(Cause::Harness, summary).with_details(lines)))
        }
        Err(error) => Err(Fault::harness(error.to_string())),
    }
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
        if world.secrets.value(&spec.swarm_name).is_some() {
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
    History::new(goals(tree)).independent(databases)
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
