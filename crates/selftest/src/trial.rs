//! Tries one case: makes its repository, starts the program on it, and compares.

use crate::absence::{self, TriedCase};
use crate::answer::{self, CaseAnswer};
use crate::case::{Case, CaseId, Described, LintRow, LoaderRow, Question};
use crate::catalogue::Catalogue;
use crate::compare::{self, Rules};
use crate::repository;
use cc_ci_engine::process::{self, Command, Ended, ProcessError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longer than the program's own limit for a run.
const RUN_LIMIT: Duration = Duration::from_secs(70 * 60);

/// Files alone are read within seconds; a program that hangs has failed.
const FILES_LIMIT: Duration = Duration::from_secs(120);

/// What trying a case needs.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The program under test.
    pub program: PathBuf,
    /// Variables of its environment: where its engine is, and the like.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder it keeps everything in.
    pub state: PathBuf,
    /// Where the cases are.
    pub catalogue: Catalogue,
    /// A folder for the repositories of the cases.
    pub work: PathBuf,
}

/// How a case came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseOutcome {
    /// As it should.
    Right,
    /// Otherwise: what differs.
    Wrong(Vec<String>),
    /// It could not be tried, and why. Such a case is not right.
    NotTried(String),
}

/// One line of the score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The case.
    pub id: CaseId,
    /// How it came out.
    pub outcome: CaseOutcome,
    /// The first line of what the program said.
    pub first_line: String,
    /// How long it took, without making the repository.
    pub took: Duration,
}

impl Bench {
    /// Tries a case. Its repository is removed again when the case came out right.
    pub async fn try_case(&self, case: &Case, cancel: &CancellationToken) -> Trial {
        let work = self.work.join(&case.id.group).join(&case.id.name);
        let tried = match fresh(&work) {
            Ok(()) => self.ask(case, &work, cancel).await.map_err(|error| error.to_string()),
            Err(error) => Err(format!("cannot make {}: {error}", work.display())),
        };
        let (outcome, first_line, took) = match tried {
            Ok((wrong, answer)) if wrong.is_empty() => (CaseOutcome::Right, answer.first_line, answer.took),
            Ok((wrong, answer)) => (CaseOutcome::Wrong(wrong), answer.first_line, answer.took),
            Err(why) => (CaseOutcome::NotTried(why), String::new(), Duration::ZERO),
        };
        if outcome == CaseOutcome::Right {
            // What cannot be removed now is removed before the next try.
            let _kept = std::fs::remove_dir_all(&work);
        }
        Trial { id: case.id.clone(), outcome, first_line, took }
    }

    async fn ask(
        &self,
        case: &Case,
        work: &Path,
        cancel: &CancellationToken,
    ) -> Result<(Vec<String>, CaseAnswer), ProcessError> {
        let name = repository::recipe_name(case);
        let recipe = repository::make(&self.catalogue, &case.id, name, work, cancel).await?;
        let (mut wrong, answer) = match &case.question {
            Question::Run(described) => self.ask_run(&case.id, described, &recipe, cancel).await,
            Question::Files(described) => self.ask_files(&case.id, described, &recipe, cancel).await,
            Question::Loader(row) => self.ask_loader(row, &recipe, cancel).await,
            Question::Lint(row) => self.ask_lint(row, &recipe, work, cancel).await,
        }?;
        if case.question.described().is_some_and(|described| described.right.absent.is_some()) {
            let (folder, recipe, state) = (self.folder(&case.id), &recipe, &self.state);
            let tried = TriedCase { case: &folder, recipe, state, environment: &self.environment, answer: &answer };
            let there = absence::found(&tried, cancel).await?;
            wrong.extend(there.into_iter().map(|what| format!("is there and must not be: {what}")));
        }
        Ok((wrong, answer))
    }

    async fn ask_run(
        &self,
        id: &CaseId,
        described: &Described,
        recipe: &Path,
        cancel: &CancellationToken,
    ) -> Result<(Vec<String>, CaseAnswer), ProcessError> {
        let words = self.words(id, &described.needs.flags);
        let run = self.command("run", recipe, &words).arg("--json").deadline(RUN_LIMIT);
        let beside = described.needs.meanwhile.as_ref().map(|script| self.folder(id).join(script));
        let answer = match beside {
            Some(script) => with_neighbour(&script, recipe, &run, cancel).await?,
            None => said(&run, cancel).await?,
        };
        let lint = self.wished_lint(described, recipe, cancel).await?;
        Ok((compare::run(&described.right, &answer, lint.as_ref()), answer))
    }

