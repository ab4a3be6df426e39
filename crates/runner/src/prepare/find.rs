//! Finds a recipe's repository, and in it the commit under test.

use super::snapshot::Snapshot;
use super::{Looking, ZONE};
use crate::error::{ErrorKind, RunnerError};
use crate::request::{Places, Request};
use cc_ci_engine::git::{CommitFiles, Repository, Source};
use cc_ci_model::ids::{Domain, RecipeName, RunId, StackName};
use cc_ci_model::policy::RepositoryAddress;
use cc_ci_recipe::version::{self, Publications, Tag, TagKind};
use cc_ci_store::state::StateFolder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A recipe that was found, at the commit under test.
pub(crate) struct Found {
    pub(crate) name: RecipeName,
    pub(crate) repository: Repository,
    /// Where it comes from.
    pub(crate) address: RepositoryAddress,
    pub(crate) head: Snapshot,
    /// The files of head.
    pub(crate) files: CommitFiles,
    pub(crate) tags: Vec<Tag>,
    pub(crate) published: Publications,
    /// What stands in for an operator's own settings.
    pub(crate) app: BTreeMap<String, String>,
    /// What a reader should know about the repository.
    pub(crate) notes: Vec<String>,
}

impl Found {
    pub(crate) async fn find(request: &Request, run: &RunId, looking: &Looking<'_>) -> Result<Self, RunnerError> {
        let (name, repository) = repository(&request.recipe, looking).await?;
        let address = address(&request.recipe, looking, &repository).await?;
        let revision = request.revision();
        let (head, tags) = tokio::join!(Snapshot::find(&repository, revision, request.state), repository.tags());
        let (head, tags) = (head?, tags?);
        let published = version::published(&tags);
        let stack = StackName::of_run(&name, head.commit(), run);
        let app = app_environment(&stack, &Domain::of_stack(&stack, ZONE));
        let files = head.files(&repository).await?;
        // Comparing the work tree has no bounds of its own, so it comes after a tree without end was refused.
        let mut notes = head.notes(&repository).await?;
        notes.extend(files.notes());
        Ok(Self { name, repository, address, head, files, tags, published, app, notes })
    }

    /// Published versions that operators do not get.
    pub(super) fn lightweight(&self) -> impl Iterator<Item = String> {
        let lightweight = self.published.versions.iter().filter(|one| one.kind == TagKind::Lightweight);
        lightweight.map(|one| {
            format!("the tag {} is lightweight: abra does not take it for a version (`git tag -a`)", one.tag)
        })
    }
}

/// The repository of what a person calls a recipe, and the recipe's name.
pub(crate) async fn repository(text: &str, looking: &Looking<'_>) -> Result<(RecipeName, Repository), RunnerError> {
    let name = name_of(looking.state, looking.places, text)?;
    let source = source(looking.state, looking.places, text)?;
    let repository = Repository::open(&source, &looking.state.repositories(), looking.cancel.clone()).await?;
    Ok((name, repository))
}

/// The name of what a person calls a recipe.
pub(crate) fn name_of(state: &StateFolder, places: &Places, text: &str) -> Result<RecipeName, RunnerError> {
    RecipeName::parse(&source(state, places, text)?.name())
        .map_err(|error| RunnerError::new(ErrorKind::Recipe, error.to_string()))
}

/// Where the repository of what a person calls a recipe comes from: its URL, the origin of a clone, the name of a recipe that the
/// set-up assembled, else the folder itself.
///
/// The origin of a clone is what its own settings say. Whoever made the folder wrote them.
pub(crate) async fn address(
    text: &str,
    looking: &Looking<'_>,
    repository: &Repository,
) -> Result<RepositoryAddress, RunnerError> {
    let folder = match source(looking.state, looking.places, text)? {
        Source::Url(url) => return RepositoryAddress::parse(&url).ok_or_else(|| no_address(&url)),
        Source::Directory(folder) => folder,
    };
    let origin = repository.origin().await?.filter(|origin| is_elsewhere(origin));
    if let Some(address) = origin.as_deref().and_then(RepositoryAddress::parse) {
        return Ok(address);
    }
    let folder = folder.canonicalize().unwrap_or(folder);
    let ours = looking.state.recipes().canonicalize().is_ok_and(|recipes| folder.parent() == Some(&recipes));
    let text = match folder.file_name().and_then(|name| name.to_str()) {
        Some(name) if ours => name.to_owned(),
        Some(_) | None => folder.to_string_lossy().into_owned(),
    };
    RepositoryAddress::parse(&text).ok_or_else(|| no_address(&text))
}

/// Whether an origin is another machine's, and not a folder of this one.
fn is_elsewhere(origin: &str) -> bool {
    let short = origin.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    short || (origin.contains("://") && !origin.starts_with("file:"))
}

fn no_address(text: &str) -> RunnerError {
    RunnerError::new(ErrorKind::Usage, format!("`{text}` is no address of a repository that a policy could name"))
        .hint("use a path or URL without spaces, `..` and `?`")
}

/// A path, a URL, or the name of a recipe: one that the set-up assembled, one that `abra` has, else the commons' own.
fn source(state: &StateFolder, places: &Places, text: &str) -> Result<Source, RunnerError> {
    let is_name = RecipeName::parse(text).is_ok() && !text.starts_with('.');
    if !is_name || Path::new(text).join(".git").exists() {
        return Ok(Source::parse(text)?);
    }
    let known = [Some(state.recipes()), places.abra_recipes.clone()].into_iter().flatten();
    for folder in known {
        let candidate = folder.join(text);
        if candidate.is_dir() {
            return Ok(Source::Directory(candidate));
        }
    }
    if Path::new(text).is_dir() {
        return Ok(Source::Directory(PathBuf::from(text)));
    }
    Ok(Source::Url(format!("https://git.coopcloud.tech/coop-cloud/{text}.git")))
}

/// What stands in for an operator's own settings. Certificates are never asked for.
pub(crate) fn app_environment(stack: &StackName, domain: &Domain) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("STACK_NAME".to_owned(), stack.to_string()),
        ("DOMAIN".to_owned(), domain.to_string()),
        ("LETS_ENCRYPT_ENV".to_owned(), String::new()),
    ])
}
