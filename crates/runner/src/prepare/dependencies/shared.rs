//! Providers that several runs share: how one is brought up for them, and all its scripts.

use super::{DependencyTree, Newest, asks, newest_of, read_scripts, tree};
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::customize::{self, catalogue};
use crate::prepare::warmth;
use crate::prepare::{Looking, ZONE, allowed, find, limits};
use crate::request::Request;
use cc_ci_engine::run::app::Scripts;
use cc_ci_model::ids::{Commit, Domain, RecipeName, RunId, StackName};
use cc_ci_model::plan::dependency::{Dependency, Mode};
use cc_ci_model::settings::provides::{self, Provides};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// For whom a provider is brought up that several runs share.
pub(crate) enum Stay<'a> {
    /// For all runs, until somebody takes it down.
    Warm,
    /// For the runs of one sweep, under this id.
    Sweep(&'a RunId),
}

impl Stay<'_> {
    fn stack(&self, recipe: &RecipeName, newest: &Newest) -> StackName {
        match self {
            Self::Warm => {
                let plain = recipe.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
                StackName::observed(&format!("warm-{}", plain.collect::<String>().to_ascii_lowercase()))
            }
            Self::Sweep(run) => StackName::of_run(recipe, &newest.commit, run),
        }
    }

    fn why(&self) -> String {
        match self {
            Self::Warm => "it was brought up by hand".to_owned(),
            Self::Sweep(run) => format!("brought up once for a sweep, as {run}"),
        }
    }
}

/// A provider as it is brought up for several runs, and the catalogue's folder for it.
pub(crate) async fn shared(
    request: &Request,
    recipe: &RecipeName,
    looking: &Looking<'_>,
    stay: &Stay<'_>,
) -> Result<(DependencyTree, Option<PathBuf>), RunnerError> {
    let newest = newest_of(recipe, looking).await?;
    let stack = stay.stack(recipe, &newest);
    laid_out(request, recipe, looking, newest, (stack, stay.why())).await
}

/// The same for a warm provider that is up, at a version of its recipe, in the place that it has.
pub(crate) async fn warm_at(
    request: &Request,
    looking: &Looking<'_>,
    up: &Dependency,
    (version, commit): (Option<String>, Commit),
) -> Result<(DependencyTree, Option<PathBuf>), RunnerError> {
    let recipe = &up.recipe;
    let (_, repository) = find::repository(recipe.as_str(), looking).await?;
    let address = find::address(recipe.as_str(), looking, &repository).await?;
    let at = Newest { repository, address, commit, version };
    laid_out(request, recipe, looking, at, (up.stack.clone(), up.why.clone())).await
}

async fn laid_out(
    request: &Request,
    recipe: &RecipeName,
    looking: &Looking<'_>,
    newest: Newest,
    (stack, why): (StackName, String),
) -> Result<(DependencyTree, Option<PathBuf>), RunnerError> {
    let policy = allowed::policy(looking.state, request)?;
    let (tree, settings) = tree(request, &policy, looking, recipe, &newest, &stack).await?;
    let planned = Dependency {
        recipe: recipe.clone(),
        commit: newest.commit,
        version: newest.version,
        domain: Domain::of_stack(&stack, ZONE),
        stack,
        mode: Mode::Warm,
        why,
        route: asks(&settings, &tree.recipe, |_| {}),
        limits: settings.limits.over(limits(&tree.recipe)),
        provides: Vec::new(),
    };
    let folder = catalogue(looking.state, request, recipe)?;
    if let Some(folder) = &folder {
        // What runs will ask for should not turn out to be wrong only then.
        all_scripts(folder, recipe, &tree.recipe.compose.services.keys().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok((DependencyTree { planned, tree, scripts: BTreeMap::new(), warm: None }, folder))
}

/// The scripts of every capability of a warm provider, as the catalogue has them now.
pub(crate) fn scripts_of(record: &warmth::Record) -> Result<BTreeMap<String, Scripts>, RunnerError> {
    match &record.catalogue {
        Some(folder) => all_scripts(folder, &record.provider.recipe, &[]),
        None => Ok(BTreeMap::new()),
    }
}

/// The scripts of everything that a catalogue's folder offers.
fn all_scripts(
    folder: &Path,
    provider: &RecipeName,
    services: &[&str],
) -> Result<BTreeMap<String, Scripts>, RunnerError> {
    let shown = format!("{}/{provider}/{}", customize::CATALOGUE, provides::FILE);
    let text = match std::fs::read_to_string(folder.join(provides::FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(RunnerError::new(ErrorKind::Settings, format!("cannot read {shown}: {error}"))),
    };
    let provides = Provides::read(&shown, &text).map_err(|problems| {
        RunnerError::of_problems(ErrorKind::Settings, format!("cannot use what `{provider}` provides"), &problems)
    })?;
    let all = provides.capabilities.iter();
    all.map(|(name, one)| Ok((name.clone(), read_scripts(folder, provider, name, one, services)?))).collect()
}