    async fn ask_files(
        &self,
        id: &CaseId,
        described: &Described,
        recipe: &Path,
        cancel: &CancellationToken,
    ) -> Result<(Vec<String>, CaseAnswer), ProcessError> {
        let words = self.words(id, &described.needs.flags);
        let answer = self.files("plan", recipe, &words, cancel).await?;
        let lint = self.wished_lint(described, recipe, cancel).await?;
        Ok((compare::files(&described.right, &answer, lint.as_ref()), answer))
    }

    async fn wished_lint(
        &self,
        described: &Described,
        recipe: &Path,
        cancel: &CancellationToken,
    ) -> Result<Option<Rules>, ProcessError> {
        match described.right.lint {
            Some(_) => Ok(Some(self.lint(recipe, cancel).await?.0)),
            None => Ok(None),
        }
    }

    async fn ask_loader(
        &self,
        row: &LoaderRow,
        recipe: &Path,
        cancel: &CancellationToken,
    ) -> Result<(Vec<String>, CaseAnswer), ProcessError> {
        let answer = self.files("plan", recipe, &[], cancel).await?;
        Ok((compare::loader(row, &answer), answer))
    }

    async fn ask_lint(
        &self,
        row: &LintRow,
        recipe: &Path,
        work: &Path,
        cancel: &CancellationToken,
    ) -> Result<(Vec<String>, CaseAnswer), ProcessError> {
        let id = CaseId::new("lint", &row.twin);
        let name = recipe.file_name().unwrap_or_default().to_string_lossy();
        let twin = repository::make(&self.catalogue, &id, &name, &work.join("twin"), cancel).await?;
        let (rules, answer) = self.lint(recipe, cancel).await?;
        let (of_twin, _) = self.lint(&twin, cancel).await?;
        Ok((compare::lint(row, &rules, &of_twin), answer))
    }

    async fn lint(&self, recipe: &Path, cancel: &CancellationToken) -> Result<(Rules, CaseAnswer), ProcessError> {
        let words = ["--format".to_owned(), "json".to_owned()];
        let command = self.command("lint", recipe, &words).deadline(FILES_LIMIT);
        let output = process::run(&command, cancel).await?;
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let answer = CaseAnswer::read(output.code(), &output.stdout_text(), &output.stderr_text(), output.took);
        Ok((answer::rules(&report), answer))
    }

    async fn files(
        &self,
        command: &str,
        recipe: &Path,
        words: &[String],
        cancel: &CancellationToken,
    ) -> Result<CaseAnswer, ProcessError> {
        said(&self.command(command, recipe, words).deadline(FILES_LIMIT), cancel).await
    }

    fn command(&self, command: &str, recipe: &Path, words: &[String]) -> Command {
        let start = Command::new(&self.program).arg("--state").arg(&self.state).arg(command).arg(recipe);
        self.environment.iter().fold(start.args(words), |command, (name, value)| command.env(name, value))
    }

    fn folder(&self, id: &CaseId) -> PathBuf {
        self.catalogue.folder.join(&id.group).join(&id.name)
    }

    fn words(&self, id: &CaseId, flags: &str) -> Vec<String> {
        let (case, state) = (self.folder(id).display().to_string(), self.state.display().to_string());
        flags.split_whitespace().map(|word| word.replace("CASE", &case).replace("STATE", &state)).collect()
    }
}

fn fresh(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)
}

async fn said(command: &Command, cancel: &CancellationToken) -> Result<CaseAnswer, ProcessError> {
    let output = process::run(command, cancel).await?;
    let mut answer = CaseAnswer::read(output.code(), &output.stdout_text(), &output.stderr_text(), output.took);
    if output.ended == Ended::TimedOut {
        answer.first_line = format!("did not end within {} s", command.deadline.as_secs());
    }
    Ok(answer)
}

/// Performs the run while a script of the case does something on the same engine. The script is asked to end, so that it can
/// remove what it made; `ended` appears when it may.
async fn with_neighbour(
    script: &Path,
    recipe: &Path,
    run: &Command,
    cancel: &CancellationToken,
) -> Result<CaseAnswer, ProcessError> {
    let ended = recipe.with_extension("ended");
    // POSIX shells have no wait for a file, so the shell looks five times a second.
    let watch = "sh \"$1\" & pid=$!; while [ ! -e \"$2\" ] && kill -0 $pid; do sleep 0.2; done; kill $pid; wait $pid";
    let neighbour =
        Command::new("sh").args(["-c", watch, "sh"]).arg(script).arg(&ended).deadline(RUN_LIMIT + FILES_LIMIT);
    let beside = async {
        let answer = said(run, cancel).await;
        let told =
            std::fs::write(&ended, b"").map_err(|source| ProcessError::Lost { program: "sh".to_owned(), source });
        told.and(answer)
    };
    let (answer, neighbour) = tokio::join!(beside, process::run(&neighbour, cancel));
    neighbour?;
    answer
}
