//! The `docker stack` commands that read compose files: one folder, one list of files and one environment for all of them.

use super::EngineAddress;
use crate::process::Command;
use crate::swarm::Rendered;
use cc_ci_recipe::reserved::is_reserved;
use std::path::Path;

/// `docker stack WORDS --compose-file …` over `files` of a stack. Variables in the recipe's own files are filled in from the
/// app's environment; what we wrote has none left, and the command is given none.
pub(super) fn stack_command<'a>(
    program: &Path,
    address: &EngineAddress,
    words: &[&str],
    stack: &Rendered,
    files: impl IntoIterator<Item = &'a std::path::PathBuf>,
) -> Command {
    let mut command = Command::new(program).arg("stack").args(words).cwd(&stack.folder);
    let mut own = false;
    for file in files {
        own |= stack.own.contains(file);
        command = command.arg("--compose-file").arg(file);
    }
    for (name, value) in stack.env.iter().filter(|(name, _)| own && !is_reserved(name)) {
        command = command.env(name, value);
    }
    command.envs(address.env())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::StackName;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    #[test]
    fn a_recipe_cannot_make_the_docker_command_load_its_own_code() {
        let names =
            ["LD_PRELOAD", "LD_AUDIT", "PATH", "DOCKER_HOST", "DOCKER_CLI_HINTS", "GODEBUG", "DOMAIN", "DOCKER_TAG"];
        let env: BTreeMap<String, String> = names.map(|name| (name.to_owned(), "./evil.so".to_owned())).into();
        let stack = Rendered {
            stack: StackName::observed("s"),
            folder: "/".into(),
            own: vec!["/compose.yml".into()],
            files: vec!["/0.json".into()],
            apart: BTreeMap::new(),
            env,
        };
        let given = |files: &[PathBuf]| {
            let command = stack_command(Path::new("docker"), &EngineAddress::socket("/s"), &["config"], &stack, files);
            let given = command.env.iter().filter(|(_, value)| value.to_str() == Some("./evil.so"));
            given.filter_map(|(name, _)| name.to_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(given(&stack.own), ["DOCKER_TAG", "DOMAIN"]);
        assert_eq!(given(&stack.files), [""; 0]);
    }
}
