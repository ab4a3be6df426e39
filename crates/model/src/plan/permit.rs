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
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a deploy is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "deploy", rename_all = "kebab-case")]
pub enum Purpose {
    /// The one deploy of the app, at base.
    Base,
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
            Self::Dependency { recipe } => write!(f, "dependency {recipe}"),
        }
    }
}

/// The right to deploy once. Spent by value.
#[derive(Debug)]
pub struct DeployPermit {
    purpose: Purpose,
}

impl DeployPermit {
    /// What this permit is for.
    #[must_use]
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }
}

/// The permits of one plan, each to be taken once.
#[derive(Debug)]
pub struct Permits {
    left: Vec<DeployPermit>,
}

impl Permits {
    /// The one permit for bringing up a live-warm provider. That is no part of any run: no run's plan, ledger or witness counts
    /// it, and a run that finds such a provider deploys nothing for it (DEP-2).
    #[must_use]
    pub fn of_warm_provider() -> Self {
        Self { left: vec![DeployPermit { purpose: Purpose::Base }] }
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
        let left = plan.permits.iter().map(|Grant { purpose, .. }| DeployPermit { purpose: purpose.clone() }).collect();
        Self { plan, permits: Permits { left } }
    }
}
