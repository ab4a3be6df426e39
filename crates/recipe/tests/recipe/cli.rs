//! Asks the docker CLI for its reading of compose files and compares it with ours.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cc_ci_recipe::compose::Compose;
use cc_ci_recipe::crosscheck::{Difference, Rendering, differences};
use cc_ci_recipe::source::{Files, Ground, Severity};

/// What `docker stack config` prints, or why it refuses; `None` where there is no such command. `CC_CI_DOCKER_CLI` names
/// another docker program than the one in `PATH`, and then it has to have the command.
pub(crate) fn run_cli(
    folder: &Path,
    names: &[String],
    env: &BTreeMap<String, String>,
) -> Option<Result<String, String>> {
    let asked_for = std::env::var_os("CC_CI_DOCKER_CLI");
    let program = asked_for.clone().unwrap_or_else(|| "docker".into());
    let mut command = Command::new(&program);
    command.current_dir(folder).env_clear().envs(env).args(["stack", "config"]);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    for name in names {
        command.args(["-c", name]);
    }
    let skip = |why: &str| {
        assert!(asked_for.is_none(), "{program:?}: {why}");
        eprintln!("skipped: {why}");
    };
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            skip(&format!("no docker command: {error}"));
            return None;
        }
    };
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if errors.contains("unknown shorthand flag") || errors.contains("not a docker command") {
        skip("this docker command has no `stack config`");
        return None;
    }
    Some(if output.status.success() { Ok(text.into_owned()) } else { Err(errors.into_owned()) })
}

/// Our reading, or what we find wrong.
pub(crate) fn read(files: &Files, names: &[String], env: &BTreeMap<String, String>) -> Result<Compose, Vec<String>> {
    let (compose, problems) = Compose::read(files, names, env);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    if errors.is_empty() { Ok(compose) } else { Err(errors) }
}

pub(crate) fn compare(folder: &Path, names: &[String], files: &Files, env: &BTreeMap<String, String>) {
    let Some(printed) = run_cli(folder, names, env) else { return };
    match (read(files, names, env), printed) {
        (Ok(compose), Ok(printed)) => same(&compose, &printed, folder),
        (Err(errors), Ok(_)) => panic!("the CLI takes it, we say: {errors:#?}"),
        (Ok(_), Err(error)) => panic!("the CLI refuses it: {error}"),
        (Err(_), Err(_)) => {}
    }
}

/// Fails with every place where our reading is not the printed one.
pub(crate) fn same(compose: &Compose, printed: &str, folder: &Path) {
    let ground = Ground { folder: folder.to_str().unwrap(), home: None };
    none(&differences(compose, &Rendering::read(printed).unwrap(), &ground), printed);
}

/// Fails when there is a difference.
pub(crate) fn none(found: &[Difference], printed: &str) {
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}\nin:\n{printed}", found.join("\n"));
}
