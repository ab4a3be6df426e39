//! With `--deployer abra`, which reads a recipe's files itself, what it may read otherwise is refused: what is judged is what is deployed.

use super::tree::{Tree, texts};
use crate::error::{ErrorKind, RunnerError};
use crate::request::{Deployer, Request};
use cc_ci_recipe::abra::alike;

/// Refuses trees that `abra` may read otherwise than we do.
pub(crate) fn read_alike<'t>(
    request: &Request,
    trees: impl IntoIterator<Item = Option<&'t Tree>>,
) -> Result<(), RunnerError> {
    match request.deployer {
        Deployer::Swarm => return Ok(()),
        Deployer::Abra(_) => {}
    }
    for tree in trees.into_iter().flatten() {
        let problems = alike::differences(&texts(&tree.files), &tree.recipe);
        if !problems.is_empty() {
            let name = &tree.recipe.name;
            let message =
                format!("abra may read the recipe `{name}` at {} otherwise than it is planned here", tree.shown());
            let error = RunnerError::of_problems(ErrorKind::Recipe, message, &problems);
            return Err(error.hint("without `--deployer abra` the app is deployed from what is planned here"));
        }
    }
    Ok(())
}
