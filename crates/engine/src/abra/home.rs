//! The `ABRA_DIR` of one run: an app's environment file, a clone of its recipe, a catalogue.
//!
//! Runs that share one corrupt each other, because every command works on the one clone of a recipe (S11)(S17).

use super::{AbraError, AbraTree, Site};
use crate::git::{GitError, WorkingCopy};
use crate::swarm::{Rendered, SwarmError};
use cc_ci_model::ids::{Domain, RecipeName};
use cc_ci_recipe::abra::env_file;
use cc_ci_recipe::version::TagKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The server that stands for this machine's own engine (K).
pub(super) const SERVER: &str = "default";

/// The folder in the clone that holds what CI lays over a tree. No recipe may have one of that name, and no rule of
/// `abra recipe lint` looks into it: they take what is named like a compose file in the top folder (S4).
const OURS: &str = ".cc-ci";

/// Begins the name of a file that is deployed in place of one of the recipe's own, beside it.
const IN_PLACE: &str = ".cc-ci.";

/// The override, in [`OURS`].
const OVERRIDE: &str = "override.yml";

#[derive(Debug)]
pub(super) struct Home {
    dir: PathBuf,
    recipe: RecipeName,
    domain: Domain,
    trees: Vec<AbraTree>,
    clone: WorkingCopy,
}

