//! Providers that stay up and are shared by runs (DEP-2). No run brings one up or takes one down.

mod going;
pub mod mending;
pub mod updating;

use crate::checkout::TREES;
use crate::clock;
use crate::error::{ErrorKind, RunnerError, chain};
use crate::ledgers;
use crate::prepare::Looking;
use crate::prepare::dependencies::{self, DependencyTree, Stay};
use crate::prepare::warmth::{self, Record};
use crate::providers::{self, Alert};
use crate::readiness;
use crate::request::{EngineChoice, Request, Say};
use crate::world::{self, Around, world};
use cc_ci_engine::host;
use cc_ci_engine::ledger::{self, LedgerEntry};
use cc_ci_engine::provider::{self, DependencyScripts};
use cc_ci_engine::run::{self as engine, Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::voice::Voice;
use cc_ci_engine::warm::{self, Spending, WarmError};
use cc_ci_model::event::{Event, Listener, RunEnd, Stamped};
use cc_ci_model::ids::{RecipeName, RunId};
use cc_ci_model::redact::Vault;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::warm::choice::UpdateWish;
use cc_ci_store::borrowing::{self, Alone};
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored::{self, RunState};
use going::Tools;
use mending::Back;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use updating::Aim;

/// How long one script of a provider may take outside of runs.
const SCRIPT: Duration = Duration::from_secs(60);

/// The id that everything of a warm provider is labelled with.
fn label(recipe: &RecipeName) -> Result<RunId, RunnerError> {
    let plain: String = recipe.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    RunId::parse(&format!("warm-{plain}")).map_err(|error| RunnerError::new(ErrorKind::Usage, error.to_string()))
}

/// A warm provider that is up now.
#[derive(Debug)]
pub enum Up {
    /// It was up already, and is healthy.
    Already(Record),
    /// It came up.
    Now(Record),
}

/// Deploys a provider at its newest published version and keeps it.
pub async fn up(
    recipe: &RecipeName,
    request: &Request,
    looking: &Looking<'_>,
    engine: &EngineChoice,
    cancel: &Cancel,
    say: Say,
) -> Result<Up, RunnerError> {
    let state = looking.state;
    let doors = engine.open().await?;
    mended(&Tools { request, looking, engine, doors: &doors, cancel, say: &say }, recipe).await?;
    if let Some(up) = already(state, &doors, recipe).await? {
        return Ok(up);
    }
    let _alone = alone_now(state, recipe)?;
    let folder = warmth::folder(state, recipe);
    if folder.exists() {
        return Err(half_up(recipe, &folder));
    }
    let adaptations =
        readiness::ready(&host::look(state.root(), (engine.address(), Ok(doors.node.as_ref())), cancel.token()).await)?;
    let run = label(recipe)?;
    let (needed, catalogue) = dependencies::shared(request, recipe, looking, &Stay::Warm).await?;
    std::fs::create_dir_all(&folder).map_err(|error| cannot("create", &folder, &error))?;
    let vault = Vault::default();
    engine.teach(&vault);
    let world = world(Around {
        doors: doors.clone(),
        engine: engine.address(),
        voice: voice(say, &vault),
        secrets: Secrets::new(vault.clone()),
        keep: world::keep_nothing(),
        ledger: world::ledger(&folder, &run)?,
        folder: &folder,
        adaptations: &adaptations,
        cancel,
        others: Arc::new(|_, _| false),
        alive: Arc::new(|_| false),
    });
    let saying = format!("the warm {recipe} did not come up: ");
    match in_time(&needed, &world, &run, Spending::of_warm(&needed.planned))
        .await
        .map_err(|error| not_up(&saying, &error))
    {
        Ok(authority) => {
            let record = Record { run, provider: needed.planned, authority, catalogue, since: clock::now() };
            warmth::write(state, &record)?;
            Ok(Up::Now(record))
        }
        Err(error) => {
            let left = remove(&doors, &folder, &run).await;
            Err(left.err().unwrap_or(error).masked(&vault.redactor()))
        }
    }
}

/// Puts right what a killed update left.
async fn mended(tools: &Tools<'_>, recipe: &RecipeName) -> Result<(), RunnerError> {
    match mending::mend(tools, recipe).await? {
        Some(Back::Broken { alert, by_hand }) => {
            let error = RunnerError::new(ErrorKind::Infrastructure, format!("the warm {recipe} is not up: {alert}"));
            Err(by_hand.into_iter().fold(error, RunnerError::at))
        }
        Some(Back::Forgotten | Back::StartedAgain | Back::RolledBack) | None => Ok(()),
    }
}

/// The one that is up already, if one is and is healthy.
async fn already(state: &StateFolder, doors: &Doors, recipe: &RecipeName) -> Result<Option<Up>, RunnerError> {
    let Some(record) = warmth::read(state, recipe)? else { return Ok(None) };
    match warm::health(doors, &record.run, &record.provider, &record.authority).await {
        Ok(()) => Ok(Some(Up::Already(record))),
        Err(why) => {
            let what = format!("the warm {recipe} is not healthy: {why}");
            Err(RunnerError::new(ErrorKind::Infrastructure, what)
                .hint(format!("`cc-ci warm down {recipe}` removes it with its data")))
        }
    }
}

/// What a provider left behind that was ended while it came up.
fn half_up(recipe: &RecipeName, folder: &Path) -> RunnerError {
    RunnerError::new(ErrorKind::Infrastructure, format!("the warm {recipe} never came up whole"))
        .at(folder.display().to_string())
        .hint(format!("`cc-ci warm down {recipe}` removes what is left of it"))
}

/// Brings a provider up within the time that a run of it may take; returns the authority of its edge.
pub(crate) async fn in_time(
    needed: &DependencyTree,
    world: &World,
    run: &RunId,
    spending: Spending,
) -> Result<String, NotUp> {
    let limit = tokio::time::sleep(Duration::from_secs(needed.planned.limits.run));
    let bringing = bring_up(needed, world, run, spending);
    tokio::pin!(bringing, limit);
    tokio::select! {
        came_up = &mut bringing => came_up,
        () = &mut limit => {
            world.cancel.end(RunEnd::Deadline);
            bringing.await
        }
    }
}

/// Why a provider did not come up.
pub(crate) enum NotUp {
    /// It could not even be laid out.
    Before(RunnerError),
    /// The engine says why.
    Engine(WarmError),
}

/// The same for whoever asked for it; `saying` stands before what the engine says.
pub(crate) fn not_up(saying: &str, error: &NotUp) -> RunnerError {
    let error = match error {
        NotUp::Before(error) => return error.clone(),
        NotUp::Engine(error) => error,
    };
    let kind = match error.blame() {
        Blame::Infrastructure => ErrorKind::Infrastructure,
        Blame::Cancelled => ErrorKind::Cancelled,
        Blame::Harness => ErrorKind::Internal,
        Blame::Recipe | Blame::Base | Blame::Dependency | Blame::Test => ErrorKind::Recipe,
    };
    RunnerError::new(kind, format!("{saying}{}", chain(error))).hint("everything of it was removed again")
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> RunnerError {
    RunnerError::new(ErrorKind::Infrastructure, format!("cannot {verb} {}: {error}", path.display()))
}

async fn bring_up(needed: &DependencyTree, world: &World, run: &RunId, spending: Spending) -> Result<String, NotUp> {
    let trees = world.folder.join(TREES);
    let made = std::fs::create_dir_all(&trees).map_err(|error| cannot("create", &trees, &error));
    made.map_err(NotUp::Before)?;
    let tree = needed.tree.check_out(&trees.join("recipe")).await.map_err(NotUp::Before)?;
    let done = Box::pin(warm::up(world, run, &needed.planned, &tree, spending)).await;
    // The override holds the app's environment.
    let _still_there = std::fs::remove_dir_all(&trees);
    done.map_err(NotUp::Engine)
}

/// Removes everything of a warm provider by its ledger, and its folder.
async fn remove(doors: &Doors, folder: &Path, run: &RunId) -> Result<usize, RunnerError> {
    let cleaned = engine::clean(doors.operate.as_ref(), folder, run, &BTreeSet::new()).await?;
    if !cleaned.left.is_empty() {
        return Err(RunnerError::new(
            ErrorKind::Infrastructure,
            format!("these would not go: {}", cleaned.left.join(", ")),
        )
        .hint("try `cc-ci warm down` again"));
    }
    std::fs::remove_dir_all(folder).map_err(|error| cannot("remove", folder, &error))?;
    Ok(cleaned.found)
}

/// Removes a warm provider with all its data; how many objects that were, or `None` when there is none.
pub async fn down(
    state: &StateFolder,
    recipe: &RecipeName,
    engine: &EngineChoice,
) -> Result<Option<usize>, RunnerError> {
    let folder = warmth::folder(state, recipe);
    if !folder.exists() {
        return Ok(None);
    }
    let _alone = alone_now(state, recipe)?;
    remove(&engine.open().await?, &folder, &label(recipe)?).await.map(Some)
}

/// Has a provider alone, at once or not at all.
fn alone_now(state: &StateFolder, recipe: &RecipeName) -> Result<Alone, RunnerError> {
    if let Some(Ok(alone)) = borrowing::close(state, recipe)?.map(borrowing::ClosedGate::alone).transpose()? {
        return Ok(alone);
    }
    let users = users(state, recipe)?;
    let who = if users.is_empty() { "a run, an update, `warm up` or `warm down`".to_owned() } else { users.join(", ") };
    Err(RunnerError::new(ErrorKind::Usage, format!("the warm {recipe} is in use"))
        .at(format!("by {who}"))
        .hint("wait for that to end"))
}

/// Live runs that have a namespace in it.
fn users(state: &StateFolder, recipe: &RecipeName) -> Result<Vec<String>, RunnerError> {
    let Some(record) = warmth::read(state, recipe)? else { return Ok(Vec::new()) };
    let mut users = Vec::new();
    for stored in stored::all(state, &ledgers::is_open)?.into_iter().filter(|stored| stored.state == RunState::Running)
    {
        let dir = RunDir::open(state, &stored.run)?;
        let entries = ledger::read(&dir.file(ledger::FILE)).unwrap_or_default();
        let uses = entries
            .iter()
            .any(|entry| matches!(entry, LedgerEntry::Namespace { stack, .. } if *stack == record.provider.stack));
        users.extend(uses.then(|| format!("run {}", stored.run)));
    }
    Ok(users)
}

/// One warm provider, as it stands.
#[derive(Debug)]
pub struct WarmProvider {
    /// Which.
    pub recipe: RecipeName,
    /// How it is; `None` when it never came up whole.
    pub up: Option<WarmUp>,
}

/// How a provider that came up is now.
#[derive(Debug)]
pub struct WarmUp {
    /// What is kept about it.
    pub record: Record,
    /// Whether it is healthy, or why not.
    pub health: Result<(), String>,
    /// How many namespaces are in it, or why that is not known.
    pub namespaces: Result<usize, RunnerError>,
    /// What an update would come to, or why that is not known.
    pub aim: Result<Aim, RunnerError>,
    /// What went wrong with the last update.
    pub alert: Option<Alert>,
    /// The version to which an update goes on, or was killed.
    pub going: Option<String>,
}

/// All warm providers, as they stand.
pub async fn list(looking: &Looking<'_>, engine: &EngineChoice) -> Result<Vec<WarmProvider>, RunnerError> {
    let state = looking.state;
    let all = warmth::all(state)?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let doors = engine.open().await?;
    let mut standing = Vec::new();
    for recipe in all {
        let up = match warmth::read(state, &recipe)? {
            Some(record) => {
                let health = warm::health(&doors, &record.run, &record.provider, &record.authority).await;
                let namespaces = namespaces(&doors, &record).await.map(|found| found.len());
                let aim = updating::aim(&record, UpdateWish::Newest, looking).await;
                let alert = providers::alert(state, &recipe)?;
                let going = providers::journal(state, &recipe)?.map(|journal| journal.to.shown().to_owned());
                Some(WarmUp { record, health, namespaces, aim, alert, going })
            }
            None => None,
        };
        standing.push(WarmProvider { recipe, up });
    }
    Ok(standing)
}

/// The namespaces in it, by capability.
async fn namespaces(doors: &Doors, record: &Record) -> Result<BTreeSet<(String, String)>, RunnerError> {
    let mut found = BTreeSet::new();
    for (capability, scripts) in dependencies::scripts_of(record)? {
        let listed = running(doors, record, &scripts).list().await.map_err(|error| script_failed(record, &error))?;
        found.extend(listed.into_iter().map(|name| (capability.clone(), name)));
    }
    Ok(found)
}

fn running<'a>(doors: &'a Doors, record: &'a Record, scripts: &'a engine::app::Scripts) -> DependencyScripts<'a> {
    let (containers, stack, url) = (doors.containers(), &record.provider.stack, record.provider.url());
    DependencyScripts { containers, stack, url, scripts, limit: SCRIPT, secrets: Secrets::default() }
}

