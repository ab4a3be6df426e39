//! Values of the secrets that nobody can generate: given by the caller, or to be provided by a dependency.

use super::unusable;
use crate::error::{ErrorKind, RunnerError};
use crate::request::Request;
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::settings::Settings;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::secrets::{SecretOrigin, SecretSpec};
use std::collections::{BTreeMap, BTreeSet};

/// Values for the secrets nobody can generate. A run without one would test an app no operator has, unless what it begins with has
/// the secret already.
pub(crate) fn given_secrets(
    request: &Request,
    settings: &Settings,
    recipes: [Option<&Recipe>; 2],
    kind: &Kind,
) -> Result<BTreeMap<String, String>, RunnerError> {
    let mut given = BTreeMap::new();
    for secret in &request.secrets {
        let value = std::fs::read_to_string(&secret.file).map_err(|source| unusable(&secret.file, &source))?;
        given.insert(secret.name.clone(), value.trim_end_matches('\n').to_owned());
    }
    let all = || recipes.into_iter().flatten().flat_map(|recipe| &recipe.secrets);
    let known = || {
        let names: BTreeSet<&str> = all().map(|spec| spec.id.as_str()).collect();
        let known = names.into_iter().collect::<Vec<_>>().join(", ");
        if known.is_empty() { "it uses none".to_owned() } else { format!("it uses {known}") }
    };
    if let Some(unknown) = given.keys().find(|name| !all().any(|spec| spec.id == **name)) {
        let message = format!("the recipe uses no secret `{unknown}`");
        return Err(RunnerError::new(ErrorKind::Usage, message).hint(known()));
    }
    let provided = settings.provided.iter().flat_map(|(capability, one)| {
        one.secrets.keys().map(move |id| (id, format!("provided.{capability}.secrets.{id}")))
    });
    let provided: BTreeMap<&String, String> = provided.collect();
    for (id, key) in &provided {
        let what = match (all().any(|spec| spec.id == **id), given.contains_key(*id)) {
            (true, false) => continue,
            (true, true) => format!("--secret {id}=… gives it as well"),
            (false, _) => format!("the recipe uses no secret `{id}`: {}", known()),
        };
        return Err(RunnerError::new(ErrorKind::Settings, "cannot use the settings")
            .at(format!("{}: {key}: {what}", settings.place(key))));
    }
    let given_or_provided = |id: &String| given.contains_key(id) || provided.contains_key(id);
    let kept = |name: &String| kind.canonical().is_some_and(|canonical| canonical.secrets.contains(name));
    let is_there = |spec: &SecretSpec| given_or_provided(&spec.id) || kept(&spec.swarm_name);
    let missing = all().find(|spec| spec.origin == SecretOrigin::Inserted && !is_there(spec));
    match missing {
        None => Ok(given),
        Some(spec) => {
            let variable = spec.variable.clone().unwrap_or_default();
            Err(RunnerError::new(ErrorKind::Settings, format!("nobody gives the secret `{}` a value", spec.id))
                .at(format!(".env.sample: {variable}: `generate=false` leaves it to the operator"))
                .hint(format!("give a value for the test with --secret {}=FILE", spec.id)))
        }
    }
}
