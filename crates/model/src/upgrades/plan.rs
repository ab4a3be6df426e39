//! What a series of upgrades intends: each version, the run that upgrades from it, and the deploys that this run is lent.

use super::choose::LeftOutVersion;
use crate::ids::{Commit, RecipeName, RunId, StackName};
use crate::plan::base::Base;
use crate::plan::permit::{Purpose, stack_of};
use crate::plan::{Disposition, Plan, PlannedTier, Skip};
use crate::tier::Tier;
use serde::{Deserialize, Serialize};

/// The upgrade to one commit from several published versions, known before anything is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradesPlan {
    /// What the ids of all its runs begin with.
    pub series: RunId,
    /// The recipe.
    pub recipe: RecipeName,
    /// The commit that is upgraded to.
    pub head: Commit,
    /// Its version label, if it has one.
    pub head_version: Option<String>,
    /// One for each version, the newest first.
    pub upgrades: Vec<PlannedUpgrade>,
    /// Versions that might have been meant and are not among them.
    pub left_out: Vec<LeftOutVersion>,
    /// How many older versions were not asked for.
    pub not_asked: usize,
}

/// The upgrade from one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedUpgrade {
    /// The version that the app is deployed at first.
    pub version: String,
    /// Its commit.
    pub commit: Commit,
    /// What a reader should know about the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The run.
    pub run: RunId,
    /// What that run is lent, or why there is none.
    pub loan: UpgradeLoan,
}

/// What a run of the series may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum UpgradeLoan {
    /// These tiers, and these deploys.
    Lent {
        /// The tiers that are asked for.
        tiers: Vec<Tier>,
        /// The deploys.
        permits: Vec<StackGrant>,
    },
    /// No run can begin at that version; nothing is deployed for it.
    None {
        /// Why.
        why: String,
        /// The exit code of that.
        exit_code: u8,
    },
}

/// One deploy: of which stack, what for, and why it cannot be avoided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackGrant {
    /// The stack.
    pub stack: StackName,
    /// What the deploy is for.
    pub purpose: Purpose,
    /// Why it is needed.
    pub reason: String,
}

/// The version that a run is planned for, and what came of planning it.
#[derive(Debug)]
pub struct UpgradeFacts {
    /// The version.
    pub version: String,
    /// Its commit.
    pub commit: Commit,
    /// What a reader should know about it.
    pub remark: Option<String>,
    /// The run.
    pub run: RunId,
    /// Its plan; else why there is none, with the exit code of that.
    pub planned: Result<Box<Plan>, (String, u8)>,
}

impl UpgradesPlan {
    /// The permits of the series: one for each run that can begin, each to be used once. Only planning makes them.
    fn lend(&self) -> Vec<RunPermit> {
        let permit = |upgrade: &PlannedUpgrade| match &upgrade.loan {
            UpgradeLoan::Lent { permits, .. } => Some(RunPermit {
                run: upgrade.run.clone(),
                head: self.head.clone(),
                base: upgrade.commit.clone(),
                permits: permits.clone(),
            }),
            UpgradeLoan::None { .. } => None,
        };
        self.upgrades.iter().filter_map(permit).collect()
    }

    /// The stacks that may be deployed, once each.
    pub fn stacks(&self) -> impl Iterator<Item = &StackName> {
        self.upgrades.iter().flat_map(PlannedUpgrade::permits).map(|grant| &grant.stack)
    }

    /// How many deploys the series may make.
    #[must_use]
    pub fn deploys(&self) -> usize {
        self.stacks().count()
    }

    /// How many runs can begin.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.upgrades.iter().filter(|upgrade| upgrade.begins()).count()
    }

    /// Whether an id is that of one of its runs.
    #[must_use]
    pub fn has_run(&self, run: &str) -> bool {
        self.upgrades.iter().any(|upgrade| upgrade.run.as_str() == run)
    }
}

impl PlannedUpgrade {
    fn of(facts: UpgradeFacts) -> Self {
        let UpgradeFacts { version, commit, remark, run, planned } = facts;
        let loan = match planned {
            Ok(plan) => {
                UpgradeLoan::Lent { tiers: plan.tiers.iter().filter_map(asked).collect(), permits: grants(&plan) }
            }
            Err((why, exit_code)) => UpgradeLoan::None { why, exit_code },
        };
        Self { version, commit, remark, run, loan }
    }

