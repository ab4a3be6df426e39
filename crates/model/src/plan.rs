//! The plan: what a run will do, why, within which limits, and with which permits. Data that can be printed and stored.

pub mod base;
pub mod build;
pub mod choose;
pub mod demands;
pub mod dependency;
pub mod hook;
pub mod kind;
pub mod limits;
pub mod origin;
pub mod own_tests;
pub mod permit;
pub mod promotion;
pub mod quick;
pub mod reach;
pub mod scrutiny;
pub mod step;

use crate::ids::{Commit, Domain, RecipeName, RunId, StackName};
use crate::tier::Tier;
use base::Base;
use demands::Demands;
use dependency::{Dependency, Mode};
use hook::HookPlace;
use kind::Kind;
use limits::Limits;
use permit::Purpose;
use promotion::Promotion;
use scrutiny::{OperatorWork, Softened, TreeState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use step::{Action, Check, Step};

/// Everything a run intends. [`crate::verdict::judge`] holds the evidence against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The run this plan is for.
    pub run: RunId,
    /// The recipe under test.
    pub recipe: RecipeName,
    /// What kind of run it is.
    #[serde(default, skip_serializing_if = "Kind::is_cold")]
    pub kind: Kind,
    /// What is told of a run that was to be quick and is a cold one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_after_all: Option<String>,
    /// The commit under test.
    pub head: Commit,
    /// The version label of the head's compose file, if it has one.
    pub head_version: Option<String>,
    /// Where the app is first deployed, and why there.
    pub base: Base,
    /// The stack's name.
    pub stack: StackName,
    /// The domain the app answers on.
    pub domain: Domain,
    /// One entry per tier, in order.
    pub tiers: Vec<PlannedTier>,
    /// The deploys this run may make, each with its reason (RUN-3a).
    pub permits: Vec<Grant>,
    /// Time limits.
    pub limits: Limits,
    /// What the settings ask of the app.
    #[serde(default)]
    pub demands: Demands,
    /// Other recipes that the app needs, in the order in which they are brought up.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// What the run is changed by, with what looks like a secret masked (CUST-5).
    #[serde(default)]
    pub customization: BTreeMap<String, String>,
    /// Settings by which head asks less of itself than its base did; the tiers they are about have no answer.
    #[serde(default)]
    pub softened: Vec<Softened>,
    /// What operators have to do before head works for their apps.
    #[serde(default)]
    pub work: Vec<OperatorWork>,
    /// What base's backup holds and head's does not any more, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncovered: Vec<String>,
    /// Addresses at which base could be reached and head cannot, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_addresses: Vec<String>,
    /// Whether a commit is tested, or the work tree over it.
    #[serde(default)]
    pub state: TreeState,
    /// Whether the run becomes its recipe's canonical.
    #[serde(default, skip_serializing_if = "Promotion::is_silent")]
    pub promotion: Promotion,
    /// What a reader should know beforehand: host adaptations, ignored files, lightweight tags.
    pub notes: Vec<String>,
}

impl Plan {
    /// The commit under test as it is shown: short, with `+U` for what lies uncommitted over it.
    #[must_use]
    pub fn shown_head(&self) -> String {
        self.state.shown(self.head.short())
    }

    /// How many deploys the plan allows.
    #[must_use]
    pub fn deploys_expected(&self) -> usize {
        self.permits.len()
    }

    /// The dependencies that the run deploys.
    pub fn cold(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|dependency| dependency.mode == Mode::Cold)
    }

    /// The first dependency that a test needs.
    #[must_use]
    pub fn needed_by(&self, test: &str) -> Option<&Dependency> {
        self.dependencies.iter().find(|dependency| dependency.is_needed_by(test))
    }

    /// The planned tier of that name; every plan has all five.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> Option<&PlannedTier> {
        self.tiers.iter().find(|planned| planned.tier == tier)
    }

    /// Whether a hook of it runs on the host.
    #[must_use]
    pub fn has_host_hooks(&self) -> bool {
        let on_host = |step: &Step| matches!(step.action, Action::Hook { place: HookPlace::Host, .. });
        self.tiers.iter().flat_map(|tier| &tier.steps).any(on_host)
    }

    /// Whether anything of the recipe's own runs in a tier after a check, a test or a hook: it may change the app's data as users do.
    #[must_use]
    pub fn has_own_after(&self, tier: Tier, check: Check) -> bool {
        let steps = self.tier(tier).into_iter().flat_map(|planned| &planned.steps);
        steps.skip_while(|step| step.action != Action::Check(check)).any(|step| step.action.is_own())
    }

    /// Whether a tier will run.
    #[must_use]
    pub fn runs(&self, tier: Tier) -> bool {
        self.tier(tier).is_some_and(|planned| planned.disposition.runs())
    }
}

/// A deploy the plan allows: what for, and why it cannot be avoided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What the deploy is for.
    pub purpose: Purpose,
    /// Why it is needed, for the reader of the plan.
    pub reason: String,
}

/// One tier of the plan and the steps that prove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTier {
    /// Which tier.
    pub tier: Tier,
    /// Whether it runs.
    pub disposition: Disposition,
    /// The steps whose passing proves the tier, in order; empty when it is skipped.
    pub steps: Vec<Step>,
}

/// Whether a tier runs, decided before anything is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// It runs.
    Run,
    /// It does not apply.
    Skip {
        /// Why that is not silent.
        why: Skip,
        /// The reason in words.
        reason: String,
    },
}

impl Disposition {
    /// Whether the tier runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        match self {
            Self::Run => true,
            Self::Skip { .. } => false,
        }
    }
}

/// Why a tier is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// The recipe has nothing for it: no backup labels, no tests, no older version.
    Structural,
    /// The settings of CI's catalogue said so; in records before the other reasons had names, the caller or any settings.
    Declared,
    /// The caller asked for other tiers only, or for no upgrade.
    NotAsked,
    /// The settings in the commit under test said so.
    OwnSettings,
    /// No tag publishes a version, so nobody can say what operators run.
    NoTags,
    /// A quick run leaves it out.
    Quick,
}
