//! Errors as a user sees them: what, where, what now; and the exit code of each kind.

use cc_ci_engine::abra::AbraError;
use cc_ci_engine::docker::AddressError;
use cc_ci_engine::git::GitError;
use cc_ci_engine::process::ProcessError;
use cc_ci_engine::swarm::SwarmError;
use cc_ci_model::exit;
use cc_ci_model::redact::Redactor;
use cc_ci_store::replay::ReplayError;
use cc_ci_store::run_dir::RunDirError;
use cc_ci_store::state::StateFolderError;
use std::error::Error;
use std::fmt;

/// What went wrong, as far as the caller can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line makes no sense.
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

impl Kind {
    /// The exit code.
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

/// An error at the edge of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    /// Decides the exit code.
    pub kind: Kind,
    /// What failed.
    pub message: String,
    /// Where: a file, line or key.
    pub location: Option<String>,
    /// What to do now.
    pub hint: Option<String>,
}

impl UserError {
    /// An error of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), location: None, hint: None }
    }

    /// A defect of cc-ci.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// The same error, with nothing in it that `redactor` knows.
    #[must_use]
    pub fn masked(self, redactor: &Redactor) -> Self {
        let mask = |text: Option<String>| text.map(|text| redactor.mask_owned(text));
        let (location, hint) = (mask(self.location), mask(self.hint));
        Self { kind: self.kind, message: redactor.mask_owned(self.message), location, hint }
    }

    /// Says what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(location) = &self.location {
            write!(f, "\n  {location}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
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

impl From<GitError> for UserError {
    fn from(error: GitError) -> Self {
        let kind = match &error {
            GitError::Process(inner) => return Self::from_process(inner),
            GitError::Source(_) | GitError::BadRef(_) | GitError::UnknownRef(_) => Kind::Usage,
            GitError::NotARepository(_)
            | GitError::NoCommits
            | GitError::Inside(_)
            | GitError::UnsafePath(_)
            | GitError::UnsafeLink { .. }
            | GitError::TooLarge(_)
            | GitError::Unreadable(_)
            | GitError::Commit(_) => Kind::Recipe,
            GitError::Fetch { .. } | GitError::Write { .. } => Kind::Infrastructure,
            GitError::Answer(_) => Kind::Internal,
        };
        Self::new(kind, chain(&error))
    }
}

impl UserError {
    fn from_process(error: &ProcessError) -> Self {
        let kind = match error {
            ProcessError::NotFound { .. } | ProcessError::TimedOut { .. } => Kind::Infrastructure,
            ProcessError::Cancelled { .. } => Kind::Cancelled,
            ProcessError::NoDirectory { .. }
            | ProcessError::Start { .. }
            | ProcessError::Lost { .. }
            | ProcessError::Failed { .. }
            | ProcessError::TooMuchOutput { .. } => Kind::Internal,
        };
        Self::new(kind, chain(error))
    }
}

impl From<ProcessError> for UserError {
    fn from(error: ProcessError) -> Self {
        Self::from_process(&error)
    }
}

impl From<AddressError> for UserError {
    fn from(error: AddressError) -> Self {
        Self::new(Kind::NoSwarm, error.to_string()).hint(error.hint())
    }
}

impl From<SwarmError> for UserError {
    fn from(error: SwarmError) -> Self {
        let kind = match &error {
            SwarmError::Engine { .. } | SwarmError::Command { .. } | SwarmError::Ledger(_) => Kind::Infrastructure,
            SwarmError::Refused { .. } => Kind::Recipe,
            SwarmError::NotAllowed { .. } => Kind::Internal,
        };
        Self::new(kind, chain(&error))
    }
}

impl From<AbraError> for UserError {
    fn from(error: AbraError) -> Self {
        match error {
            // Whatever is wrong with it, it is this machine's abra.
            AbraError::Process(error) => Self::new(Kind::Infrastructure, chain(&error))
                .hint("name another with --abra FILE, or leave --deployer out: the app is then deployed with Docker alone"),
            AbraError::Git(error) => error.into(),
            AbraError::Version(error) => Self::new(Kind::Infrastructure, error.to_string())
                .hint("bring it up to date (`abra upgrade`), or leave --deployer out: the app is then deployed with Docker alone"),
            error @ AbraError::Write { .. } => Self::new(Kind::Infrastructure, chain(&error)),
        }
    }
}

impl From<ReplayError> for UserError {
    fn from(error: ReplayError) -> Self {
        let kind = match &error {
            ReplayError::Io { .. } => Kind::Infrastructure,
            ReplayError::Empty { .. }
            | ReplayError::Format { .. }
            | ReplayError::NotARecord { .. }
            | ReplayError::Line { .. }
            | ReplayError::NoPlan { .. } => Kind::Usage,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<StateFolderError> for UserError {
    fn from(error: StateFolderError) -> Self {
        let refused = Self::new(Kind::Usage, error.to_string());
        match error {
            StateFolderError::Foreign { .. } => refused.hint("give one of your own with --state DIR"),
            StateFolderError::Io { .. } => refused,
        }
    }
}

impl From<RunDirError> for UserError {
    fn from(error: RunDirError) -> Self {
        let kind = match &error {
            RunDirError::Io { .. } => Kind::Infrastructure,
            RunDirError::NoSuchRun { .. } => Kind::Usage,
            RunDirError::Exists { .. } | RunDirError::BadName(_) => Kind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_now() {
        let error = UserError::new(Kind::Recipe, "cannot read the recipe `ghost`")
            .at("compose.yml, line 7: unknown service `dbb`")
            .hint("did you mean `db`?");
        insta::assert_snapshot!(error, @r"
        error: cannot read the recipe `ghost`
          compose.yml, line 7: unknown service `dbb`
        hint: did you mean `db`?
        ");
    }

    #[test]
    fn each_kind_has_a_code_of_its_own() {
        use Kind::{Cancelled, Infrastructure, Internal, NoSwarm, Recipe, Refused, Settings, Usage};
        let codes =
            [Usage, Settings, Recipe, Refused, NoSwarm, Infrastructure, Cancelled, Internal].map(Kind::exit_code);
        assert_eq!(codes, [2, 20, 21, 23, 22, 11, 12, 1]);
    }

    #[test]
    fn a_cause_is_said_once() {
        let inner = std::io::Error::other("disk full");
        let error = GitError::Write { path: "/x".into(), source: inner };
        assert_eq!(UserError::from(error).message, "cannot write /x: disk full");
    }
}
