//! Why no run came of a request: what could not be done, where it went wrong, and what to do now.

pub mod shown;

use cc_ci_engine::abra::AbraError;
use cc_ci_engine::docker::AddressError;
use cc_ci_engine::git::{GitError, Holder};
use cc_ci_engine::process::ProcessError;
use cc_ci_engine::swarm::SwarmError;
use cc_ci_model::exit;
use cc_ci_model::redact::Redactor;
use cc_ci_recipe::source::{Problem, Severity};
use cc_ci_store::replay::ReplayError;
use cc_ci_store::run_dir::RunDirError;
use cc_ci_store::state::StateFolderError;
use cc_ci_store::whole::StateFileError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What went wrong, as far as the caller can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was asked for makes no sense.
    Usage,
    /// Settings that cannot be used.
    Settings,
    /// A recipe that cannot be read.
    Recipe,
    /// A recipe that asks for what the compose policy does not allow.
    Refused,
    /// No swarm to run on.
    NoSwarm,
    /// Disk, network, registry or engine gave out.
    Infrastructure,
    /// A person or a signal ended it.
    Cancelled,
    /// A defect of cc-ci.
    Internal,
}

impl ErrorKind {
    /// The answer of a process that ends with an error of this kind.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => exit::USAGE,
            Self::Settings => exit::BAD_SETTINGS,
            Self::Recipe => exit::BAD_RECIPE,
            Self::Refused => exit::REFUSED,
            Self::NoSwarm => exit::NO_SWARM,
            Self::Infrastructure => exit::INFRASTRUCTURE,
            Self::Cancelled => exit::CANCELLED,
            Self::Internal => exit::BUG,
        }
    }
}

/// One thing that is wrong, and where, as far as a place can be named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// A file that the reader can open.
    pub file: Option<String>,
    /// The line in it, counted from 1.
    pub line: Option<u32>,
    /// The key, as a dotted path.
    pub key: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it, where not one hint is for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Complaint {
    /// Something that has no place in a file, or that names its place itself.
    fn plain(what: impl Into<String>) -> Self {
        Self { file: None, line: None, key: None, what: what.into(), hint: None }
    }
}

impl From<&Problem> for Complaint {
    fn from(problem: &Problem) -> Self {
        let Problem { file, line, key, what, .. } = problem.clone();
        Self { file: Some(file), line, key, what, hint: None }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!("line {line}"));
        let place: Vec<&str> = self.file.as_deref().into_iter().chain(line.as_deref()).collect();
        let parts = [place.join(", "), self.key.clone().unwrap_or_default(), self.what.clone()];
        f.write_str(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": "))
    }
}

/// Why something could not be done.
#[derive(Debug, Clone)]
pub struct RunnerError {
    /// What kind of thing went wrong.
    pub kind: ErrorKind,
    /// What could not be done.
    pub message: String,
    /// Everything that is wrong, each with its place.
    pub problems: Vec<Complaint>,
    /// What to do now.
    pub hint: Option<String>,
    /// What it came from, for whoever looks deeper; the message says it in words.
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

impl RunnerError {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), problems: Vec::new(), hint: None, source: None }
    }

    /// A defect of cc-ci.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The message, and the first thing that is wrong with its place.
    pub(crate) fn in_one_line(&self) -> String {
        let place = self.problems.first().map(|problem| format!(": {problem}")).unwrap_or_default();
        format!("{}{place}", self.message)
    }

    /// What reading found, all of it; warnings are left out. One hint for all stands at the end, several each with their own.
    pub fn of_problems(kind: ErrorKind, message: impl Into<String>, problems: &[Problem]) -> Self {
        let errors = || problems.iter().filter(|problem| problem.severity == Severity::Error);
        let hints: BTreeSet<&String> = errors().filter_map(|problem| problem.hint.as_ref()).collect();
        let several = hints.len() > 1;
        let own = |problem: &Problem| problem.hint.clone().filter(|_| several);
        let complaints = errors().map(|problem| Complaint { hint: own(problem), ..Complaint::from(problem) }).collect();
        let hint = hints.first().filter(|_| !several).map(|hint| (*hint).clone());
        Self { problems: complaints, hint, ..Self::new(kind, message) }
    }

    /// An error with what it came from, whose words are its own.
    fn caused(kind: ErrorKind, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..Self::new(kind, "") }.worded()
    }

    fn worded(self) -> Self {
        let message = self.source.as_deref().map_or_else(String::new, |source| chain(source));
        Self { message, ..self }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.problems.push(Complaint::plain(place));
        self
    }

    /// Says what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error, with nothing in it that `redactor` knows. What it came from goes: nobody can mask that.
    #[must_use]
    pub fn masked(self, redactor: &Redactor) -> Self {
        let mask = |text: String| redactor.mask_owned(text);
        let problems = self
            .problems
            .into_iter()
            .map(|one| Complaint { what: mask(one.what), hint: one.hint.map(mask), ..one })
            .collect();
        Self { kind: self.kind, message: mask(self.message), problems, hint: self.hint.map(mask), source: None }
    }
}

