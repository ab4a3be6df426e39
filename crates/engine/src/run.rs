//! Performs an approved plan: one straight line from the first event to the last.
//!
//! ```text
//! inventory → witness → images, tests are read → dependencies → secrets, edge → install → upgrade → backup → restore → custom
//!           → budget → verdict due → promotion, if it is wanted → teardown → inventory
//! ```
//!
//! While the tiers run, a browser takes a screenshot of the app. What fails is said in events; this function returns only how the run ended.

#![warn(clippy::wildcard_enum_match_arm)]

mod after;
pub mod app;
mod benches;
mod checks;
pub mod conductor;
pub(crate) mod deploying;
pub mod floor;
mod guard;
mod holding;
mod host_hook;
pub(crate) mod images;
mod logs;
mod measuring;
mod namespaces;
mod operations;
mod parts;
mod promoting;
mod proofreading;
mod route_labels;
pub(crate) mod stack_files;
mod starting;
mod tiers;
mod tools;
mod traces;
mod triage;
mod watch;
mod world;

use crate::ledger;
use crate::promotion::Draft;
use crate::screenshot::Exposure;
use crate::swarm::{Inventory, Operate, SwarmError};
use crate::teardown::{self, Belongings};
use crate::witness::{Seen, StackSeen, Witness};
use app::App;
use cc_ci_model::event::{BUSY_MACHINE, Budget, Event, InventoryWhen, RunEnd};
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::Object;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::permit::Approved;
use cc_ci_model::verdict::budget::{Came, answers_for};
use namespaces::Gone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tiers::Accounts;

pub use crate::keep::{Artifact, Keep};
pub use world::{Cancel, World};

/// The folder below the run's that hooks may leave files in for later hooks.
pub const HOOK_STATE: &str = "hook-state";

/// How long teardown may take before what is left counts as left behind.
const TEARDOWN_LIMIT: Duration = Duration::from_secs(120);

/// Performs the plan. Every path ends in teardown. [`Event::RunEnded`] is the caller's to say, once
/// it has looked through the artifacts for secrets.
pub async fn run(approved: Approved, app: App, world: World) -> Performed {
    let plan = Arc::new(approved.plan);
    let world = &world.discreet(&plan);
    let before = match world.doors.observe.inventory().await {
        Ok(inventory) => inventory,
        Err(error) => {
            return Performed { end: end_of(&error), draft: None };
        }
    };
    world.voice.say(Event::Inventory { when: InventoryWhen::Before, counts: before.counts() });
    let witness = Witness::start(world.observe(), Arc::clone(&world.others));
    let providers = app.providers.clone();
    let secrets = app.head.recipe.secrets.iter().map(|spec| spec.swarm_name.clone()).collect();
    let mut exposure = Exposure::default();
    let performing = tiers::perform(&plan, approved.permits, app, world, witness.sight(), &mut exposure);
    let performed = Box::pin(performing).await;
    let seen = witness.testify().await;
    let (end, accounts) = match performed {
        Ok(accounts) => (world.cancel.reason().unwrap_or(RunEnd::Completed), accounts),
        Err(error) => (end_of(&error), Accounts::default()),
    };
    world.voice.say(Event::Budget(budget(&plan, world, &before, &seen, accounts)));
    if let Some(value) = world.clock.note() {
        world.voice.say(Event::HostFact { name: BUSY_MACHINE.to_owned(), value });
    }
    world.voice.say(Event::VerdictDue);
    exposure.finish(&world.voice, world.cancel.token()).await;
    hold(&plan, world).await;
    let draft = match end {
        RunEnd::Completed => promoting::draft(&plan, &secrets, world).await,
        RunEnd::Cancelled { .. } | RunEnd::Deadline | RunEnd::Infrastructure { .. } | RunEnd::Broken { .. } => None,
    };
    let end = tear_down(&plan, &providers, world, &before, draft.as_ref()).await.unwrap_or(end);
    Performed { end, draft }
}

/// What came of a run.
pub struct Performed {
    /// How it ended.
    pub end: RunEnd,
    /// What is to become the recipe's canonical. Its secrets are still there, and the ledger is open for them: whoever started the run
    /// writes it down, or has them removed.
    pub draft: Option<Draft>,
}

/// Maps an engine error to the end of the run.
fn end_of(error: &SwarmError) -> RunEnd {
    let text = error.to_string();
    match error {
        SwarmError::Engine { .. } | SwarmError::Command { .. } => RunEnd::Infrastructure { finding: error.finding() },
        SwarmError::Refused { .. } => RunEnd::Infrastructure { finding: Finding::new(Cause::EngineLost, text) },
        SwarmError::NotAllowed { .. } | SwarmError::Ledger(_) => RunEnd::Broken { error: text },
    }
}

