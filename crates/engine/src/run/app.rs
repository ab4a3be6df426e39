//! The app under test, as the run needs it: two trees of one recipe, and its tests.

use crate::custom::folder::{self, File, FolderError};
use cc_ci_model::overlay::Tree;
use cc_ci_model::recipe::Recipe;
use std::path::{Path, PathBuf};

/// One tree that can be deployed.
#[derive(Debug, Clone)]
pub struct Deployable {
    /// A pristine checkout of the commit.
    pub folder: PathBuf,
    /// The recipe read from it, with the run's environment.
    pub recipe: Recipe,
    /// How abra would label it.
    pub tree: Tree,
}

/// The folder below the tests that the catalogue's own are seen in.
pub const CATALOGUE: &str = "catalogue";

/// What a run works on.
#[derive(Debug, Clone)]
pub struct App {
    /// The tree of the one deploy; `None` when that is head itself.
    pub base: Option<Deployable>,
    /// The tree of the commit under test.
    pub head: Deployable,
    /// The folder with the recipe's own tests, in the head's checkout; `None` when it has none.
    pub tests: Option<PathBuf>,
    /// The folder with the CI's own tests for the recipe; `None` when the catalogue has none.
    pub catalogue: Option<PathBuf>,
    /// Values given for secrets that cannot be generated, by id.
    pub given_secrets: std::collections::BTreeMap<String, String>,
}

impl App {
    /// The tree of the one deploy.
    #[must_use]
    pub fn first(&self) -> &Deployable {
        self.base.as_ref().unwrap_or(&self.head)
    }

    /// Every file of the tests: the recipe's own, and the catalogue's below [`CATALOGUE`], where only those are.
    pub fn test_files(&self) -> Result<Vec<File>, FolderError> {
        let mut files = self.tests.as_deref().map_or(Ok(Vec::new()), folder::read)?;
        if let Some(catalogue) = &self.catalogue {
            let below = format!("{CATALOGUE}/");
            files.retain(|file| !file.path.starts_with(&below));
            let theirs = folder::read(catalogue)?.into_iter();
            files.extend(theirs.map(|file| File { path: format!("{below}{}", file.path), ..file }));
        }
        Ok(files)
    }

    /// The folder that a planned hook lies in, and its path below that folder.
    #[must_use]
    pub fn hook<'a>(&'a self, path: &'a str) -> Option<(&'a Path, &'a str)> {
        let theirs = path.strip_prefix(CATALOGUE).and_then(|rest| rest.strip_prefix('/'));
        match (theirs, &self.catalogue) {
            (Some(below), Some(folder)) => Some((folder, below)),
            (Some(_) | None, _) => Some((self.tests.as_deref()?, path)),
        }
    }
}
