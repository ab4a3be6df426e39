//! Asks the installed docker command how it reads a tree that is about to be deployed, and compares that with our reading.
//!
//! Two renderings are asked for. The recipe's own files are compared with the reading that the plan was made from; with the
//! generated override over them they are compared with that reading plus the override, and with the first rendering: an
//! override that repeats a wrong reading would hide it.

use crate::docker::stack_command::stack_command;
use crate::process::{self, Command, Output, ProcessError};
use crate::swarm::Rendered;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::crosscheck::{Difference, Ground, Rendering, differences, meddling};
use cc_ci_recipe::source::{Problem, Severity};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
    Process(#[from] ProcessError),
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

/// How long the docker command may take to read the files; it needs some 20 ms.
const READING: Duration = Duration::from_secs(30);

/// Compares `recipe`, the reading that the plan was made from, with what the docker command reads in `stack`: the recipe's
/// own files, and the generated override that is the last of them. Changes nothing and needs no engine.
pub async fn check(stack: &Rendered, recipe: &Recipe, cancel: &CancellationToken) -> Result<Checked, CheckError> {
    check_with(Path::new("docker"), stack, recipe, cancel).await
}

/// [`check`] with another docker program than the one in `PATH`.
pub async fn check_with(
    docker: &Path,
    stack: &Rendered,
    recipe: &Recipe,
    cancel: &CancellationToken,
) -> Result<Checked, CheckError> {
    let (Some(over), own) = (stack.files.last(), &stack.own) else { return Ok(Checked::Same) };
    let config = |files: &[PathBuf]| stack_command(docker, &["config"], stack, files).deadline(READING);
    let (alone, with) = (config(own), config(&stack.files));
    let (alone, with, text) =
        tokio::join!(process::run(&alone, cancel), process::run(&with, cancel), tokio::fs::read_to_string(over),);
    let (alone, with) = (alone?, with?);
    let text = text.map_err(|source| CheckError::File { path: over.clone(), source })?;
    if !alone.success() || alone.stdout_text().trim_start().starts_with("Usage:") {
        return unrendered(docker, &alone, cancel).await;
    }
    if !with.success() {
        return Ok(Checked::Different(vec![Difference::Refused { text: with.last_words() }]));
    }
    let read = |output: &Output| Rendering::read(&output.stdout_text()).map_err(CheckError::Unreadable);
    let (alone, with) = (read(&alone)?, read(&with)?);
    let (mut merged, problems) = recipe.compose.with(&over.to_string_lossy(), &text, &stack.env);
    if let Some(problem) = problems.into_iter().find(|problem| problem.severity == Severity::Error) {
        return Err(CheckError::Unreadable(problem));
    }
    merged.services.extend(stack.apart.clone());
    let (folder, home) = (stack.folder.to_string_lossy(), home());
    let ground = Ground { folder: &folder, home: home.as_deref() };
    let mut found = differences(&recipe.compose, &alone, &ground);
    // What is read wrong in the recipe's own files is read wrong with the override too.
    let more = differences(&merged, &with, &ground).into_iter().chain(meddling(&alone, &with));
    let new: Vec<Difference> = more.filter(|one| !found.iter().any(|known| known.place() == one.place())).collect();
    found.extend(new);
    Ok(if found.is_empty() { Checked::Same } else { Checked::Different(found) })
}

/// What the docker command takes for the user's home: what it is given.
fn home() -> Option<String> {
    let command = Command::new("docker");
    command.env.get(OsStr::new("HOME")).and_then(|home| home.to_str()).map(str::to_owned)
}

/// Why there is no rendering of the recipe's own files. A docker command without `stack config` answers with the usage of
/// `docker stack`, or complains about the first option it does not know.
async fn unrendered(docker: &Path, answer: &Output, cancel: &CancellationToken) -> Result<Checked, CheckError> {
    let help = Command::new(docker).args(["stack", "config", "--help"]).deadline(READING);
    let version = Command::new(docker).arg("--version").deadline(READING);
    let (help, version) = tokio::join!(process::run(&help, cancel), process::run(&version, cancel));
    let help = help?;
    if help.success() && help.stdout_text().contains("docker stack config") {
        return Ok(Checked::Refused { text: answer.last_words() });
    }
    let version = version?.stdout_text();
    let version = version.strip_prefix("Docker version ").and_then(|rest| rest.split([',', '+', ' ']).next());
    Ok(Checked::NotAvailable {
        why: format!("Docker {} has no `docker stack config`", version.unwrap_or("here").trim()),
    })
}
