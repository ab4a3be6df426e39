//! What a run wrote about its end.

use cc_ci_model::exit::EndKind;
use serde::Deserialize;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The newest form that is understood.
const SCHEMA: u32 = 1;

/// The end of a run as it tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ChildOutcome {
    schema: u32,
    /// The run.
    pub(crate) run: Option<String>,
    /// What kind of end it was.
    pub(crate) kind: EndKind,
    /// In words.
    pub(crate) message: String,
    /// What was wrong, where there was no verdict.
    #[serde(default)]
    pub(crate) problems: Vec<ChildProblem>,
    /// What to do now.
    #[serde(default)]
    pub(crate) hint: Option<String>,
    /// The run's folder.
    #[serde(default)]
    pub(crate) folder: Option<PathBuf>,
}

/// Something that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ChildProblem {
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    line: Option<u32>,
    #[serde(default)]
    key: Option<String>,
    what: String,
}

impl ChildOutcome {
    /// Reads the file; `None` when there is none. It was written whole, so what cannot be read is of another program.
    pub(crate) fn read(file: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let outcome: Self = serde_json::from_slice(&text)?;
        if outcome.schema > SCHEMA {
            return Err(io::Error::other(format!("the outcome has the form {}, which is not known", outcome.schema)));
        }
        Ok(Some(outcome))
    }

    /// All that it says, one line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let place = |problem: &ChildProblem| {
            let line = problem.line.map(|line| format!("line {line}"));
            [problem.file.clone(), line, problem.key.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ")
        };
        let problem = |problem: &ChildProblem| match place(problem) {
            place if place.is_empty() => problem.what.clone(),
            place => format!("{place}: {}", problem.what),
        };
        let first = [self.message.clone()].into_iter();
        first
            .chain(self.problems.iter().map(problem))
            .chain(self.hint.iter().map(|hint| format!("hint: {hint}")))
            .collect()
    }
}
