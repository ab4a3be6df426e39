//! Deploy permits: the first of the three guards on the deploy budget (RUN-3a).
//!
//! A permit can be neither made nor copied outside this module, and deploying takes one by value. Code that would deploy
//! twice with one permit does not compile:
//!
//! ```compile_fail
//! fn deploy(_permit: cc_ci_model::plan::permit::DeployPermit) {}
//! fn twice(permit: cc_ci_model::plan::permit::DeployPermit) {
//!     deploy(permit);
//!     deploy(permit);
//! }
//! ```

use super::{Grant, Plan};
use crate::ids::{RecipeName, StackName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a deploy is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "deploy", rename_all = "kebab-case")]
pub enum Purpose {
    /// The one deploy of the app, at base.
    Base,
    /// The one deploy of the app, on what its canonical kept.
    Canonical,
    /// A cold dependency.
    Dependency {
        /// The dependency's recipe.
        recipe: String,
    },
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("base"),
            Self::Canonical => f.write_str("canonical"),
            Self::Dependency { recipe } => write!(f, "dependency {recipe}"),
        }
    }
}

/// The right to deploy one stack once. Spent by value.
#[derive(Debug)]
pub struct DeployPermit {
    purpose: Purpose,
    stack: StackName,
}

impl DeployPermit {
    /// What this permit is for.
    #[must_use]
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Ends the permit; returns what it was for, and for which stack.
    #[must_use]
    pub fn spend(self) -> (Purpose, StackName) {
        (self.purpose, self.stack)
    }
}

/// The permits of one plan, each to be taken once.
#[derive(Debug)]
pub struct Permits {
    left: Vec<DeployPermit>,
}

impl Permits {
    /// The one permit for the stack of a live-warm provider; see [`super::build::warm`].
    pub(crate) fn of_warm_provider(stack: StackName) -> Self {
        Self { left: vec![DeployPermit { purpose: Purpose::Base, stack }] }
    }

    /// The one permit for a recipe that a sweep brings up for its runs; see [`crate::sweep::permits`].
    pub(crate) fn of_shared_provider(recipe: &RecipeName, stack: StackName) -> Self {
        let purpose = Purpose::Dependency { recipe: recipe.to_string() };
        Self { left: vec![DeployPermit { purpose, stack }] }
    }

    /// The permit for `purpose`, if the plan granted it and it was not taken yet.
    pub fn take(&mut self, purpose: &Purpose) -> Option<DeployPermit> {
        let at = self.left.iter().position(|permit| permit.purpose == *purpose)?;
        Some(self.left.swap_remove(at))
    }
}

/// A plan that may be performed: the data and, once, its permits. Only planning makes one.
#[derive(Debug)]
pub struct Approved {
    /// The plan as data.
    pub plan: Plan,
    /// Its permits.
    pub permits: Permits,
}

impl Approved {
    /// Issues the permits a plan grants. Crate-private: only planning approves.
    pub(crate) fn new(plan: Plan) -> Self {
        let permit =
            |purpose: &Purpose| Some(DeployPermit { purpose: purpose.clone(), stack: stack_of(&plan, purpose)? });
        let left = plan.permits.iter().filter_map(|Grant { purpose, .. }| permit(purpose)).collect();
        Self { plan, permits: Permits { left } }
    }
}

/// The stack a deploy makes; `None` for a dependency that the plan does not have.
pub(crate) fn stack_of(plan: &Plan, purpose: &Purpose) -> Option<StackName> {
    match purpose {
        Purpose::Base | Purpose::Canonical => Some(plan.stack.clone()),
        Purpose::Dependency { recipe } => {
            let found = plan.dependencies.iter().find(|dependency| dependency.recipe.as_str() == recipe)?;
            Some(found.stack.clone())
        }
    }
}
