//! What is wrong with a recipe's files at one commit, without network and without Docker (VER-5).

use crate::error::RunnerError;
use crate::prepare::Looking;
use crate::prepare::choosing::Subject;
use crate::prepare::find;
use crate::prepare::linted::{self, Compared};
use crate::prepare::snapshot::Snapshot;
use crate::prepare::tree::texts;
use cc_ci_engine::git::{self, Repository};
use cc_ci_model::ids::RecipeName;
use cc_ci_model::plan::scrutiny::TreeState;
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::version::{self, Tag};

/// A tree that was linted.
#[derive(Debug)]
pub struct Linted {
    /// The recipe.
    pub recipe: RecipeName,
    /// The commit in full, with `+U` for the folder over it.
    pub commit: String,
    /// What was found.
    pub report: LintReport,
    /// What a reader should know about the repository.
    pub notes: Vec<String>,
}

/// What is linted.
#[derive(Debug, Clone, Copy)]
pub struct LintRequest<'a> {
    /// A folder with a repository, a URL, or a recipe's name.
    pub recipe: &'a str,
    /// A branch, a tag or a commit.
    pub revision: &'a str,
    /// Whether that commit is linted, or what lies in the folder over it.
    pub state: TreeState,
    /// Only what is not found at this revision too.
    pub against: Option<&'a str>,
}

/// Lints one tree of a recipe.
pub async fn lint(wanted: LintRequest<'_>, looking: &Looking<'_>) -> Result<Linted, RunnerError> {
    let (name, repository) = find::repository(wanted.recipe, looking).await?;
    let (head, tags) = tokio::join!(Snapshot::find(&repository, wanted.revision, wanted.state), repository.tags());
    let (head, tags) = (head?, tags?);
    let files = head.files(&repository).await?;
    // Comparing the work tree has no bounds of its own, so it comes after a tree without end was refused.
    let mut notes = head.notes(&repository).await?;
    let report = match wanted.against {
        Some(revision) => added(&repository, &name, (&head, &files), &tags, revision).await?,
        None => {
            let (report, said) = whole(&repository, &name, (&head, &files), &tags).await?;
            notes.extend(said);
            report
        }
    };
    Ok(Linted { recipe: name, commit: head.name(), report, notes })
}

/// Everything, compared with what operators run today.
async fn whole(
    repository: &Repository,
    name: &RecipeName,
    (head, files): (&Snapshot, &git::CommitFiles),
    tags: &[Tag],
) -> Result<(LintReport, Vec<String>), RunnerError> {
    let texts = texts(files);
    let label = linted::version_of(name.as_str(), &texts);
    let published = version::published(tags);
    let subject = Subject { head, version: label.as_ref(), published: &published, files, canonical: None };
    let (compared, notes) = linted::automatic(repository, &subject).await?;
    Ok((linted::lint(name.as_str(), head, files, tags, compared.as_ref()), notes))
}

/// Only what is not found at `revision` too.
async fn added(
    repository: &Repository,
    name: &RecipeName,
    (head, files): (&Snapshot, &git::CommitFiles),
    tags: &[Tag],
    revision: &str,
) -> Result<LintReport, RunnerError> {
    let older = Snapshot::find(repository, revision, TreeState::Committed).await?;
    let before = older.files(repository).await?;
    let known = linted::lint(name.as_str(), &older, &before, tags, None);
    let compared = Compared::new(revision.to_owned(), &before);
    Ok(linted::lint(name.as_str(), head, files, tags, Some(&compared)).without(&known))
}
