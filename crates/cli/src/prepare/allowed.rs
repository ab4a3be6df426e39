//! Holds both trees against the compose policy, before anything is deployed (TRUST-2).

use super::customize::CATALOGUE;
use super::{problems_error, unusable};
use crate::args::RecipeArgs;
use crate::error::{Kind, UserError};
use cc_ci_model::policy::{self, Policy, file};
use cc_ci_model::settings::Settings;
use cc_ci_recipe::Recipe;
use cc_ci_store::state::StateFolder;
use std::io::ErrorKind;

/// The operator's policy: the file given with `--policy`, else the one in the state folder, else nothing is allowed.
pub(super) fn policy(state: &StateFolder, args: &RecipeArgs) -> Result<Policy, UserError> {
    let path = args.policy.clone().unwrap_or_else(|| state.policy());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // A state folder that is none is refused where it is to be written to.
        Err(error) if is_absent(error.kind()) && args.policy.is_none() => return Ok(Policy::default()),
        Err(error) => return Err(unusable(&path, &error)),
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(file::FILE);
    Policy::read(name, &text).map_err(|problems| {
        problems_error(Kind::Settings, format!("cannot use the policy in {}", path.display()), &problems)
    })
}

/// Refuses a recipe that asks for a longer run than the policy gives it. The catalogue is the operator's own.
pub(super) fn short_enough(settings: &Settings, policy: &Policy) -> Result<(), UserError> {
    let (most, Some(given)) = (policy.longest_run(), settings.given.get("limits.run")) else { return Ok(()) };
    let ours = given.file.starts_with(&format!("{CATALOGUE}/"));
    match settings.limits.run {
        Some(asked) if asked > most && !ours => {
            let what = format!("limits.run: {asked} s is more than the {most} s that a recipe gets");
            Err(UserError::new(Kind::Refused, "the settings ask for a longer run than the policy gives")
                .at(format!("{}: {what}", given.place()))
                .hint(format!(
                    "ask for less; or the operator allows it in {}: `[limits]` with `run = {asked}`",
                    file::FILE
                )))
        }
        Some(_) | None => Ok(()),
    }
}

fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Refuses a tree that asks for what the policy does not allow; answers with what it does allow. `which` is `the base
/// 1.0.0+1` or `head`.
pub(super) fn allowed(recipe: &Recipe, which: &str, policy: &Policy) -> Result<Vec<String>, UserError> {
    let review = policy::review(recipe, policy);
    if review.refused.is_empty() {
        return Ok(review.allowed);
    }
    let message = format!("the recipe `{}` is refused at {which}: it asks for what is not its own", recipe.name);
    Err(problems_error(Kind::Refused, message, &review.refused))
}
