//! What a run has to keep to itself besides the secrets it makes: those given, and those in the configuration (SEC-1).

use super::dependencies::DependencyTree;
use super::tree::Tree;
use crate::error::{ErrorKind, RunnerError};
use cc_ci_model::plan::Plan;
use cc_ci_model::redact::{self, Configured, SHORTEST};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::secrets::SecretOrigin;
use serde_json::Value;
use std::collections::BTreeMap;

/// The secrets in the configuration of the recipe's trees and of its dependencies. A given value that the run's
/// own names hold is refused: masking it would mask them.
pub(crate) fn secrecy(
    plan: &Plan,
    head: &Tree,
    base: Option<&Tree>,
    needed: &[DependencyTree],
    given: &BTreeMap<String, String>,
) -> Result<Configured, RunnerError> {
    let trees = || [Some(head), base].into_iter().flatten();
    let recipes: Vec<&Recipe> =
        trees().chain(needed.iter().map(|needed| &needed.tree)).map(|tree| &tree.recipe).collect();
    let names = names(plan, &recipes)?;
    let held = |value: &str| value.trim().chars().count() >= SHORTEST && names.contains(value.trim());
    if let Some((name, _)) = given.iter().find(|(_, value)| held(value)) {
        return Err(RunnerError::new(ErrorKind::Settings, format!("cannot keep the secret `{name}` to ourselves"))
            .at(format!("--secret {name}: names of the run, such as its services and steps, hold the same text"))
            .hint("give it another value for the test"));
    }
    let mut configured = redact::configured(recipes, &names);
    configured.secrets.extend(trees().flat_map(|tree| in_files(tree, given)));
    configured.secrets.sort();
    configured.secrets.dedup();
    Ok(configured)
}

/// Secrets that the stack file makes from a file of the recipe.
fn in_files(tree: &Tree, given: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let Tree { recipe, files, .. } = tree;
    let made = recipe.secrets.iter().filter(|spec| spec.origin == SecretOrigin::File && !given.contains_key(&spec.id));
    let value = |id: &str| {
        let file = recipe.compose.secrets.get(id)?.file.as_deref()?;
        files.text.get(file.trim_start_matches("./")).cloned()
    };
    made.filter_map(|spec| Some((spec.id.clone(), value(&spec.id)?))).collect()
}

/// Every name that the run itself uses, as one text.
fn names(plan: &Plan, recipes: &[&Recipe]) -> Result<String, RunnerError> {
    let mut plan = serde_json::to_value(plan)
        .map_err(|source| RunnerError::internal(format!("cannot write the plan down: {source}")))?;
    if let Value::Object(parts) = &mut plan {
        // Free texts.
        parts.retain(|key, _| key != "notes" && key != "customization");
    }
    let of_recipe = |recipe: &&Recipe| {
        let services = recipe.compose.services.iter().flat_map(|(name, service)| [name.clone(), service.image.clone()]);
        let own = [recipe.volumes.values(), recipe.networks.values()].into_iter().flatten().map(|one| one.name.clone());
        let secrets = recipe.secrets.iter().map(|one| one.swarm_name.clone());
        let configs = recipe.configs.iter().map(|one| one.swarm_name.clone());
        services.chain(own).chain(secrets).chain(configs).collect::<Vec<_>>().join("\n")
    };
    let recipes: Vec<String> = recipes.iter().map(of_recipe).collect();
    Ok(format!("{plan}\n{}", recipes.join("\n")))
}
