//! Lints a commit from git objects: what is in the work tree does not count.

use super::{Subject, choose_base, texts};
use crate::error::UserError;
use cc_ci_engine::git::Repository;
use cc_ci_model::ids::Commit;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::choose::Wish;
use cc_ci_recipe::lint::{self, LintInput, LintReport, Reading};
use cc_ci_recipe::source::Files;
use cc_ci_recipe::version::{Tag, Version};
use std::collections::BTreeMap;

/// The tree that another one is compared with, and what findings call it.
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) files: Files,
}

/// Lints head as a part of a run. It is compared with the run's base; when the run has none, with the one it would have had.
pub(super) async fn lint_run(
    repository: &Repository,
    subject: &Subject<'_>,
    files: &Files,
    tags: &[Tag],
    base: &Base,
    app: &BTreeMap<String, String>,
) -> Result<LintReport, UserError> {
    let compared = match compared(repository, base).await? {
        Some(compared) => Some(compared),
        None => automatic(repository, subject, app).await?,
    };
    Ok(lint(subject.name.as_str(), subject.head, files, tags, compared.as_ref()))
}

/// The base that is chosen when nobody asks for one; `None` when nothing was ever published.
pub(crate) async fn automatic(
    repository: &Repository,
    subject: &Subject<'_>,
    app: &BTreeMap<String, String>,
) -> Result<Option<Compared>, UserError> {
    compared(repository, &choose_base(repository, &Wish::Automatic, subject, app).await?).await
}

async fn compared(repository: &Repository, base: &Base) -> Result<Option<Compared>, UserError> {
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
