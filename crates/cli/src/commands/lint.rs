//! `cc-ci lint`: what is wrong with a recipe's files at one commit, without network and without Docker (VER-5).

use crate::args::{LintArgs, LintFormat};
use crate::error::{Kind, UserError};
use crate::prepare;
use crate::prepare::choosing::Subject;
use crate::prepare::linted::{self, Compared};
use crate::terminal;
use cc_ci_engine::git::{self, Repository};
use cc_ci_model::exit;
use cc_ci_model::ids::{Commit, RecipeName};
use cc_ci_recipe::lint::{LintReport, sarif, text};
use cc_ci_recipe::source::Files;
use cc_ci_recipe::version::{self, Tag};
use cc_ci_store::state::StateFolder;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// Lints and prints. The exit code says whether anything of severity error was found.
pub async fn exec(state: &StateFolder, args: &LintArgs) -> Result<u8, UserError> {
    let source = prepare::find(state, &args.recipe)?;
    let name = RecipeName::parse(&source.name()).map_err(|error| UserError::new(Kind::Recipe, error.to_string()))?;
    let repository = Repository::open(&source, &state.repositories(), CancellationToken::new()).await?;
    let revision = if args.revision.is_empty() { "HEAD" } else { &args.revision };
    let (head, tags, notes) = tokio::join!(repository.resolve(revision), repository.tags(), repository.notes());
    let (head, tags) = (head?, prepare::version_tags(tags?));
    for note in notes? {
        terminal::note(&format!("note: {note}"));
    }
    let files = repository.files(&head).await?;
    let report = match &args.against {
        Some(revision) => added(&repository, &name, (&head, &prepare::texts(&files)), &tags, revision).await?,
        None => whole(&repository, &name, (&head, &files), &tags).await?,
    };
    terminal::out(&drawn(&name, &head, &report, args.format)?);
    Ok(if report.passed() { exit::GREEN } else { exit::RED })
}

/// Everything, compared with what operators run today.
async fn whole(
    repository: &Repository,
    name: &RecipeName,
    (head, files): (&Commit, &git::Files),
    tags: &[Tag],
) -> Result<LintReport, UserError> {
    let texts = prepare::texts(files);
    let label = linted::version_of(name.as_str(), &texts);
    let published = version::published(tags);
    let subject = Subject { name, head, version: label.as_ref(), published: &published, files };
    let (compared, notes) = linted::automatic(repository, &subject).await?;
    for note in notes {
        terminal::note(&format!("note: {note}"));
    }
    Ok(linted::lint(name.as_str(), head, &texts, tags, compared.as_ref()))
}

/// Only what is not found at `revision` too.
async fn added(
    repository: &Repository,
    name: &RecipeName,
    (head, files): (&Commit, &Files),
    tags: &[Tag],
    revision: &str,
) -> Result<LintReport, UserError> {
    let commit = repository.resolve(revision).await?;
    let before = prepare::texts(&repository.files(&commit).await?);
    let known = linted::lint(name.as_str(), &commit, &before, tags, None);
    let compared = Compared { name: revision.to_owned(), files: before };
    Ok(linted::lint(name.as_str(), head, files, tags, Some(&compared)).without(&known))
}

/// The report with what it is about.
#[derive(Serialize)]
struct Told<'a> {
    recipe: &'a str,
    commit: &'a str,
    passed: bool,
    #[serde(flatten)]
    report: &'a LintReport,
}

fn drawn(name: &RecipeName, head: &Commit, report: &LintReport, format: LintFormat) -> Result<String, UserError> {
    let json = match format {
        LintFormat::Text => return Ok(text::render(report)),
        LintFormat::Json => {
            let told = Told { recipe: name.as_str(), commit: head.as_str(), passed: report.passed(), report };
            serde_json::to_string_pretty(&told)
        }
        LintFormat::Sarif => serde_json::to_string_pretty(&sarif::render(report, env!("CARGO_PKG_VERSION"))),
    };
    json.map(|text| text + "\n").map_err(|source| UserError::internal(format!("cannot write the findings: {source}")))
}
