//! Asks the installed docker command how it reads a tree that is about to be deployed, and compares that with our reading.
//!
//! What is deployed are not the recipe's own files but what we wrote of them, so this is about our fidelity. Three renderings
//! are asked for. The recipe's own files are compared with the reading that the plan was made from, and over all keys with
//! what we hand over; that with the generated override over it is compared with our reading plus the override, and with the
//! first rendering: an override that repeats a wrong reading would hide it.

use crate::process::Command;
use crate::swarm::{Loaded, Observe, Rendered, SwarmError};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::crosscheck::{Difference, Rendering, differences, meddling, unfaithful};
use cc_ci_recipe::source::{Ground, Problem, Severity};
use std::ffi::OsStr;
use std::path::PathBuf;

/// What the comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// The loader reads what we read.
    Same,
    /// The installed docker command cannot say how it reads the files.
    NotAvailable {
        /// Such as ``Docker 20.10.24 has no `docker stack config` ``.
        why: String,
    },
    /// The loader refuses the recipe's own files, as it will at the deploy: the recipe's fault, not ours.
    Refused {
        /// Its message.
        text: String,
    },
    /// The deployment would not be what the plan says: cc-ci's fault.
    Different(Vec<Difference>),
}

/// Why there is no comparison although the docker command has what it takes.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The docker command could not be run.
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    /// The generated override could not be read back.
    #[error("cannot read the generated override {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// We cannot read what the docker command printed, or our own override.
    #[error("cannot compare the compose files with `docker stack config`: {0}")]
    Unreadable(Problem),
}

/// What the loader said.
#[derive(Debug, Clone)]
pub struct Said {
    /// Of the recipe's own files.
    pub own: Loaded,
    /// Of what is handed over in their place.
    pub handed: Loaded,
    /// Of the same with the override over it.
    pub with: Loaded,
}

/// Compares `recipe`, the reading that the plan was made from, with what the loader reads in `stack`: the recipe's own files,
/// those handed over, and the generated override that is the last of them.
pub async fn check(observe: &dyn Observe, stack: &Rendered, recipe: &Recipe) -> Result<Checked, CheckError> {
    let Some((over, handed)) = stack.files.split_last() else { return Ok(Checked::Same) };
    let config = |files| observe.config(stack, files);
    let said = async {
        let (own, handed, with) = tokio::try_join!(config(&stack.own), config(handed), config(&stack.files))?;
        Ok::<_, CheckError>(Said { own, handed, with })
    };
    let (said, text) = tokio::join!(said, tokio::fs::read_to_string(over));
    let text = text.map_err(|source| CheckError::File { path: over.clone(), source })?;
    compare(stack, recipe, &text, said?)
}

/// Compares our reading, and the text of the override, with what the loader said.
pub fn compare(stack: &Rendered, recipe: &Recipe, text: &str, said: Said) -> Result<Checked, CheckError> {
    let Some(over) = stack.files.last() else { return Ok(Checked::Same) };
    let alone = match said.own {
        Loaded::Config(alone) => alone,
        Loaded::Refused(text) => return Ok(Checked::Refused { text }),
        Loaded::NotAvailable(why) => return Ok(Checked::NotAvailable { why }),
    };
    let (handed, with) = match (said.handed, said.with) {
        (Loaded::Config(handed), Loaded::Config(with)) => (handed, with),
        (Loaded::Refused(text), _) | (_, Loaded::Refused(text)) => {
            return Ok(Checked::Different(vec![Difference::Refused { text }]));
        }
        (Loaded::NotAvailable(why), _) | (_, Loaded::NotAvailable(why)) => return Ok(Checked::NotAvailable { why }),
    };
    let read = |text: &str| Rendering::read(text).map_err(CheckError::Unreadable);
    let (alone, handed, with) = (read(&alone)?, read(&handed)?, read(&with)?);
    let (mut merged, problems) = recipe.compose.with(&over.to_string_lossy(), text, &stack.env);
    if let Some(problem) = problems.into_iter().find(|problem| problem.severity == Severity::Error) {
        return Err(CheckError::Unreadable(problem));
    }
    merged.services.extend(stack.apart.clone());
    let (folder, home) = (stack.folder.to_string_lossy(), home());
    let ground = Ground { folder: &folder, home: home.as_deref() };
    let mut found = differences(&recipe.compose, &alone, &ground);
    // What is read wrong in the recipe's own files is read wrong with the override too.
    // A service that is handed over with our changes in it is compared with them below.
    let changed = |place: &str| stack.apart.keys().any(|name| place.starts_with(&format!("services.{name}.")));
    let more = unfaithful(&alone, &handed).into_iter().filter(|one| !one.place().is_some_and(changed));
    let more = more.chain(differences(&merged, &with, &ground)).chain(meddling(&alone, &with));
    let new: Vec<Difference> = more.filter(|one| !found.iter().any(|known| known.place() == one.place())).collect();
    found.extend(new);
    Ok(if found.is_empty() { Checked::Same } else { Checked::Different(found) })
}

/// What the docker command takes for the user's home: what it is given.
pub(crate) fn home() -> Option<String> {
    let command = Command::new("docker");
    command.env.get(OsStr::new("HOME")).and_then(|home| home.to_str()).map(str::to_owned)
}
