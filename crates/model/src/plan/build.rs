//! Planning: the only way to an approved plan. Pure, so that most questions about tiers are answered without a swarm.

mod steps;

use super::base::{Base, NoBase};
use super::demands::{Demands, Probe, Verify};
use super::dependency::{Dependency, Mode};
use super::hook::{HookPlace, HookTime};
use super::kind::Kind;
use super::limits::Limits;
use super::permit::{Approved, Permits, Purpose};
use super::promotion::Promotion;
use super::scrutiny::{OperatorWork, Scrutiny};
use super::{Disposition, Grant, Plan, PlannedTier, Skip};
use crate::ids::{Commit, Domain, RecipeName, RunId, StackName};
use crate::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};
use steps::steps;

/// What planning needs to know; every field was read before, from git and from the request.
#[derive(Debug, Clone)]
pub struct PlanFacts {
    /// The run.
    pub run: RunId,
    /// The recipe under test.
    pub recipe: RecipeName,
    /// What kind of run it is.
    pub kind: Kind,
    /// What is told of a run that was to be quick and is a cold one.
    pub cold_after_all: Option<String>,
    /// The commit under test.
    pub head: Commit,
    /// Its version label.
    pub head_version: Option<String>,
    /// Where the app starts.
    pub base: Base,
    /// The tiers asked for; those that they cannot do without are added.
    pub stages: BTreeSet<Tier>,
    /// The zone the app's domain lies in.
    pub zone: String,
    /// Whether the app has a route that can be asked.
    pub route: HasRoute,
    /// Whether it has TCP routes that can be tried.
    pub connections: HasConnections,
    /// Whether it is reached in other ways, so that it can be seen whether something listens there.
    pub openings: HasOpenings,
    /// Whether the recipe promises a backup.
    pub backup: BackupPromise,
    /// What base's backup holds and head's does not any more, in words.
    pub uncovered: Vec<String>,
    /// Addresses at which base could be reached and head cannot, in words.
    pub dropped_addresses: Vec<String>,
    /// Whether the app keeps anything an upgrade could lose.
    pub data: Data,
    /// The recipe's own tests, by tier, in running order: paths below the tests folder.
    pub tests: BTreeMap<Tier, Vec<String>>,
    /// Hooks that will run, by when and where.
    pub hooks: BTreeMap<(HookTime, HookPlace), String>,
    /// Time limits.
    pub limits: Limits,
    /// What the settings ask of the app.
    pub demands: Demands,
    /// What else has to be ready after each deployment.
    pub ready: Vec<Probe>,
    /// Services that head has and the base has not: nothing of them can be ready there.
    pub not_at_base: BTreeSet<String>,
    /// The check of a backup.
    pub verify: Option<Verify>,
    /// Tiers that the settings skip, with the reason.
    pub skips: BTreeMap<Tier, String>,
    /// Tiers whose own tests a quick run leaves out, all of them.
    pub untested: BTreeSet<Tier>,
    /// Other recipes that the app needs.
    pub dependencies: Vec<Dependency>,
    /// What the run is changed by.
    pub customization: BTreeMap<String, String>,
    /// Notes for the reader.
    pub notes: Vec<String>,
    /// What head changes about its own judgement, and what it leaves to operators.
    pub scrutiny: Scrutiny,
    /// Whether the run becomes its recipe's canonical.
    pub promotion: Promotion,
}

/// Whether the app can be asked over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasRoute {
    /// It has a router.
    Http,
    /// It has none; nothing is said about answering.
    None,
}

/// Whether the app has TCP routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasConnections {
    /// It has at least one.
    Some,
    /// It has none.
    None,
}

/// Whether the app is reached otherwise than over HTTP and TCP routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasOpenings {
    /// On a port of the machine, or behind a UDP router.
    Some,
    /// It is not.
    None,
}

/// Whether the app keeps data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// It has volumes.
    Kept,
    /// It has none: there is nothing to lose.
    None,
}

