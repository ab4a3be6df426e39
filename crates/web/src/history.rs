//! What many runs say together: how a recipe stands, what is flaky, which run its badge shows.

use crate::rows::{KnownRun, Scope};
use cc_ci_model::ids::{Commit, RecipeName};
use cc_ci_model::report::life::Life;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The runs of one recipe, the latest first.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) recipe: RecipeName,
    pub(crate) runs: Vec<Arc<KnownRun>>,
}

impl History {
    /// One history per recipe, by name. The runs have to come the latest first, and stay so.
    pub(crate) fn of_all(runs: &[Arc<KnownRun>]) -> Vec<Self> {
        let mut found: BTreeMap<&RecipeName, Vec<Arc<KnownRun>>> = BTreeMap::new();
        for run in runs {
            found.entry(&run.recipe).or_default().push(Arc::clone(run));
        }
        found.into_iter().map(|(recipe, runs)| Self { recipe: recipe.clone(), runs }).collect()
    }

    /// The history of one recipe.
    pub(crate) fn of(recipe: &RecipeName, runs: &[Arc<KnownRun>]) -> Self {
        let own = runs.iter().filter(|run| run.recipe == *recipe).cloned();
        Self { recipe: recipe.clone(), runs: own.collect() }
    }

    /// The run that says how the recipe itself stands: the last that was asked to prove everything about a commit that is no
    /// pull request's, and came to a verdict of its own. A pull request says nothing about what operators run today.
    pub(crate) fn standing(&self) -> Option<&Arc<KnownRun>> {
        self.runs.iter().find(|run| run.pr.is_none() && run.scope == Scope::Complete && is_judged(run))
    }

    /// What its card shows: how it stands, else the last run of any kind.
    pub(crate) fn shown(&self) -> Option<&Arc<KnownRun>> {
        self.standing().or_else(|| self.runs.iter().find(|run| !run.goes_on())).or_else(|| self.runs.first())
    }

    /// The last run that was green and asked to prove everything, about no pull request.
    pub(crate) fn last_green(&self) -> Option<&Arc<KnownRun>> {
        self.runs
            .iter()
            .find(|run| run.pr.is_none() && run.scope == Scope::Complete && is_judged(run) && run.color == Color::Green)
    }

    /// Commits about which complete runs disagree: green once, red once. What the infrastructure or cc-ci itself did is no
    /// disagreement.
    pub(crate) fn flaky(&self) -> BTreeSet<&Commit> {
        let mut seen: BTreeMap<&Commit, (bool, bool)> = BTreeMap::new();
        for run in self.runs.iter().filter(|run| run.scope == Scope::Complete && run.life == Life::Over) {
            let (green, red) = seen.entry(&run.head).or_default();
            match run.color {
                Color::Green => *green = true,
                Color::Red => *red |= is_about_the_recipe(run.blame),
                Color::Unverified | Color::Cancelled => {}
            }
        }
        seen.into_iter().filter(|(_, seen)| *seen == (true, true)).map(|(commit, _)| commit).collect()
    }

    /// Since when it has been as it stands: the first of the unbroken row of runs of the same colour that ends with
    /// [`History::standing`].
    pub(crate) fn since(&self) -> Option<&str> {
        let standing = self.standing()?;
        let same = self
            .runs
            .iter()
            .filter(|run| run.pr.is_none() && run.scope == Scope::Complete && is_judged(run))
            .take_while(|run| run.color == standing.color);
        same.last().map(|run| run.started.as_str())
    }
}

/// Whether the run came to a verdict by itself: nobody ended it, and it did not die.
fn is_judged(run: &KnownRun) -> bool {
    run.life == Life::Over
        && match run.color {
            Color::Green | Color::Red | Color::Unverified => true,
            Color::Cancelled => false,
        }
}

fn is_about_the_recipe(blame: Option<Blame>) -> bool {
    match blame {
        Some(Blame::Recipe | Blame::Base | Blame::Dependency | Blame::Test) => true,
        Some(Blame::Infrastructure | Blame::Harness | Blame::Cancelled) | None => false,
    }
}