/// The ledger is read back from disk: what counts is what was written, not what this process remembers.
/// Stacks of strangers are told about, and not counted.
fn budget(plan: &Plan, world: &World, before: &Inventory, seen: &Seen, accounts: Accounts) -> Budget {
    let ledger = match ledger::read(world.ledger.path()) {
        Ok(entries) => ledger::deploys(&entries),
        Err(error) => {
            world.voice.note(None, format!("the ledger cannot be read back: {error}"));
            Vec::new()
        }
    };
    let while_a_hook_ran = |seen: &StackSeen| accounts.hooks.iter().any(|span| span.can_have_made(&seen.name, seen.at));
    let seen_before = |one: &StackSeen| {
        let earlier = |other: &&StackSeen| other.name == one.name && other.at < one.at;
        before.has_stack(&one.name) || seen.stacks.iter().filter(earlier).any(|other| !while_a_hook_ran(other))
    };
    let came = |one: &StackSeen| match while_a_hook_ran(one) && !seen_before(one) {
        true => Came::WhileAHookRan,
        false => Came::Otherwise,
    };
    let ours = |one: &&StackSeen| answers_for(plan, &ledger, &one.name, one.run.as_deref(), came(one));
    let (ours, strangers): (Vec<_>, Vec<_>) = seen.stacks.iter().partition(ours);
    for name in strangers.into_iter().map(|seen| &seen.name).collect::<BTreeSet<_>>() {
        let told = "was deployed on this engine during the run; it carries no label of this run and is not counted";
        world.voice.note(None, format!("another stack, {name}, {told}"));
    }
    let witness = ours.into_iter().map(|seen| seen.name.clone()).collect();
    Budget { ledger, witness, unexplained: accounts.unexplained, unbroken: seen.gaps == 0 }
}

async fn hold(plan: &Plan, world: &World) {
    if !world.hold.is_zero() {
        for line in holding::words(plan, world.hold) {
            world.voice.note(None, line);
        }
        tokio::select! {
            () = tokio::time::sleep(world.hold) => {}
            () = world.cancel.token().cancelled() => {}
        }
    }
}

/// Removes everything of the run and compares inventories. `Some` when the engine failed on the way.
async fn tear_down(
    plan: &Plan,
    providers: &[app::DependencyApp],
    world: &World,
    before: &Inventory,
    draft: Option<&Draft>,
) -> Option<RunEnd> {
    match removed(plan, providers, world, before, draft).await {
        Ok(()) => None,
        Err(error) => Some(end_of(&error)),
    }
}

async fn removed(
    plan: &Plan,
    providers: &[app::DependencyApp],
    world: &World,
    before: &Inventory,
    draft: Option<&Draft>,
) -> Result<(), SwarmError> {
    let kept = draft.map(|draft| draft.secrets.clone()).unwrap_or_default();
    let entries = ledger::read(world.ledger.path())?;
    let belongings = Belongings::of_ledger(&entries).unwrap_or_else(|| Belongings::of_run(&plan.run));
    let belongings = plan.cold().fold(belongings, |all, dependency| all.with_stack(&dependency.stack));
    let belongings = belongings.with_stack(&plan.stack).keeping(&kept);
    if let Err(error) = world.doors.operate.undeploy(&plan.run, &plan.stack).await {
        world.voice.note(None, format!("teardown goes on by itself: {error}"));
    }
    let left = teardown::remove_all(world.doors.operate.as_ref(), &belongings, TEARDOWN_LIMIT).await?;
    let namespaces = namespaces::remove(plan, providers, &entries, world).await;
    let after = world.doors.observe.inventory().await?;
    world.voice.say(Event::Inventory { when: InventoryWhen::After, counts: after.counts() });
    let named = named_after(plan, before, &after)
        .into_iter()
        .filter(|object| !left.contains_key(object) && !kept.contains(object));
    let named: Vec<_> = named.map(|object| (object, Vec::new())).collect();
    let left: BTreeMap<Object, Vec<String>> = left.into_iter().chain(named).collect();
    if left.is_empty() && namespaces == Gone::All && draft.is_none() {
        world.ledger.write(&ledger::LedgerEntry::Closed)?;
    }
    for (object, held_by) in left {
        world.voice.say(Event::LeftBehind { object, held_by });
    }
    Ok(())
}

/// New objects without any label of ours whose name says that they came of this run, such as a hook's own. They are reported and
/// not removed: a name alone is no proof of ownership.
fn named_after(plan: &Plan, before: &Inventory, after: &Inventory) -> Vec<Object> {
    let new = after.objects.keys().filter(|object| !before.objects.contains_key(object));
    let stacks = || plan.cold().map(|dependency| &dependency.stack).chain([&plan.stack]).map(StackName::as_str);
    let ours = |object: &&Object| stacks().chain([plan.run.as_str()]).any(|name| object.name.contains(name));
    new.filter(ours).cloned().collect()
}

/// Removes what a dead run left, by its ledger, but for secrets that are kept for a canonical; returns what would not go.
pub async fn clean(
    operate: &dyn Operate,
    folder: &std::path::Path,
    run: &RunId,
    kept: &BTreeSet<Object>,
) -> Result<Cleaned, SwarmError> {
    let path = folder.join(ledger::FILE);
    let entries = ledger::read(&path)?;
    let belongings = Belongings::of_ledger(&entries).unwrap_or_else(|| Belongings::of_run(run)).keeping(kept);
    let found = belongings.in_inventory(&operate.inventory().await?);
    let left = teardown::remove_all_of_dead(operate, &belongings, TEARDOWN_LIMIT).await?;
    let left: Vec<String> = left.keys().map(ToString::to_string).collect();
    if left.is_empty() {
        ledger::close(&path)?;
    }
    Ok(Cleaned { found: found.len(), left })
}

/// What a clean-up did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// How many objects the dead run had left.
    pub found: usize,
    /// Those that would not go.
    pub left: Vec<String>,
}
