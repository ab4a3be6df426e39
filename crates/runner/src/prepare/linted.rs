//! Lints a commit from git objects: what is in the work tree does not count.

use super::choosing::{Subject, choose_base};
use super::tree::texts;
use crate::error::RunnerError;
use cc_ci_engine::git::Repository;
use cc_ci_model::ids::Commit;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::choose::Wish;
use cc_ci_recipe::lint::{self, LintInput, LintReport, Reading};
use cc_ci_recipe::source::Files;
use cc_ci_recipe::version::{Tag, Version};

/// The tree that another one is compared with, and what findings call it.
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) files: Files,
}

/// Lints head as a part of a run. It is compared with the run's base; when the run has none, with the one it would have had.
pub(crate) async fn lint_run(
    repository: &Repository,
    subject: &Subject<'_>,
    tags: &[Tag],
    base: &Base,
) -> Result<(LintReport, Option<String>), RunnerError> {
    let (compared, note) = match compared(repository, base).await? {
        Some(compared) => (Some(compared), None),
        // A run that starts at head does without a base; what lint cannot compare for want of one is said.
        None => match automatic(repository, subject).await {
            Ok((compared, _)) => (compared, None),
            Err(error) => (None, Some(format!("lint compares with no older version: {}", error.message))),
        },
    };
    let report = lint(subject.name.as_str(), subject.head, &texts(subject.files), tags, compared.as_ref());
    Ok((report, note))
}

/// The base that is chosen when nobody asks for one, `None` when nothing was ever published; and what was learnt on the way.
pub(crate) async fn automatic(
    repository: &Repository,
    subject: &Subject<'_>,
) -> Result<(Option<Compared>, Vec<String>), RunnerError> {
    let chosen = choose_base(repository, &Wish::Automatic, subject).await?;
    Ok((compared(repository, &chosen.base).await?, chosen.notes))
}

async fn compared(repository: &Repository, base: &Base) -> Result<Option<Compared>, RunnerError> {
    let (name, commit) = match base {
        Base::Published { version, commit, .. } => (version.clone(), commit),
        Base::Commit { commit, .. } => (commit.short().to_owned(), commit),
        Base::Head { .. } => return Ok(None),
    };
    Ok(Some(Compared { name, files: texts(&repository.files(commit).await?) }))
}

/// Lints one tree.
pub(crate) fn lint(
    name: &str,
    commit: &Commit,
    files: &Files,
    tags: &[Tag],
    compared: Option<&Compared>,
) -> LintReport {
    let base = compared.map(|one| lint::Base { name: one.name.clone(), reading: Reading::of(name, &one.files) });
    lint::lint(&LintInput { head: Reading::of(name, files), base, tags, commit: commit.as_str() })
}

/// The version label of a tree that may not be deployable.
pub(crate) fn version_of(name: &str, files: &Files) -> Option<Version> {
    let reading = Reading::of(name, files);
    lint::version_label(&reading).and_then(|label| label.parse().ok())
}
