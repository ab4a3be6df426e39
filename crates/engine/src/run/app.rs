//! The app under test, as the run needs it: two trees of one recipe, and its tests.

use cc_ci_model::overlay::Tree;
use cc_ci_model::recipe::Recipe;
use std::path::PathBuf;

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

/// What a run works on.
#[derive(Debug, Clone)]
pub struct App {
    /// The tree of the one deploy; `None` when that is head itself.
    pub base: Option<Deployable>,
    /// The tree of the commit under test.
    pub head: Deployable,
    /// The folder with the recipe's own tests, in the head's checkout; `None` when it has none.
    pub tests: Option<PathBuf>,
    /// Values given for secrets that cannot be generated, by id.
    pub given_secrets: std::collections::BTreeMap<String, String>,
}

impl App {
    /// The tree of the one deploy.
    #[must_use]
    pub fn first(&self) -> &Deployable {
        self.base.as_ref().unwrap_or(&self.head)
    }
}
