//! The `docker stack` commands that read compose files: one folder, one list of files and one environment for all of them.

use super::EngineAddress;
use crate::process::Command;
use crate::swarm::Rendered;
use std::path::Path;

/// Names the docker command itself reads: an app may not set them for it.
const RESERVED: [&str; 11] = [
    "PATH",
    "HOME",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "GODEBUG",
];

/// Beginnings of names by which a program is made to load or run something else: a recipe's environment is a stranger's.
const RESERVED_BEGINNINGS: [&str; 2] = ["LD_", "DOCKER_CLI_"];

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || RESERVED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// `docker stack WORDS --compose-file …` over `files` of a stack. Variables in them are filled in from the app's
/// environment, and from nothing else but the few names that the command itself needs.
pub(super) fn stack_command<'a>(
    program: &Path,
    address: &EngineAddress,
    words: &[&str],
    stack: &Rendered,
    files: impl IntoIterator<Item = &'a std::path::PathBuf>,
) -> Command {
    let mut command = Command::new(program).arg("stack").args(words).cwd(&stack.folder);
    for file in files {
        command = command.arg("--compose-file").arg(file);
    }
    for (name, value) in stack.env.iter().filter(|(name, _)| !is_reserved(name)) {
        command = command.env(name, value);
    }
    command.envs(address.env())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::StackName;
    use std::collections::BTreeMap;

    #[test]
    fn a_recipe_cannot_make_the_docker_command_load_its_own_code() {
        let names =
            ["LD_PRELOAD", "LD_AUDIT", "PATH", "DOCKER_HOST", "DOCKER_CLI_HINTS", "GODEBUG", "DOMAIN", "DOCKER_TAG"];
        let env: BTreeMap<String, String> = names.map(|name| (name.to_owned(), "./evil.so".to_owned())).into();
        let stack = Rendered {
            stack: StackName::observed("s"),
            folder: "/".into(),
            own: Vec::new(),
            files: Vec::new(),
            apart: BTreeMap::new(),
            env,
        };
        let command = stack_command(Path::new("docker"), &EngineAddress::socket("/s"), &["config"], &stack, &[]);
        let given = command.env.iter().filter(|(_, value)| value.to_str() == Some("./evil.so"));
        let given: Vec<&str> = given.filter_map(|(name, _)| name.to_str()).collect();
        assert_eq!(given, ["DOCKER_TAG", "DOMAIN"]);
    }
}
