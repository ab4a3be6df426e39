//! The `docker stack` commands that read compose files: one folder, one list of files and one environment for all of them.

use crate::process::Command;
use crate::swarm::Rendered;
use std::path::Path;

/// Names the docker command itself reads: an app may not set them for it.
const RESERVED: [&str; 8] = [
    "PATH",
    "HOME",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
];

/// `docker stack WORDS --compose-file …` over `files` of a stack. Variables in them are filled in from the app's
/// environment, and from nothing else but the few names that the command itself needs.
pub(crate) fn stack_command<'a>(
    program: &Path,
    words: &[&str],
    stack: &Rendered,
    files: impl IntoIterator<Item = &'a std::path::PathBuf>,
) -> Command {
    let mut command = Command::new(program).arg("stack").args(words).cwd(&stack.folder);
    for file in files {
        command = command.arg("--compose-file").arg(file);
    }
    for (name, value) in stack.env.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str())) {
        command = command.env(name, value);
    }
    command.inherit(&["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"])
}
