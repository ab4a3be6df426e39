//! Holds both trees against the compose policy, before anything is deployed (TRUST-2).

use super::customize::CATALOGUE;
use super::unusable;
use crate::error::{ErrorKind, RunnerError};
use crate::request::Request;
use cc_ci_model::policy::{self, Policy, PolicyFile, RepositoryAddress, file};
use cc_ci_model::settings::Settings;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::requests::Item;
use cc_ci_recipe::shell;
use cc_ci_recipe::source::Problem;
use cc_ci_store::state::StateFolder;
use std::io;
use std::path::PathBuf;

/// The operator's policy: the file given with `--policy`, else the one in the state folder, else nothing is allowed.
pub(crate) fn policy(state: &StateFolder, request: &Request) -> Result<PolicyFile, RunnerError> {
    let path = place(state, request);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // A state folder that is none is refused where it is to be written to.
        Err(error) if is_absent(error.kind()) && request.policy.is_none() => return Ok(PolicyFile::default()),
        Err(error) => return Err(unusable(&path, &error)),
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(file::FILE);
    PolicyFile::read(name, &text).map_err(|problems| {
        RunnerError::of_problems(ErrorKind::Settings, format!("cannot use the policy in {}", path.display()), &problems)
    })
}

/// The operator's policy file.
fn place(state: &StateFolder, request: &Request) -> PathBuf {
    request.policy.clone().unwrap_or_else(|| state.policy())
}

/// Refuses a recipe that asks for a longer run than the policy gives it. The catalogue is the operator's own.
pub(crate) fn short_enough(settings: &Settings, policy: &PolicyFile) -> Result<(), RunnerError> {
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

/// One repository and what its operator allows it.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Where the repository comes from.
    address: RepositoryAddress,
    /// What is allowed to it.
    pub(crate) policy: Policy,
    /// The file to write more into.
    file: PathBuf,
}

impl Allowance {
    /// What a policy file allows to the repository from `address`.
    pub(crate) fn of(file: &PolicyFile, address: RepositoryAddress, state: &StateFolder, request: &Request) -> Self {
        Self { policy: file.of(&address), address, file: place(state, request) }
    }

    /// The same with what the caller allows for one run.
    pub(crate) fn with(self, items: &[(Item, String)]) -> Self {
        Self { policy: self.policy.with(items, "--allow"), ..self }
    }

    /// Refuses a tree that asks for what is not allowed; returns what is. `which` is `the base 1.0.0+1` or `head`.
    pub(crate) fn review(&self, recipe: &Recipe, which: &str) -> Result<Vec<String>, RunnerError> {
        let review = policy::review(recipe, &self.policy);
        if review.refused.is_empty() {
            return Ok(review.allowed);
        }
        let other = self.policy.namesake().map(|(address, place)| {
            format!(
                "; {place} allows `{}` of another address: `{address}`, and this is `{}`",
                recipe.name,
                self.address.full()
            )
        });
        let other = other.unwrap_or_default();
        let message =
            format!("the recipe `{}` is refused at {which}: it asks for what is not its own{other}", recipe.name);
        let block = review.block(&self.address).replace('\n', "\n  ");
        let once = review.wanted.iter().flat_map(|(item, values)| values.iter().map(|value| (item.word(), value)));
        let once: Vec<String> =
            once.map(|(item, value)| format!("--allow {}", shell::word(&format!("{item}={value}")))).collect();
        let file = self.file.display();
        // One entry allows all of them, so each need not say how.
        let refused: Vec<Problem> = review.refused.into_iter().map(|one| Problem { hint: None, ..one }).collect();
        Err(RunnerError::of_problems(ErrorKind::Refused, message, &refused).hint(format!(
            "remove what is asked for; or allow it, as the operator of this machine, in {file}:\n  {block}\nor for one run of a recipe \
             of your own: {}",
            once.join(" ")
        )))
    }
}
