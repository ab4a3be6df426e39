//! What is wrong with a recipe's files at one commit, without network and without Docker (VER-5).

use crate::error::RunnerError;
use crate::prepare::Looking;
use crate::prepare::choosing::Subject;
use crate::prepare::find::{self, version_tags};
use crate::prepare::linted::{self, Compared};
use crate::prepare::tree::texts;
use cc_ci_engine::git::{self, Repository};
use cc_ci_model::ids::{Commit, RecipeName};
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::source::Files;
use cc_ci_recipe::version::{self, Tag};

/// A commit that was linted.
#[derive(Debug)]
pub struct Linted {
    /// The recipe.
    pub recipe: RecipeName,
    /// The commit.
    pub commit: Commit,
    /// What was found.
    pub report: LintReport,
    /// What a reader should know about the repository.
    pub notes: Vec<String>,
}

/// Lints `revision` of a recipe; with `against`, only what is not found there too.
pub async fn lint(
    recipe: &str,
    revision: &str,
    against: Option<&str>,
    looking: &Looking<'_>,
) -> Result<Linted, RunnerError> {
    let (name, repository) = find::repository(recipe, looking).await?;
    let (head, tags) = tokio::join!(repository.resolve(revision), repository.tags());
    let (head, tags) = (head?, version_tags(tags?));
    let files = repository.files(&head).await?;
    // Comparing the work tree has no bounds of its own, so it comes after a tree without end was refused.
    let mut notes = repository.notes().await?;
    let report = match against {
        Some(revision) => added(&repository, &name, (&head, &texts(&files)), &tags, revision).await?,
        None => {
            let (report, said) = whole(&repository, &name, (&head, &files), &tags).await?;
            notes.extend(said);
            report
        }
    };
    Ok(Linted { recipe: name, commit: head, report, notes })
}

/// Everything, compared with what operators run today.
async fn whole(
    repository: &Repository,
    name: &RecipeName,
    (head, files): (&Commit, &git::Files),
    tags: &[Tag],
) -> Result<(LintReport, Vec<String>), RunnerError> {
    let texts = texts(files);
    let label = linted::version_of(name.as_str(), &texts);
    let published = version::published(tags);
    let subject = Subject { head, version: label.as_ref(), published: &published, files };
    let (compared, notes) = linted::automatic(repository, &subject).await?;
    Ok((linted::lint(name.as_str(), head, &texts, tags, compared.as_ref()), notes))
}

/// Only what is not found at `revision` too.
async fn added(
    repository: &Repository,
    name: &RecipeName,
    (head, files): (&Commit, &Files),
    tags: &[Tag],
    revision: &str,
) -> Result<LintReport, RunnerError> {
    let commit = repository.resolve(revision).await?;
    let before = texts(&repository.files(&commit).await?);
    let known = linted::lint(name.as_str(), &commit, &before, tags, None);
    let compared = Compared { name: revision.to_owned(), files: before };
    Ok(linted::lint(name.as_str(), head, files, tags, Some(&compared)).without(&known))
}
