//! The app under test, as the run needs it: two trees of one recipe, and its tests.

use crate::custom::folder::{self, FolderError, TestFile};
use cc_ci_model::ids::RunId;
use cc_ci_model::plan::origin::{CATALOGUE, Origin};
use cc_ci_model::policy::{self, Policy};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::AppEnvironment;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::overlay::TreeLabel;
use cc_ci_recipe::source::{Files, Problem, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One tree that can be deployed.
#[derive(Debug, Clone)]
pub struct Deployable {
    /// A pristine checkout of the commit.
    pub folder: PathBuf,
    /// The recipe read from it, with the run's environment.
    pub recipe: Recipe,
    /// How abra would label it.
    pub tree: TreeLabel,
    /// How it is read again once dependencies have given their outputs; `None` where there are none.
    pub source: Option<TreeSource>,
}

impl Deployable {
    /// The same tree with what dependencies provide in its environment.
    ///
    /// # Errors
    /// Says why the recipe cannot be used with these values.
    pub fn with(self, provided: &BTreeMap<String, String>) -> Result<Self, String> {
        let Some(source) = &self.source else { return Ok(self) };
        let environment = source.environment.clone().with(provided);
        let read = Recipe::read_for(&self.recipe.name, &source.files, &environment, &source.overlays);
        let first = |problems: Vec<Problem>| {
            let error = problems.into_iter().find(|problem| problem.severity == Severity::Error);
            error.map(|problem| problem.to_string()).unwrap_or_default()
        };
        let (recipe, _) = read.map_err(first)?;
        // What a script printed may have come from the recipe: it opens no door that planning had closed.
        match policy::review(&recipe, &source.policy).refused.into_iter().next() {
            Some(refused) => Err(refused.to_string()),
            None => Ok(Self { recipe, ..self }),
        }
    }
}

/// The texts a tree was read from, with everything that the reading depends on.
#[derive(Debug, Clone)]
pub struct TreeSource {
    /// Every file, overlays included.
    pub files: Files,
    /// The environment, with stand-ins for what dependencies provide.
    pub environment: AppEnvironment,
    /// Compose files laid over the recipe's own.
    pub overlays: Vec<String>,
    /// What the operator allows.
    pub policy: Policy,
}

/// The provider's scripts for one capability.
#[derive(Debug, Clone)]
pub struct Scripts {
    /// The service whose container they run in.
    pub service: String,
    /// Makes a namespace and prints its outputs.
    pub create: String,
    /// Removes one.
    pub delete: String,
    /// Lists them.
    pub list: String,
}

/// How a warm provider is reached.
#[derive(Debug, Clone)]
pub struct WarmDoor {
    /// The id under which everything of it is labelled.
    pub run: RunId,
    /// Its certificate authority, PEM.
    pub authority: String,
}

/// A dependency as the run needs it; the plan says the rest.
#[derive(Debug, Clone)]
pub struct DependencyApp {
    /// Its tree.
    pub tree: Deployable,
    /// Its scripts by capability.
    pub scripts: BTreeMap<String, Scripts>,
    /// How the warm one is reached; `None` when the run deploys its own.
    pub warm: Option<WarmDoor>,
}

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
    pub given_secrets: BTreeMap<String, String>,
    /// The ids of those that the recipe's own tests do not get: nobody whom the operator trusts has looked at these tests.
    pub withheld: BTreeSet<String>,
    /// The plan's dependencies, in its order.
    pub providers: Vec<DependencyApp>,
}

impl App {
    /// The tree of the one deploy.
    #[must_use]
    pub fn first(&self) -> &Deployable {
        self.base.as_ref().unwrap_or(&self.head)
    }

    /// The tree that the stack was last deployed from, in `tier`.
    #[must_use]
    pub fn tree(&self, tier: Tier) -> &Deployable {
        match tier {
            Tier::Install => self.first(),
            Tier::Upgrade | Tier::Backup | Tier::Restore | Tier::Custom => &self.head,
        }
    }

    /// Every file of the tests of one origin; those of the catalogue lie below [`CATALOGUE`].
    pub fn test_files(&self, origin: Origin) -> Result<Vec<TestFile>, FolderError> {
        let read = |folder: Option<&Path>| folder.map_or(Ok(Vec::new()), folder::read);
        match origin {
            Origin::Recipe => read(self.tests.as_deref()),
            Origin::Catalogue => {
                let theirs = read(self.catalogue.as_deref())?.into_iter();
                Ok(theirs.map(|file| TestFile { path: format!("{CATALOGUE}/{}", file.path), ..file }).collect())
            }
        }
    }

    /// The folder that a planned hook lies in, and its path below that folder.
    #[must_use]
    pub fn hook<'a>(&'a self, path: &'a str) -> Option<(&'a Path, &'a str)> {
        match (Origin::of(path), path.split_once('/')) {
            (Origin::Catalogue, Some((_, below))) => Some((self.catalogue.as_deref()?, below)),
            (Origin::Catalogue, None) | (Origin::Recipe, _) => Some((self.tests.as_deref()?, path)),
        }
    }
}
