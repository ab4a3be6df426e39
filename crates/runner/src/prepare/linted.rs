//! Lints a commit from git objects; what is in the work tree counts only where that is what is tested.

use super::choosing::{Subject, choose_base};
use super::own;
use super::snapshot::Snapshot;
use super::tree::texts;
use crate::error::RunnerError;
use cc_ci_engine::git::{self, Repository};
use cc_ci_model::ids::Commit;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::choose::Wish;
use cc_ci_model::plan::own_tests::{FOLDER, OwnTests};
use cc_ci_model::settings::{self, Settings};
use cc_ci_recipe::lint::{self, Beside, LintInput, LintReport, Reading};
use cc_ci_recipe::source::Files;
use cc_ci_recipe::version::{Tag, Version};

/// The tree that another one is compared with, and what findings call it.
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) files: Files,
    tests: OwnTests,
}

impl Compared {
    pub(crate) fn new(name: String, files: &git::CommitFiles) -> Self {
        Self { name, files: texts(files), tests: own::in_tree(files) }
    }

    /// Its name and its tests.
    pub(super) fn tests(&self) -> (&str, &OwnTests) {
        (&self.name, &self.tests)
    }
}

/// What head is compared with in a run: its base; when the run has none, the one it would have had.
pub(crate) async fn compared_with(
    repository: &Repository,
    subject: &Subject<'_>,
    base: Option<(&Base, &git::CommitFiles)>,
) -> (Option<Compared>, Option<String>) {
    if let Some((base, files)) = base {
        return (named(base).map(|(name, _)| Compared::new(name, files)), None);
    }
    // A run that starts at head does without a base; what cannot be compared for want of one is said.
    match automatic(repository, subject).await {
        Ok((compared, _)) => (compared, None),
        Err(error) => (None, Some(format!("head is compared with no older version: {}", error.message))),
    }
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
    let Some((name, commit)) = named(base) else { return Ok(None) };
    Ok(Some(Compared::new(name, &repository.files(commit).await?)))
}

/// What findings call a base, and its commit.
fn named(base: &Base) -> Option<(String, &Commit)> {
    match base {
        Base::Published { version, commit, .. } => Some((version.clone(), commit)),
        Base::Commit { commit, .. } => Some((commit.short().to_owned(), commit)),
        Base::Head { .. } => None,
    }
}

/// Lints one tree.
pub(crate) fn lint(
    name: &str,
    snapshot: &Snapshot,
    files: &git::CommitFiles,
    tags: &[Tag],
    compared: Option<&Compared>,
) -> LintReport {
    let ci = format!("{FOLDER}/{}", settings::FILE);
    let own_settings = files
        .text
        .get(&ci)
        .map_or_else(Vec::new, |text| Settings::read([(ci.as_str(), text.as_str())]).err().unwrap_or_default());
    let tests = own::in_tree(files).refused;
    let beside = Beside { settings: &own_settings, tests: &tests };
    let files = &texts(files);
    let base = compared.map(|one| lint::LintBase { name: one.name.clone(), reading: Reading::of(name, &one.files) });
    lint::lint(&LintInput { head: Reading::of(name, files), base, tags, commit: &snapshot.name(), beside })
}

/// The version label of a tree that may not be deployable.
pub(crate) fn version_of(name: &str, files: &Files) -> Option<Version> {
    let reading = Reading::of(name, files);
    lint::version_label(&reading).and_then(|label| label.parse().ok())
}
