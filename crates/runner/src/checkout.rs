//! Puts the trees of a run where the engine reads them from: pristine, in a folder that nobody else can read.

use crate::error::{ErrorKind, RunnerError};
use crate::prepare::Prepared;
use crate::prepare::dependencies::DependencyTree;
use crate::prepare::tree::Tree;
use crate::prepare::warmth::Warm;
use cc_ci_engine::run::app::{App, DependencyApp, Deployable, WarmDoor};
use cc_ci_model::plan::own_tests;
use cc_ci_store::run_dir::RunDir;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The folder below the run's own that trees are checked out into, for as long as the run goes on.
pub const TREES: &str = "trees";

/// Checks everything out that the run deploys.
pub async fn check_out(prepared: &Prepared, trees: &Path) -> Result<App, RunnerError> {
    let made = std::fs::DirBuilder::new().mode(0o700).create(trees);
    made.map_err(|source| {
        RunnerError::new(ErrorKind::Infrastructure, format!("cannot create {}: {source}", trees.display()))
    })?;
    // With dependencies a tree is read again, once these have given their outputs.
    let again = !prepared.needed.is_empty();
    let head = tree(&prepared.head, &trees.join("head"), again).await?;
    let base = match &prepared.base {
        Some(base) => Some(tree(base, &trees.join("base"), again).await?),
        None => None,
    };
    let own = head.folder.join(own_tests::FOLDER);
    let tests = prepared.tests.given.clone().or_else(|| own.is_dir().then_some(own));
    let mut providers = Vec::new();
    for needed in &prepared.needed {
        providers.push(dependency(needed, trees).await?);
    }
    let (catalogue, given_secrets) = (prepared.tests.catalogue.clone(), prepared.given.clone());
    let withheld = prepared.withheld.clone();
    Ok(App { base, head, tests, catalogue, given_secrets, withheld, providers })
}

async fn tree(tree: &Tree, folder: &Path, again: bool) -> Result<Deployable, RunnerError> {
    let deployable = tree.check_out(folder).await?;
    Ok(Deployable { source: again.then(|| tree.source()), ..deployable })
}

async fn dependency(needed: &DependencyTree, trees: &Path) -> Result<DependencyApp, RunnerError> {
    let folder = trees.join(format!("dependency-{}", needed.planned.recipe));
    let tree = needed.tree.check_out(&folder).await?;
    let door = |warm: &Warm| WarmDoor { run: warm.record.run.clone(), authority: warm.record.authority.clone() };
    Ok(DependencyApp { tree, scripts: needed.scripts.clone(), warm: needed.warm.as_ref().map(door) })
}

/// Removes what only the run itself needs: the checkouts, and the overrides beside them.
pub fn remove_trees(dir: &RunDir) {
    // An error here is safe to ignore: the look for leaks covers what stays.
    let _still_there = std::fs::remove_dir_all(dir.file(TREES));
}