impl Home {
    pub(super) async fn make(site: Site) -> Result<Self, AbraError> {
        let Site { folder: dir, recipe, domain, repository, trees, catalogue } = site;
        let written = |path: &Path| {
            let path = path.to_owned();
            move |source| AbraError::Write { path, source }
        };
        let server = dir.join("servers").join(SERVER);
        std::fs::create_dir_all(&server).map_err(written(&server))?;
        let ours = dir.join("catalogue");
        let versions =
            repository.tags().await?.into_iter().filter(|tag| tag.kind == TagKind::Annotated).map(|tag| tag.name);
        make_catalogue(&ours, catalogue.as_deref(), &recipe, versions.collect()).map_err(written(&ours))?;
        let clone = repository.working_copy(&dir.join("recipes").join(recipe.as_str())).await?;
        if let Some(head) = trees.last() {
            clone.check_out(&head.commit).await?;
        }
        Ok(Self { dir, recipe, domain, trees, clone })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn recipe(&self) -> &str {
        self.recipe.as_str()
    }

    pub(super) fn domain(&self) -> &str {
        self.domain.as_str()
    }

    /// The app's environment file.
    pub(super) fn env_file(&self) -> PathBuf {
        self.dir.join("servers").join(SERVER).join(format!("{}.env", self.domain))
    }

    /// Whether the tree in `folder` is one of the app's.
    pub(super) fn holds(&self, folder: &Path) -> bool {
        self.trees.iter().any(|tree| tree.folder == folder)
    }

    /// The tree that a rendered stack is of.
    pub(super) fn tree(&self, stack: &Rendered) -> Result<&AbraTree, SwarmError> {
        let found = self.trees.iter().find(|tree| tree.folder == stack.folder);
        found.ok_or_else(|| SwarmError::Command {
            verb: format!("deploy {} with abra", stack.stack),
            text: "its ABRA_DIR has no recipe for this stack".to_owned(),
        })
    }

    /// Brings the clone to a tree's commit, as it was committed.
    pub(super) async fn check_out(&self, tree: &AbraTree) -> Result<(), SwarmError> {
        self.clone.check_out(&tree.commit).await.map_err(|error| of_git(&error))
    }

    /// Lays CI's own files over the clone and writes the app's environment file for it.
    pub(super) async fn lay_over(&self, tree: &AbraTree, stack: &Rendered) -> Result<(), SwarmError> {
        let Some((override_file, own)) = stack.files.split_last() else {
            return Err(SwarmError::Command { verb: "stage the stack".to_owned(), text: "it has no files".to_owned() });
        };
        let copy = |from: &Path, name: &str| -> Result<(), SwarmError> {
            let to = self.clone.dir().join(name);
            let folder = to.parent().unwrap_or(self.clone.dir());
            // Never written through what the recipe itself may have put there.
            let _none = std::fs::remove_file(&to);
            let made = std::fs::create_dir_all(folder).and_then(|()| std::fs::copy(from, &to));
            made.map(drop).map_err(|error| write_error(&to, &error))
        };
        let mut names = Vec::new();
        for file in own {
            let name = file.strip_prefix(&tree.folder).unwrap_or(file).to_string_lossy().into_owned();
            if is_ours(&name) {
                copy(file, &name)?;
            }
            names.push(name);
        }
        let name = format!("{OURS}/{OVERRIDE}");
        copy(override_file, &name)?;
        names.push(name);
        self.only_ours_differs().await?;
        let env = self.env_file();
        std::fs::write(&env, env_text(&self.recipe, tree, &stack.env, &names))
            .map_err(|error| write_error(&env, &error))
    }

    /// The clone is at the tree's commit, and nothing but CI's own files is added to it. Files that are in no commit make
    /// a deploy without `--chaos` impossible and give its label the end `+U` (S37): that is what is accepted here, no more.
    pub(super) async fn still_at(&self, tree: &AbraTree) -> Result<(), SwarmError> {
        let head = self.clone.head().await.map_err(|error| of_git(&error))?;
        if head != tree.commit {
            return Err(moved(format!("it checked out {} in place of {}", head.short(), tree.commit.short())));
        }
        self.only_ours_differs().await
    }

    async fn only_ours_differs(&self) -> Result<(), SwarmError> {
        let changes = self.clone.changes().await.map_err(|error| of_git(&error))?;
        let foreign = changes.iter().find(|path| !is_ours(path));
        match foreign {
            None => Ok(()),
            Some(path) => Err(moved(format!("the recipe's own file {path} differs from its commit"))),
        }
    }
}

/// Whether a path in the clone is one that CI puts there.
fn is_ours(path: &str) -> bool {
    path.starts_with(&format!("{OURS}/")) || path.rsplit('/').next().is_some_and(|name| name.starts_with(IN_PLACE))
}

fn moved(text: String) -> SwarmError {
    SwarmError::Command { verb: "have abra deploy the commit under test".to_owned(), text }
}

fn of_git(error: &GitError) -> SwarmError {
    SwarmError::Command { verb: "prepare abra's clone of the recipe".to_owned(), text: error.to_string() }
}

fn write_error(path: &Path, error: &io::Error) -> SwarmError {
    SwarmError::Command { verb: format!("write {}", path.display()), text: error.to_string() }
}

/// The app's environment is the run's; what `abra.sh` exports is left to `abra`, which merges it at the deploy.
fn env_text(recipe: &RecipeName, tree: &AbraTree, env: &BTreeMap<String, String>, files: &[String]) -> String {
    let (sample, exports) = (&tree.recipe.sample, &tree.recipe.abra_sh.exports);
    let exported = |key: &String| exports.iter().any(|export| export.name == *key) && sample.entry(key).is_none();
    let mut env: BTreeMap<String, String> =
        env.iter().filter(|(key, _)| !exported(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    env.insert("COMPOSE_FILE".to_owned(), files.join(":"));
    // By this name abra finds the clone; the sample may be of a recipe that is called otherwise here. A version behind it
    // would be a pin, and `-C` takes the clone as it is [S1].
    let key = if env.contains_key("RECIPE") { "RECIPE" } else { "TYPE" };
    env.insert(key.to_owned(), recipe.to_string());
    env_file::render(&env, sample)
}

/// The operator's own catalogue; else one of this recipe with the versions it has tags for, so that none is fetched (S14).
fn make_catalogue(dir: &Path, operators: Option<&Path>, recipe: &RecipeName, versions: Vec<String>) -> io::Result<()> {
    if let Some(theirs) = operators {
        return symlink(theirs, dir);
    }
    let name = recipe.as_str();
    let versions: Vec<Value> = versions.into_iter().map(|version| json!({ version: {} })).collect();
    let entry = json!({ "name": name, "category": "", "repository": "", "versions": versions });
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join("recipes.json"), format!("{}\n", json!({ name: entry })))
}
