//! What a sweep will do and what it costs, known before anything is deployed.

use crate::ids::{Commit, RecipeName, RunId, StackName};
use serde::Serialize;

/// What is swept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SweepPlan {
    /// The sweep.
    pub sweep: RunId,
    /// How many recipes have to have an answer; `None` when nobody says.
    pub expect: Option<usize>,
    /// How many runs at the same time.
    pub jobs: u32,
    /// The recipes, each with what becomes of it.
    pub recipes: Vec<PlannedRecipe>,
    /// What is brought up once for all, in this order.
    pub providers: Vec<PlannedProvider>,
}

/// A recipe of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedRecipe {
    /// Its name, or what was asked for where no recipe was found.
    pub name: String,
    /// Its newest published version.
    pub version: Option<String>,
    /// The commit of that.
    pub commit: Option<Commit>,
    /// What becomes of it.
    pub decision: Decision,
}

/// What becomes of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Decision {
    /// It is run.
    Run {
        /// Why its last answer does not do.
        why: String,
        /// Recipes that the sweep brings up for it.
        needs: Vec<RecipeName>,
    },
    /// Its last answer stands.
    Unchanged {
        /// The run that gave it.
        run: RunId,
        /// When, RFC 3339, UTC.
        at: String,
        /// The level that may be shown.
        level: Option<u8>,
    },
    /// There is nothing to run. That is no answer.
    Skipped {
        /// Why.
        why: String,
    },
    /// It was asked for and cannot be run.
    Unaccounted {
        /// Why.
        why: String,
        /// The exit code of that.
        exit_code: u8,
    },
}

/// A recipe that others need, and that the sweep brings up once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedProvider {
    /// Which.
    pub recipe: RecipeName,
    /// At which version, or commit where none is published.
    pub version: String,
    /// What everything of it is labelled with.
    pub run: RunId,
    /// Its stack.
    pub stack: StackName,
}

impl SweepPlan {
    /// The recipes that are run.
    pub fn runs(&self) -> impl Iterator<Item = &PlannedRecipe> {
        self.recipes.iter().filter(|one| one.is_run())
    }

    /// `R + D`: a deploy for each run, and one for each recipe that is brought up for them.
    #[must_use]
    pub fn deploys(&self) -> usize {
        self.runs().count() + self.providers.len()
    }

    /// The recipes that need a provider.
    pub fn users<'a>(&'a self, provider: &'a RecipeName) -> impl Iterator<Item = &'a PlannedRecipe> {
        self.recipes.iter().filter(move |one| one.needs().contains(provider))
    }

    /// Whether something carries the label of this sweep, of one of its runs or of what it brought up.
    #[must_use]
    pub fn is_label(&self, label: &str) -> bool {
        let rest = label.strip_prefix(self.sweep.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

impl PlannedRecipe {
    /// Whether it is run.
    #[must_use]
    pub fn is_run(&self) -> bool {
        match self.decision {
            Decision::Run { .. } => true,
            Decision::Unchanged { .. } | Decision::Skipped { .. } | Decision::Unaccounted { .. } => false,
        }
    }

    /// The recipes that the sweep brings up for it.
    #[must_use]
    pub fn needs(&self) -> &[RecipeName] {
        match &self.decision {
            Decision::Run { needs, .. } => needs,
            Decision::Unchanged { .. } | Decision::Skipped { .. } | Decision::Unaccounted { .. } => &[],
        }
    }
}
