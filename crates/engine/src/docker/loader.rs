//! How the installed `docker` command reads compose files.

use super::EngineAddress;
use super::stack_command::stack_command;
use crate::process::{self, Command, Output, ProcessError};
use crate::swarm::{Loaded, Rendered, SwarmError};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the docker command may take to read the files; it needs some 20 ms.
const READING: Duration = Duration::from_secs(30);

/// Asks `program` how it reads `files` of a stack. Changes nothing and needs no engine.
pub async fn config(
    program: impl AsRef<OsStr>,
    address: &EngineAddress,
    stack: &Rendered,
    files: &[PathBuf],
) -> Result<Loaded, SwarmError> {
    let program = Path::new(program.as_ref());
    let output = run(&stack_command(program, address, &["config"], stack, files).deadline(READING)).await?;
    if output.success() && !output.stdout_text().trim_start().starts_with("Usage:") {
        return Ok(Loaded::Config(output.stdout_text()));
    }
    // A command without `stack config` shows the usage of `docker stack`, or complains about the first option it does not know.
    let bare = |words: &[&str]| Command::new(program).args(words.iter().copied()).envs(address.env()).deadline(READING);
    let (help, version) = (bare(&["stack", "config", "--help"]), bare(&["--version"]));
    let (help, version) = tokio::join!(run(&help), run(&version));
    let help = help?;
    if help.success() && help.stdout_text().contains("docker stack config") {
        return Ok(Loaded::Refused(output.last_words()));
    }
    let version = version?.stdout_text();
    let version = version.strip_prefix("Docker version ").and_then(|rest| rest.split([',', '+', ' ']).next());
    Ok(Loaded::NotAvailable(format!("Docker {} has no `docker stack config`", version.unwrap_or("here").trim())))
}

async fn run(command: &Command) -> Result<Output, SwarmError> {
    let failed = |error: ProcessError| SwarmError::Command {
        verb: "ask the docker command how it reads the compose files".to_owned(),
        text: error.to_string(),
    };
    // Whoever wants it ended drops the future, which kills it.
    process::run(command, &CancellationToken::new()).await.map_err(failed)
}
