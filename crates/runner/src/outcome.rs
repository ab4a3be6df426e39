//! The file that tells how a run ended to whoever started it as a child and may have been away meanwhile.

use crate::error::{Complaint, ErrorKind, RunnerError};
use cc_ci_model::event::RunEnd;
use cc_ci_model::exit::{self, EndKind};
use cc_ci_model::ids::RunId;
use cc_ci_model::report::{ReportView, summary};
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The version of the file's form.
pub const SCHEMA: u32 = 1;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// The version of this form.
    pub schema: u32,
    /// The run; `None` when nobody could say which.
    pub run: Option<String>,
    /// The answer of the process.
    pub exit_code: u8,
    /// What kind of end it was.
    pub kind: EndKind,
    /// In words: the verdict in one line, or what could not be done.
    pub message: String,
    /// What was wrong, each with its place, where there was no verdict.
    pub problems: Vec<Complaint>,
    /// What to do now.
    pub hint: Option<String>,
    /// The run's folder; `None` when no run came of it.
    pub folder: Option<PathBuf>,
}

impl From<ErrorKind> for EndKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage => Self::Usage,
            ErrorKind::Settings => Self::Settings,
            ErrorKind::Recipe => Self::Recipe,
            ErrorKind::Refused => Self::Policy,
            ErrorKind::NoSwarm => Self::NoSwarm,
            ErrorKind::Infrastructure => Self::Infrastructure,
            ErrorKind::Cancelled => Self::Cancelled,
            ErrorKind::Internal => Self::Internal,
        }
    }
}

impl RunOutcome {
    /// The end of a run that was judged.
    #[must_use]
    pub fn judged(view: &ReportView, end: &RunEnd, folder: &Path) -> Self {
        let kind = match end {
            RunEnd::Cancelled { .. } => EndKind::Cancelled,
            RunEnd::Deadline => EndKind::Deadline,
            RunEnd::Completed | RunEnd::Infrastructure { .. } | RunEnd::Broken { .. } => {
                of_verdict(view.verdict.color, view.verdict.blame)
            }
        };
        Self {
            schema: SCHEMA,
            run: Some(view.run.to_string()),
            exit_code: exit::of_process(&view.verdict, Some(end)),
            kind,
            message: summary::headline(view),
            problems: Vec::new(),
            hint: None,
            folder: Some(folder.to_owned()),
        }
    }

    /// The end of a request that no run came of.
    #[must_use]
    pub fn refused(run: Option<&RunId>, error: &RunnerError) -> Self {
        Self {
            schema: SCHEMA,
            run: run.map(ToString::to_string),
            exit_code: error.kind.exit_code(),
            kind: error.kind.into(),
            message: error.message.clone(),
            problems: error.problems.clone(),
            hint: error.hint.clone(),
            folder: None,
        }
    }

    /// Reads the file back.
    pub fn read(file: &Path) -> Result<Self, RunnerError> {
        let failed = |why: String| {
            RunnerError::new(ErrorKind::Infrastructure, format!("cannot read the outcome {}: {why}", file.display()))
        };
        let text = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
    }
}

fn of_verdict(color: Color, blame: Option<Blame>) -> EndKind {
    match (color, blame) {
        (Color::Green, _) => EndKind::Green,
        (Color::Cancelled, _) => EndKind::Cancelled,
        (Color::Red | Color::Unverified, Some(blame)) => match blame {
            Blame::Recipe | Blame::Base | Blame::Dependency | Blame::Test => EndKind::Red,
            Blame::Infrastructure => EndKind::Infrastructure,
            Blame::Cancelled => EndKind::Cancelled,
            Blame::Harness => EndKind::Internal,
        },
        (Color::Red | Color::Unverified, None) => EndKind::Internal,
    }
}

/// Promises an outcome: whatever happens to its owner but SIGKILL, the file is written. Made before anything else.
#[derive(Debug)]
pub struct OutcomeGuard {
    file: PathBuf,
    run: Option<String>,
    kept: bool,
}

impl OutcomeGuard {
    /// Promises `file` for a run, as far as its id is known.
    #[must_use]
    pub fn new(file: PathBuf, run: Option<String>) -> Self {
        Self { file, run, kept: false }
    }

    /// Keeps the promise: the file is there whole, or not at all.
    pub fn keep(mut self, outcome: &RunOutcome) -> Result<(), RunnerError> {
        self.kept = true;
        // A request that was refused early does not know its run.
        let run = outcome.run.clone().or_else(|| self.run.clone());
        self.write(&RunOutcome { run, ..outcome.clone() }).map_err(|error| {
            RunnerError::new(ErrorKind::Infrastructure, format!("cannot write {}: {error}", self.file.display()))
        })
    }

    fn write(&self, outcome: &RunOutcome) -> Result<(), std::io::Error> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut draft = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        serde_json::to_writer_pretty(&mut draft, outcome)?;
        draft.write_all(b"\n")?;
        draft.as_file().sync_all()?;
        draft.persist(&self.file).map(drop).map_err(|error| error.error)
    }
}

impl Drop for OutcomeGuard {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let error = RunnerError::internal("the process stopped with a bug; its standard error says more");
        let outcome = RunOutcome { run: self.run.clone(), ..RunOutcome::refused(None, &error) };
        // There is nobody left to tell.
        let _lost = self.write(&outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(folder: &Path) -> OutcomeGuard {
        OutcomeGuard::new(folder.join("outcome.json"), Some("r1".to_owned()))
    }

    #[test]
    fn a_panic_leaves_an_outcome() {
        let folder = tempfile::tempdir().unwrap();
        let promised = guard(folder.path());
        let panicked = std::thread::spawn(move || {
            let _promised = promised;
            panic!("a bug");
        });
        assert!(panicked.join().is_err());
        let outcome = RunOutcome::read(&folder.path().join("outcome.json")).unwrap();
        assert_eq!((outcome.kind, outcome.exit_code, outcome.run.as_deref()), (EndKind::Internal, 1, Some("r1")));
    }

    #[test]
    fn a_kept_promise_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            RunnerError::new(ErrorKind::Settings, "cannot use the settings").at("ci.toml: base").hint("name one");
        let outcome = RunOutcome { run: Some("r1".to_owned()), ..RunOutcome::refused(None, &error) };
        guard(folder.path()).keep(&outcome).unwrap();
        assert_eq!(RunOutcome::read(&folder.path().join("outcome.json")).unwrap(), outcome);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a draft was left");
    }
}