    /// The deploys that the run is lent.
    #[must_use]
    pub fn permits(&self) -> &[StackGrant] {
        match &self.loan {
            UpgradeLoan::Lent { permits, .. } => permits,
            UpgradeLoan::None { .. } => &[],
        }
    }

    /// Whether the run can begin.
    #[must_use]
    pub fn begins(&self) -> bool {
        match &self.loan {
            UpgradeLoan::Lent { .. } => true,
            UpgradeLoan::None { .. } => false,
        }
    }
}

/// A tier that is asked for, also where the recipe has nothing for it.
fn asked(planned: &PlannedTier) -> Option<Tier> {
    match &planned.disposition {
        Disposition::Skip { why: Skip::NotAsked, .. } => None,
        Disposition::Run | Disposition::Skip { .. } => Some(planned.tier),
    }
}

fn grants(plan: &Plan) -> Vec<StackGrant> {
    let grant = |grant: &crate::plan::Grant| {
        let stack = stack_of(plan, &grant.purpose)?;
        Some(StackGrant { stack, purpose: grant.purpose.clone(), reason: grant.reason.clone() })
    };
    plan.permits.iter().filter_map(grant).collect()
}

/// A series that may be performed: the data and, once, what its runs are lent. Only planning makes one.
#[derive(Debug)]
pub struct ApprovedUpgrades {
    /// The plan as data.
    pub plan: UpgradesPlan,
    /// What each run is lent, the newest version first.
    pub permits: Vec<RunPermit>,
}

/// What is the same for every upgrade of a series.
#[derive(Debug)]
pub struct SeriesFacts {
    /// What the ids of all runs begin with.
    pub series: RunId,
    /// The recipe.
    pub recipe: RecipeName,
    /// The commit that is upgraded to.
    pub head: Commit,
    /// Its version label, if it has one.
    pub head_version: Option<String>,
    /// Versions that are left out.
    pub left_out: Vec<LeftOutVersion>,
    /// How many were not asked for.
    pub not_asked: usize,
}

/// Plans the series from the plans of its runs.
#[must_use]
pub fn upgrades(facts: SeriesFacts, upgrades: Vec<UpgradeFacts>) -> ApprovedUpgrades {
    let SeriesFacts { series, recipe, head, head_version, left_out, not_asked } = facts;
    let upgrades = upgrades.into_iter().map(PlannedUpgrade::of).collect();
    let plan = UpgradesPlan { series, recipe, head, head_version, upgrades, left_out, not_asked };
    ApprovedUpgrades { permits: plan.lend(), plan }
}

/// The right to make one run of a series with the deploys that were stated for it. It can be neither made nor copied outside of
/// planning, and starting a run takes it by value.
#[derive(Debug)]
pub struct RunPermit {
    run: RunId,
    head: Commit,
    base: Commit,
    permits: Vec<StackGrant>,
}

impl RunPermit {
    /// The run that it is for.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Whether the plan of a run is the one that was stated; else what is different. A run is planned once more when it begins,
    /// and what it needs may have changed meanwhile: it does not deploy more, or anything else, than somebody was told.
    pub fn covers(&self, plan: &Plan) -> Result<(), String> {
        let Self { run, head, base, permits } = self;
        let at = match &plan.base {
            Base::Published { commit, .. } | Base::Commit { commit, .. } => Some(commit),
            Base::Head { .. } => None,
        };
        let planned = grants(plan);
        let same = |stated: &[StackGrant], planned: &[StackGrant]| {
            let key = |grant: &StackGrant| (grant.stack.clone(), grant.purpose.clone());
            stated.iter().map(key).eq(planned.iter().map(key))
        };
        let what = if *run != plan.run {
            format!("it was lent to run {run}")
        } else if *head != plan.head {
            format!("it upgrades to {}, and {} was stated", plan.head.short(), head.short())
        } else if at != Some(base) {
            let at = at.map_or("head", Commit::short);
            format!("it begins at {at}, and {} was stated", base.short())
        } else if !same(permits, &planned) {
            let named = |grants: &[StackGrant]| {
                let names: Vec<String> = grants.iter().map(|one| format!("{} ({})", one.stack, one.purpose)).collect();
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            };
            format!("it deploys {}, and {} was stated", named(&planned), named(permits))
        } else {
            return Ok(());
        };
        Err(format!("the run is not the one that was stated beforehand: {what}"))
    }
}
