//! Looks for what must not be there after a case was tried, by the case's own script.

use crate::answer::CaseAnswer;
use cc_ci_engine::process::{self, Command, ProcessError};
use std::ffi::OsString;
use std::path::{Path, absolute};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The script's name in the folder of its case. Each line that it prints names something that is there and must not be.
pub const SCRIPT: &str = "absent.sh";

/// A script may start the program once more.
const LIMIT: Duration = Duration::from_secs(300);

/// What was tried, and with what.
#[derive(Debug)]
pub struct TriedCase<'a> {
    /// The case's folder.
    pub case: &'a Path,
    /// Its repository, in which the script works.
    pub recipe: &'a Path,
    /// The folder in which the program keeps everything.
    pub state: &'a Path,
    /// Variables of the program's environment.
    pub environment: &'a [(OsString, OsString)],
    /// What the program said.
    pub answer: &'a CaseAnswer,
}

/// What is there and must not be, one sentence each. A script that cannot look has shown nothing.
pub async fn found(tried: &TriedCase<'_>, cancel: &CancellationToken) -> Result<Vec<String>, ProcessError> {
    let said = tried.recipe.with_extension("said");
    let lost = |source| ProcessError::Lost { program: SCRIPT.to_owned(), source };
    std::fs::write(&said, &tried.answer.report).map_err(lost)?;
    // The script works in another folder than this program.
    let (case, state) = (absolute(tried.case).map_err(lost)?, absolute(tried.state).map_err(lost)?);
    let run = tried.answer.run.as_ref().map(|run| state.join("runs").join(run).into_os_string());
    let script = Command::new("sh")
        .arg(case.join(SCRIPT))
        .cwd(tried.recipe)
        .envs(tried.environment.iter().cloned())
        // The program that is running, also if another one lies in its place by now.
        .env("CC_CI", format!("/proc/{}/exe", std::process::id()))
        .env("CC_CI_STATE", state)
        .env("RUN", run.unwrap_or_default())
        .env("SAID", absolute(&said).map_err(lost)?)
        .deadline(LIMIT);
    let output = process::run(&script, cancel).await?;
    let mut there: Vec<String> = output.stdout_text().lines().map(str::to_owned).collect();
    if !output.success() {
        there.push(format!("{SCRIPT} could not look: {}", output.last_words()));
    }
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(script: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let recipe = folder.path().join("recipe");
        std::fs::create_dir(&recipe).unwrap();
        std::fs::write(folder.path().join(SCRIPT), script).unwrap();
        let results = serde_json::json!({"verdict": "green", "run_id": "7", "reasons": ["canary"]}).to_string();
        let answer = CaseAnswer::read(Some(0), &results, "", Duration::ZERO);
        let environment = [("DOCKER_HOST".into(), "unix:///engine".into())];
        let (case, state) = (folder.path(), Path::new("/state"));
        let tried = TriedCase { case, recipe: &recipe, state, environment: &environment, answer: &answer };
        assert_eq!(found(&tried, &CancellationToken::new()).await.unwrap(), expected, "{script}");
    }

    #[tokio::test]
    async fn what_the_script_prints_is_there_and_a_script_that_fails_has_not_looked() {
        check("exit 0", &[]).await;
        check(
            "grep -o canary \"$SAID\"; basename \"$PWD\"; echo \"$RUN $DOCKER_HOST\"",
            &["canary", "recipe", "/state/runs/7 unix:///engine"],
        )
        .await;
        check("echo one; echo no tool >&2; exit 3", &["one", "absent.sh could not look: no tool"]).await;
    }
}