impl fmt::Display for RunnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for RunnerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl From<StateFileError> for RunnerError {
    fn from(error: StateFileError) -> Self {
        Self::new(ErrorKind::Infrastructure, chain(&error))
    }
}

/// An error with everything that caused it, in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let said = source.to_string();
        // Some errors repeat their source in their own text.
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = source.source();
    }
    text
}

impl From<GitError> for RunnerError {
    fn from(error: GitError) -> Self {
        let kind = match &error {
            GitError::Process(inner) => of_process(inner),
            GitError::Source(_) | GitError::BadRef(_) | GitError::NoWorkTree => ErrorKind::Usage,
            // A branch that was pushed over meanwhile is an everyday matter of the recipe.
            GitError::UnknownRef(_)
            | GitError::NotARepository(_)
            | GitError::NoCommits
            | GitError::Inside(_)
            | GitError::UnsafePath { .. }
            | GitError::UnsafeLink { .. }
            | GitError::TooLarge { .. }
            | GitError::Unreadable(_)
            | GitError::Commit(_) => ErrorKind::Recipe,
            GitError::Fetch { .. } | GitError::Write { .. } | GitError::Read { .. } => ErrorKind::Infrastructure,
            GitError::Answer(_) => ErrorKind::Internal,
        };
        let hint = of_git(&error).map(str::to_owned);
        Self { hint, ..Self::caused(kind, error) }
    }
}

/// What can be done about a folder that cannot be tested.
fn of_git(error: &GitError) -> Option<&'static str> {
    let (GitError::TooLarge { holder, .. } | GitError::UnsafePath { holder, .. }) = error else {
        let no_folder = matches!(error, GitError::NoWorkTree);
        return no_folder.then_some("leave --worktree out, or name a folder with a checkout");
    };
    match holder {
        Holder::Folder => Some("what is no part of the recipe can be named in .gitignore"),
        Holder::Commit => None,
    }
}

fn of_process(error: &ProcessError) -> ErrorKind {
    match error {
        ProcessError::NotFound { .. } | ProcessError::TimedOut { .. } => ErrorKind::Infrastructure,
        ProcessError::Cancelled { .. } => ErrorKind::Cancelled,
        ProcessError::NoDirectory { .. }
        | ProcessError::Start { .. }
        | ProcessError::Lost { .. }
        | ProcessError::Failed { .. }
        | ProcessError::TooMuchOutput { .. } => ErrorKind::Internal,
    }
}

impl From<ProcessError> for RunnerError {
    fn from(error: ProcessError) -> Self {
        Self::caused(of_process(&error), error)
    }
}

impl From<AddressError> for RunnerError {
    fn from(error: AddressError) -> Self {
        let hint = error.hint();
        Self::caused(ErrorKind::NoSwarm, error).hint(hint)
    }
}

impl From<SwarmError> for RunnerError {
    fn from(error: SwarmError) -> Self {
        let kind = match &error {
            SwarmError::Engine { .. } | SwarmError::Command { .. } | SwarmError::Ledger(_) => ErrorKind::Infrastructure,
            SwarmError::Refused { .. } => ErrorKind::Recipe,
            SwarmError::NotAllowed { .. } => ErrorKind::Internal,
        };
        Self::caused(kind, error)
    }
}