fn script_failed(record: &Record, error: &provider::ProviderError) -> RunnerError {
    RunnerError::new(ErrorKind::Infrastructure, format!("{}: {error}", record.provider.recipe))
}

/// Removes the namespaces of dead runs from every warm provider; returns what was removed and what would not go.
pub(crate) async fn reap(state: &StateFolder, doors: &Doors) -> Result<(Vec<String>, Vec<String>), RunnerError> {
    let (mut removed, mut stuck) = (Vec::new(), Vec::new());
    let alive = world::alive(state);
    for recipe in warmth::all(state)? {
        let Some(record) = warmth::read(state, &recipe)? else { continue };
        for (_, scripts) in dependencies::scripts_of(&record)? {
            for one in provider::reap(&running(doors, &record, &scripts), &record.run, &alive).await {
                match one {
                    Ok(name) => removed.push(format!("{name} in the warm {recipe}")),
                    Err(error) => stuck.push(format!("a namespace in the warm {recipe}: {error}")),
                }
            }
        }
    }
    Ok((removed, stuck))
}

/// What everything of the warm providers is labelled with.
pub(crate) fn labels(state: &StateFolder) -> Result<Vec<RunId>, RunnerError> {
    warmth::all(state)?.iter().map(label).collect()
}

/// Passes on what the engine notes while a provider comes up.
pub(crate) fn voice(say: Say, vault: &Vault) -> Voice {
    Voice::discreet(vec![Box::new(Notes { say, vault: vault.clone() })], vault.clone())
}

/// Passes on what the engine notes meanwhile.
struct Notes {
    say: Say,
    vault: Vault,
}

impl Listener for Notes {
    fn on_event(&mut self, event: &Stamped) {
        if let Event::Noted { text, .. } = &event.event {
            (self.say)(&self.vault.redactor().mask(text));
        }
    }
}
