//! A tree as it will be deployed, written and held against the loader. That needs nothing of the app, so head's
//! goes on while base comes up.

use super::app::Deployable;
use super::conductor::Fault;
use super::images::Images;
use super::world::World;
use crate::compose_check::{self, CheckError, Checked};
use crate::labels;
use crate::swarm::Rendered;
use cc_ci_model::ids::{RecipeName, RunId, StackName};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_recipe::overlay::{Identity, Overlay};
use cc_ci_recipe::source::Ground;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

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

/// The name of the override of what is deployed first.
pub(in crate::run) const FIRST: &str = "override-first.json";

/// The name of head's, where that is another.
pub(in crate::run) const HEAD: &str = "override-head.json";

/// A tree in the form in which it will be handed over.
pub(crate) struct StackFiles {
    /// The files.
    pub(crate) rendered: Rendered,
    /// The text kept as `effective-stack.yml`.
    pub(crate) shown: String,
    /// Whether the loader reads them as we do.
    pub(crate) checked: Checking,
}

/// A comparison with the loader that goes on.
pub(crate) struct Checking(AbortOnDropHandle<Result<Checked, CheckError>>);

impl StackFiles {
    /// Writes a tree, which will be deployed as `instance`, with an override of this name, and starts the comparison.
    pub(crate) fn write(
        instance: &Instance<'_>,
        world: &World,
        tree: &Deployable,
        images: &Images,
        name: &str,
    ) -> Result<Self, Fault> {
        let (rendered, shown) = render(instance, world, tree, images, name)?;
        let (observe, files, recipe) = (Arc::clone(&world.doors.observe), rendered.clone(), tree.recipe.clone());
        let check = async move { compose_check::check(observe.as_ref(), &files, &recipe).await };
        Ok(Self { rendered, shown, checked: Checking(AbortOnDropHandle::new(tokio::spawn(check))) })
    }
}

impl Checking {
    /// What it came to; `Some` is why it cannot be made here.
    pub(crate) async fn verdict(self) -> Result<Option<String>, Fault> {
        let checked = self.0.await.map_err(|panic| Fault::harness(panic.to_string()))?;
        verdict_of(checked)
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
fn verdict_of(checked: Result<Checked, CheckError>) -> Result<Option<String>, Fault> {
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