impl From<AbraError> for RunnerError {
    fn from(error: AbraError) -> Self {
        match error {
            // Whatever is wrong with it, it is this machine's abra.
            AbraError::Process(error) => Self::new(ErrorKind::Infrastructure, chain(&error))
                .hint("name another with --abra FILE, or leave --deployer out: the app is then deployed with Docker alone"),
            AbraError::Git(error) => error.into(),
            AbraError::Version(error) => Self::new(ErrorKind::Infrastructure, error.to_string())
                .hint("bring it up to date (`abra upgrade`), or leave --deployer out: the app is then deployed with Docker alone"),
            error @ AbraError::Write { .. } => Self::new(ErrorKind::Infrastructure, chain(&error)),
        }
    }
}

impl From<ReplayError> for RunnerError {
    fn from(error: ReplayError) -> Self {
        let kind = match &error {
            ReplayError::Io { .. } | ReplayError::Folder(_) => ErrorKind::Infrastructure,
            ReplayError::Empty { .. }
            | ReplayError::Format { .. }
            | ReplayError::NotARecord { .. }
            | ReplayError::Line { .. }
            | ReplayError::NoPlan { .. } => ErrorKind::Usage,
        };
        Self::caused(kind, error)
    }
}

impl From<StateFolderError> for RunnerError {
    fn from(error: StateFolderError) -> Self {
        let hint = match &error {
            StateFolderError::Foreign { .. } => Some("name a folder of your own".to_owned()),
            StateFolderError::Io { .. } => None,
        };
        Self { hint, ..Self::caused(ErrorKind::Usage, error) }
    }
}

impl From<RunDirError> for RunnerError {
    fn from(error: RunDirError) -> Self {
        let kind = match &error {
            RunDirError::Io { .. } => ErrorKind::Infrastructure,
            RunDirError::NoSuchRun { .. } | RunDirError::Exists { .. } => ErrorKind::Usage,
            RunDirError::BadName(_) => ErrorKind::Internal,
        };
        Self::caused(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_code_of_its_own() {
        use ErrorKind::{Cancelled, Infrastructure, Internal, NoSwarm, Recipe, Refused, Settings, Usage};
        let all = [Usage, Settings, Recipe, Refused, NoSwarm, Infrastructure, Cancelled, Internal];
        assert_eq!(all.map(ErrorKind::exit_code), [2, 20, 21, 23, 22, 11, 12, 1]);
    }

    #[test]
    fn a_tree_that_cannot_be_read_is_the_recipes_fault_and_a_disk_that_cannot_be_written_is_not() {
        let kind = |error: GitError| RunnerError::from(error).kind;
        assert_eq!(kind(GitError::Unreadable("object 1a2b is missing or no file".to_owned())), ErrorKind::Recipe);
        let full = std::io::Error::other("disk full");
        assert_eq!(kind(GitError::Write { path: "/x".into(), source: full }), ErrorKind::Infrastructure);
    }

    #[test]
    fn a_cause_is_said_once_and_kept() {
        let inner = std::io::Error::other("disk full");
        let error = RunnerError::from(GitError::Write { path: "/x".into(), source: inner });
        assert_eq!(error.message, "cannot write /x: disk full");
        assert!(error.source.is_some());
    }

    #[test]
    fn every_problem_keeps_its_own_place() {
        let problems = [
            Problem::error("compose.yml", "unknown network `prox`")
                .line(7)
                .key("services.app")
                .hint("did you mean `proxy`?"),
            Problem::warning("compose.yml", "an odd name"),
            Problem::error(".env.sample", "there is none"),
        ];
        let error = RunnerError::of_problems(ErrorKind::Recipe, "cannot read the recipe", &problems);
        let said: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["compose.yml, line 7: services.app: unknown network `prox`", ".env.sample: there is none"]);
        assert_eq!(error.hint.as_deref(), Some("did you mean `proxy`?"));
        assert_eq!(Complaint::plain("by r1").to_string(), "by r1");
    }
}