/// Whether the recipe promises a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupPromise {
    /// It carries backup labels that cover something.
    Promised,
    /// It does not.
    Not {
        /// Why, for the reader.
        reason: String,
    },
}

/// Plans a run and issues its permits.
#[must_use]
pub fn plan(mut facts: PlanFacts) -> Approved {
    facts.notes.extend(complete(&mut facts.stages));
    facts.notes.extend(facts.scrutiny.work.iter().map(OperatorWork::line));
    match facts.route {
        HasRoute::Http => {}
        HasRoute::None => facts.notes.push(
            "the steps `serving` are left out: no router of the recipe speaks HTTP, so only its own tests can show what it \
             answers"
                .to_owned(),
        ),
    }
    let (stack, domain) = match facts.kind.canonical() {
        Some(canonical) => (canonical.stack.clone(), canonical.domain.clone()),
        None => {
            let stack = StackName::of_run(&facts.recipe, &facts.head, &facts.run);
            let domain = Domain::of_stack(&stack, &facts.zone);
            (stack, domain)
        }
    };
    let tiers = Tier::ALL.into_iter().map(|tier| planned_tier(&facts, tier)).collect();
    let permits = permits(&facts);
    Approved::new(Plan {
        run: facts.run,
        recipe: facts.recipe,
        cold_after_all: facts.cold_after_all,
        head: facts.head,
        head_version: facts.head_version,
        base: facts.base,
        stack,
        domain,
        tiers,
        permits,
        limits: facts.kind.limits(facts.limits),
        kind: facts.kind,
        demands: facts.demands,
        dependencies: facts.dependencies,
        customization: facts.customization,
        softened: facts.scrutiny.softened,
        work: facts.scrutiny.work,
        uncovered: facts.uncovered,
        dropped_addresses: facts.dropped_addresses,
        state: facts.scrutiny.state,
        promotion: facts.promotion,
        notes: facts.notes,
    })
}

/// Adds the tiers that those asked for cannot do without; says which.
fn complete(stages: &mut BTreeSet<Tier>) -> Vec<String> {
    let mut notes = Vec::new();
    if stages.contains(&Tier::Restore) && stages.insert(Tier::Backup) {
        notes.push("the backup tier runs too: there would be nothing to restore".to_owned());
    }
    if stages.insert(Tier::Install) {
        notes.push("the install tier runs too: every other tier needs the app".to_owned());
    }
    notes
}

/// Plans a live-warm provider: one deploy of its stack. That is no part of any run: no run's plan, ledger or witness counts it,
/// and a run that finds such a provider deploys nothing for it (DEP-2).
#[must_use]
pub fn warm(provider: &Dependency) -> Permits {
    Permits::of_warm_provider(provider.stack.clone())
}

/// One permit for each cold dependency, and one for the app.
fn permits(facts: &PlanFacts) -> Vec<Grant> {
    let cold = facts.dependencies.iter().filter(|dependency| match dependency.mode {
        Mode::Cold => true,
        Mode::Warm => false,
    });
    let cold = cold.map(|dependency| Grant {
        purpose: Purpose::Dependency { recipe: dependency.recipe.to_string() },
        reason: format!("{} needs it; {}", facts.recipe, dependency.why),
    });
    cold.chain([Grant { purpose: facts.kind.purpose(), reason: deploy_reason(facts) }]).collect()
}

fn deploy_reason(facts: &PlanFacts) -> String {
    match &facts.kind {
        Kind::Cold => base_deploy_reason(facts),
        Kind::Verify { canonical } => {
            format!("whether the canonical {} comes back is seen when it runs", canonical.version)
        }
        Kind::Quick { canonical } => format!(
            "every tier needs the app running; the canonical {} is brought back, so that the upgrade needs no deploy of its own",
            canonical.version
        ),
    }
}

