//! Holds both trees against the compose policy, before anything is deployed (TRUST-2).

use super::customize::CATALOGUE;
use super::unusable;
use crate::error::{ErrorKind, RunnerError};
use crate::request::Request;
use cc_ci_model::policy::{self, Policy, file};
use cc_ci_model::settings::Settings;
use cc_ci_recipe::Recipe;
use cc_ci_store::state::StateFolder;
use std::io;

/// The operator's policy: the file given with `--policy`, else the one in the state folder, else nothing is allowed.
pub(crate) fn policy(state: &StateFolder, request: &Request) -> Result<Policy, RunnerError> {
    let path = request.policy.clone().unwrap_or_else(|| state.policy());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // A state folder that is none is refused where it is to be written to.
        Err(error) if is_absent(error.kind()) && request.policy.is_none() => return Ok(Policy::default()),
        Err(error) => return Err(unusable(&path, &error)),
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(file::FILE);
    Policy::read(name, &text).map_err(|problems| {
        RunnerError::of_problems(ErrorKind::Settings, format!("cannot use the policy in {}", path.display()), &problems)
    })
}

/// Refuses a recipe that asks for a longer run than the policy gives it. The catalogue is the operator's own.
pub(crate) fn short_enough(settings: &Settings, policy: &Policy) -> Result<(), RunnerError> {
    let (most, Some(given)) = (policy.longest_run(), settings.given.get("limits.run")) else { return Ok(()) };
    let ours = given.file.starts_with(&format!("{CATALOGUE}/"));
    match settings.limits.run {
        Some(asked) if asked > most && !ours => {
            let what = format!("limits.run: {asked} s is more than the {most} s that a recipe gets");
            Err(RunnerError::new(ErrorKind::Refused, "the settings ask for a longer run than the policy gives")
                .at(format!("{}: {what}", given.place()))
                .hint(format!(
                    "ask for less; or the operator allows it in {}: `[limits]` with `run = {asked}`",
                    file::FILE
                )))
        }
        Some(_) | None => Ok(()),
    }
}

fn is_absent(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Refuses a tree that asks for what the policy does not allow; answers with what it does allow. `which` is `the base
/// 1.0.0+1` or `head`.
pub(crate) fn allowed(recipe: &Recipe, which: &str, policy: &Policy) -> Result<Vec<String>, RunnerError> {
    let review = policy::review(recipe, policy);
    if review.refused.is_empty() {
        return Ok(review.allowed);
    }
    let message = format!("the recipe `{}` is refused at {which}: it asks for what is not its own", recipe.name);
    Err(RunnerError::of_problems(ErrorKind::Refused, message, &review.refused))
}
