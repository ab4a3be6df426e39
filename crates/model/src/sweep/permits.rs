//! The permits of a sweep: R to lend to runs, each of which may deploy its app, and D for what is brought up for them (RUN-3a).
//!
//! A permit can be neither made nor copied outside this crate, and is spent by value. Lending it twice does not compile:
//!
//! ```compile_fail
//! fn run(_permit: cc_ci_model::sweep::permits::SweptRunPermit) {}
//! fn twice(permit: cc_ci_model::sweep::permits::SweptRunPermit) {
//!     run(permit);
//!     run(permit);
//! }
//! ```

use super::plan::{PlannedProvider, SweepPlan};
use crate::ids::RecipeName;
use crate::plan::permit::{Permits, Purpose};

/// The right to make one run of a recipe whose plan holds one permit.
#[derive(Debug)]
pub struct SweptRunPermit {
    recipe: String,
}

impl SweptRunPermit {
    /// Ends the permit; returns the recipe it was for.
    #[must_use]
    pub fn spend(self) -> String {
        self.recipe
    }
}

/// The right to bring one recipe up for the runs.
#[derive(Debug)]
pub struct ProviderPermit {
    recipe: RecipeName,
    permits: Permits,
}

impl ProviderPermit {
    /// What the deploy is for, and the permit for it.
    #[must_use]
    pub fn spend(self) -> (Purpose, Permits) {
        (Purpose::Dependency { recipe: self.recipe.to_string() }, self.permits)
    }
}

/// The permits of one sweep, each to be taken once.
#[derive(Debug)]
pub struct SweepPermits {
    runs: Vec<SweptRunPermit>,
    providers: Vec<ProviderPermit>,
}

impl SweepPermits {
    fn of(plan: &SweepPlan) -> Self {
        let provider = |one: &PlannedProvider| ProviderPermit {
            recipe: one.recipe.clone(),
            permits: Permits::of_shared_provider(&one.recipe, one.stack.clone()),
        };
        Self {
            runs: plan.runs().map(|one| SweptRunPermit { recipe: one.name.clone() }).collect(),
            providers: plan.providers.iter().map(provider).collect(),
        }
    }

    /// The permit for the run of a recipe, if the plan has it and it was not taken yet.
    pub fn take_run(&mut self, recipe: &str) -> Option<SweptRunPermit> {
        let at = self.runs.iter().position(|permit| permit.recipe == recipe)?;
        Some(self.runs.swap_remove(at))
    }

    /// The permit to bring a recipe up, if the plan has it and it was not taken yet.
    pub fn take_provider(&mut self, recipe: &RecipeName) -> Option<ProviderPermit> {
        let at = self.providers.iter().position(|permit| permit.recipe == *recipe)?;
        Some(self.providers.swap_remove(at))
    }
}

/// A sweep that may be performed: its plan and, once, its permits.
#[derive(Debug)]
pub struct ApprovedSweep {
    /// The plan as data.
    pub plan: SweepPlan,
    /// A permit for each of its deploys.
    pub permits: SweepPermits,
}

/// Issues the permits of a sweep: as many as its plan states.
#[must_use]
pub fn approve(plan: SweepPlan) -> ApprovedSweep {
    let permits = SweepPermits::of(&plan);
    ApprovedSweep { plan, permits }
}