fn base_deploy_reason(facts: &PlanFacts) -> String {
    match &facts.base {
        Base::Published { version, .. } => {
            format!(
                "every tier needs the app running; deployed at {version}, so that the upgrade needs no deploy of its own"
            )
        }
        Base::Commit { commit, .. } => {
            format!(
                "every tier needs the app running; deployed at {}, so that the upgrade needs no deploy of its own",
                commit.short()
            )
        }
        Base::Head { .. } => {
            "every tier needs the app running; deployed at head, since there is nothing to upgrade from".to_owned()
        }
    }
}

fn planned_tier(facts: &PlanFacts, tier: Tier) -> PlannedTier {
    let disposition = disposition(facts, tier);
    let steps = if disposition.runs() { steps(facts, tier) } else { Vec::new() };
    PlannedTier { tier, disposition, steps }
}

fn disposition(facts: &PlanFacts, tier: Tier) -> Disposition {
    let skip = |why, reason: &str| Disposition::Skip { why, reason: reason.to_owned() };
    if !facts.stages.contains(&tier) {
        return skip(Skip::NotAsked, "not among the stages asked for");
    }
    if let Some(reason) = left_out_by_quick(facts, tier) {
        return skip(Skip::Quick, reason);
    }
    if let Some(reason) = declared(facts, tier) {
        return skip(declarer(facts, tier), &reason);
    }
    match tier {
        Tier::Install => Disposition::Run,
        Tier::Upgrade => match &facts.base {
            Base::Head { reason, why } => skip(of_no_base(*why), reason),
            Base::Published { .. } | Base::Commit { .. } => Disposition::Run,
        },
        Tier::Backup | Tier::Restore => match &facts.backup {
            // A promise that was given and is broken is an answer, and a bad one.
            BackupPromise::Not { .. } if tier == Tier::Backup && !facts.uncovered.is_empty() => Disposition::Run,
            BackupPromise::Not { reason } => skip(Skip::Structural, reason),
            BackupPromise::Promised => Disposition::Run,
        },
        Tier::Custom => {
            if tests(facts, tier).is_empty() {
                skip(Skip::Structural, "the recipe has no tests of its own in `tests/custom`")
            } else {
                Disposition::Run
            }
        }
    }
}

/// Why a quick run leaves a tier out, if it is one and does.
fn left_out_by_quick(facts: &PlanFacts, tier: Tier) -> Option<&'static str> {
    match (&facts.kind, tier) {
        (Kind::Cold | Kind::Verify { .. }, _) | (Kind::Quick { .. }, Tier::Install | Tier::Upgrade) => None,
        (Kind::Quick { .. }, Tier::Backup | Tier::Restore) => Some("a quick run does not try it"),
        (Kind::Quick { .. }, Tier::Custom) => facts.untested.contains(&tier).then_some(
            "each of its tests reads what a quick run does not have: values of secrets, or what earlier tests and hooks left",
        ),
    }
}

/// What an upgrade that has no base is skipped for.
fn of_no_base(why: NoBase) -> Skip {
    match why {
        NoBase::NothingOlder => Skip::Structural,
        NoBase::NoTags => Skip::NoTags,
        NoBase::NotAsked => Skip::NotAsked,
        NoBase::Skipped => Skip::Declared,
    }
}

/// Whose settings skip a tier. Without a backup there is nothing to restore.
fn declarer(facts: &PlanFacts, tier: Tier) -> Skip {
    let own = |tier: Tier| facts.scrutiny.own_skips.contains(&tier);
    let is_own = own(tier) || (tier == Tier::Restore && !facts.skips.contains_key(&tier) && own(Tier::Backup));
    if is_own { Skip::OwnSettings } else { Skip::Declared }
}

/// Why the settings skip a tier. Without a backup there is nothing to restore.
fn declared(facts: &PlanFacts, tier: Tier) -> Option<String> {
    let own = facts.skips.get(&tier).cloned();
    match tier {
        Tier::Restore => own.or_else(|| Some(format!("without a backup: {}", facts.skips.get(&Tier::Backup)?))),
        Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Custom => own,
    }
}

fn tests(facts: &PlanFacts, tier: Tier) -> &[String] {
    facts.tests.get(&tier).map_or(&[], Vec::as_slice)
}
