//! `cc-ci warm`: providers that stay up and are shared by runs (DEP-2). No run brings one up or takes one down.

use super::run::{deployable, lay_over, readiness};
use crate::args::{self, RecipeArgs, WarmArgs, WarmUpArgs, WarmVerb};
use crate::clock::Moment;
use crate::error::{Kind, UserError, chain};
use crate::prepare::dependencies::{self, Needed};
use crate::prepare::warmth::{self, Record};
use crate::terminal;
use cc_ci_engine::docker::Swarm;
use cc_ci_engine::host::{self, findings};
use cc_ci_engine::ledger::{self, Entry, Ledger};
use cc_ci_engine::provider::{self, Alive, DependencyScripts};
use cc_ci_engine::run::{self as engine, Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::voice::Voice;
use cc_ci_engine::warm;
use cc_ci_model::event::{Event, Listener, Stamped};
use cc_ci_model::exit;
use cc_ci_model::ids::{RecipeName, RunId};
use cc_ci_model::redact::Vault;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored::{self, RunState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long one script of a provider may take outside of runs.
const SCRIPT: Duration = Duration::from_secs(60);

/// Brings up, takes down, or lists.
pub async fn exec(state: &StateFolder, args: &WarmArgs) -> Result<u8, UserError> {
    match &args.verb {
        WarmVerb::Up(args) => up(state, args).await,
        WarmVerb::Down(args) => down(state, &name(&args.recipe)?).await,
        WarmVerb::List => list(state).await,
    }
}

fn name(text: &str) -> Result<RecipeName, UserError> {
    RecipeName::parse(text).map_err(|error| UserError::new(Kind::Usage, error.to_string()))
}

/// The id that everything of a warm provider is labelled with.
fn label(recipe: &RecipeName) -> Result<RunId, UserError> {
    let plain: String = recipe.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    RunId::parse(&format!("warm-{plain}")).map_err(|error| UserError::new(Kind::Usage, error.to_string()))
}

async fn up(state: &StateFolder, wanted: &WarmUpArgs) -> Result<u8, UserError> {
    let recipe = name(&wanted.recipe)?;
    let address = args::engine()?;
    let swarm = Swarm::connect(&address).await?;
    let doors = swarm.doors();
    if let Some(record) = warmth::read(state, &recipe)? {
        return match warm::health(&doors, &record.run, &record.provider, &record.authority).await {
            Ok(()) => {
                terminal::out(&format!("{recipe} {} is up already, and healthy\n", record.provider.shown()));
                Ok(exit::GREEN)
            }
            Err(why) => Err(UserError::new(Kind::Infrastructure, format!("the warm {recipe} is not healthy: {why}"))
                .hint(format!("`cc-ci warm down {recipe}` removes it with its data"))),
        };
    }
    let folder = warmth::folder(state, &recipe);
    if folder.exists() {
        return Err(UserError::new(Kind::Infrastructure, format!("the warm {recipe} never came up whole"))
            .at(folder.display().to_string())
            .hint(format!("`cc-ci warm down {recipe}` removes what is left of it")));
    }
    let cancel = Cancel::default();
    let facts = host::look(state.root(), (&address, Ok(doors.node.as_ref())), cancel.token()).await;
    let adaptations = readiness::ready(&facts)?;
    let run = label(&recipe)?;
    let request = RecipeArgs {
        catalogue: wanted.catalogue.clone(),
        policy: wanted.policy.clone(),
        ..RecipeArgs::of(&wanted.recipe)
    };
    let (needed, catalogue) = dependencies::warm(state, &request, &recipe, cancel.token()).await?;
    std::fs::create_dir_all(&folder).map_err(|error| {
        UserError::new(Kind::Infrastructure, format!("cannot create {}: {error}", folder.display()))
    })?;
    let ledger = Ledger::create(&folder, &run).map_err(|error| super::run::infrastructure(&error))?;
    let vault = Vault::default();
    let voice = Voice::discreet(vec![Box::new(Notes { vault: vault.clone() })], vault.clone());
    let watch =
        super::run::signals::watch(cancel.clone(), voice.clone(), Duration::from_secs(needed.planned.limits.run))?;
    let world = World {
        doors: doors.clone(),
        engine: address,
        voice,
        secrets: Secrets::new(vault.clone()),
        // Nothing of a warm provider is kept.
        keep: Arc::new(|_| Ok(())),
        ledger: Arc::new(ledger),
        folder: folder.clone(),
        tools_image: findings::TOOLS_IMAGE.to_owned(),
        browser_image: findings::BROWSER_IMAGE.to_owned(),
        endpoint: adaptations.endpoint,
        cancel,
        camera: None,
        alive: Arc::new(|_| false),
        others: Arc::new(|_, _| false),
        hold: Duration::ZERO,
    };
    let came_up = bring_up(&needed, &world, &run).await;
    watch.abort();
    let authority = match came_up {
        Ok(authority) => authority,
        Err(error) => {
            let left = remove(&doors, &folder, &run).await;
            return Err(left.err().unwrap_or(error).masked(&vault.redactor()));
        }
    };
    let record = Record { run, provider: needed.planned, authority, catalogue, since: Moment::now().rfc3339() };
    warmth::write(state, &record)?;
    let provider = &record.provider;
    terminal::out(&format!("{recipe} {} is up at {} (stack {})\n", provider.shown(), provider.url(), provider.stack));
    Ok(exit::GREEN)
}

async fn bring_up(needed: &Needed, world: &World, run: &RunId) -> Result<String, UserError> {
    let trees = world.folder.join("trees");
    std::fs::create_dir_all(&trees)
        .map_err(|error| UserError::new(Kind::Infrastructure, format!("cannot create {}: {error}", trees.display())))?;
    let planned = &needed.planned;
    let tree = planned.version.clone().map_or_else(
        || super::run::chaos(&planned.commit),
        |version| cc_ci_recipe::overlay::TreeLabel::Published { version },
    );
    let tree = deployable(&needed.repository, &planned.commit, &needed.recipe, trees.join("recipe"), tree).await?;
    lay_over(&tree.folder, &needed.overlays)?;
    let done = Box::pin(warm::up(world, run, planned, &tree)).await;
    // The override holds the app's environment.
    let _still_there = std::fs::remove_dir_all(&trees);
    done.map_err(|error| {
        let kind = match error.blame() {
            Blame::Infrastructure => Kind::Infrastructure,
            Blame::Cancelled => Kind::Cancelled,
            Blame::Harness => Kind::Internal,
            Blame::Recipe | Blame::Base | Blame::Dependency | Blame::Test => Kind::Recipe,
        };
        UserError::new(kind, format!("the warm {} did not come up: {}", planned.recipe, chain(&error)))
            .hint("everything of it was removed again")
    })
}

/// Removes everything of a warm provider by its ledger, and its folder.
async fn remove(doors: &Doors, folder: &Path, run: &RunId) -> Result<usize, UserError> {
    let cleaned = engine::clean(doors.operate.as_ref(), folder, run).await?;
    if !cleaned.left.is_empty() {
        return Err(UserError::new(Kind::Infrastructure, format!("these would not go: {}", cleaned.left.join(", ")))
            .hint("try `cc-ci warm down` again"));
    }
    std::fs::remove_dir_all(folder).map_err(|error| {
        UserError::new(Kind::Infrastructure, format!("cannot remove {}: {error}", folder.display()))
    })?;
    Ok(cleaned.found)
}

async fn down(state: &StateFolder, recipe: &RecipeName) -> Result<u8, UserError> {
    let folder = warmth::folder(state, recipe);
    if !folder.exists() {
        terminal::out(&format!("no warm {recipe} is up\n"));
        return Ok(exit::GREEN);
    }
    if let Some(record) = warmth::read(state, recipe)? {
        let users = users(state, &record)?;
        if !users.is_empty() {
            return Err(UserError::new(Kind::Usage, format!("the warm {recipe} is in use"))
                .at(format!("by {}", users.join(", ")))
                .hint("wait for these runs to end"));
        }
    }
    let doors = Swarm::connect(&args::engine()?).await?.doors();
    let found = remove(&doors, &folder, &label(recipe)?).await?;
    terminal::out(&format!("{recipe}: {found} found, 0 left\n"));
    Ok(exit::GREEN)
}

/// Live runs that have a namespace in it.
fn users(state: &StateFolder, record: &Record) -> Result<Vec<String>, UserError> {
    let mut users = Vec::new();
    for stored in
        stored::all(state, &super::clean::ledger_open)?.into_iter().filter(|stored| stored.state == RunState::Running)
    {
        let dir = RunDir::open(state, &stored.run)?;
        let entries = ledger::read(&dir.file(ledger::FILE)).unwrap_or_default();
        let uses = entries
            .iter()
            .any(|entry| matches!(entry, Entry::Namespace { stack, .. } if *stack == record.provider.stack));
        users.extend(uses.then(|| stored.run.to_string()));
    }
    Ok(users)
}

async fn list(state: &StateFolder) -> Result<u8, UserError> {
    let all = warmth::all(state)?;
    if all.is_empty() {
        terminal::out("no warm provider is up\n");
        return Ok(exit::GREEN);
    }
    let doors = Swarm::connect(&args::engine()?).await?.doors();
    for recipe in all {
        let Some(record) = warmth::read(state, &recipe)? else {
            terminal::out(&format!("{recipe}: never came up whole; `cc-ci warm down {recipe}` removes what is left\n"));
            continue;
        };
        let health = warm::health(&doors, &record.run, &record.provider, &record.authority).await;
        let health = health.map_or_else(|why| format!("not healthy: {why}"), |()| "healthy".to_owned());
        let spaces = match namespaces(&doors, &record).await {
            Ok(0) => String::new(),
            Ok(count) => format!(", namespaces {count}"),
            Err(error) => format!(", namespaces unknown: {}", error.message),
        };
        let Record { provider, since, .. } = &record;
        terminal::out(&format!(
            "{recipe} {}: {health}, since {since} at {}{spaces}\n",
            provider.shown(),
            provider.url()
        ));
    }
    Ok(exit::GREEN)
}

async fn namespaces(doors: &Doors, record: &Record) -> Result<usize, UserError> {
    let mut count = 0;
    for (_, scripts) in dependencies::scripts_of(record)? {
        count += running(doors, record, &scripts).list().await.map_err(|error| script_failed(record, &error))?.len();
    }
    Ok(count)
}

fn running<'a>(doors: &'a Doors, record: &'a Record, scripts: &'a engine::app::Scripts) -> DependencyScripts<'a> {
    let (containers, stack, url) = (doors.containers(), &record.provider.stack, record.provider.url());
    DependencyScripts { containers, stack, url, scripts, limit: SCRIPT, secrets: Secrets::default() }
}

fn script_failed(record: &Record, error: &provider::ProviderError) -> UserError {
    UserError::new(Kind::Infrastructure, format!("{}: {error}", record.provider.recipe))
}

/// Says whether a run of this state folder is alive. When that cannot be told, it is.
pub(super) fn alive(state: &StateFolder) -> Alive {
    let state = state.clone();
    Arc::new(move |run| RunDir::open(&state, run).is_ok_and(|dir| dir.is_running().unwrap_or(true)))
}

/// Removes the namespaces of dead runs from every warm provider; answers with what was removed and what would not go.
pub(super) async fn reap(state: &StateFolder, doors: &Doors) -> Result<(Vec<String>, Vec<String>), UserError> {
    let (mut removed, mut stuck) = (Vec::new(), Vec::new());
    let alive = alive(state);
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
pub(super) fn labels(state: &StateFolder) -> Result<Vec<RunId>, UserError> {
    warmth::all(state)?.iter().map(label).collect()
}

/// Says on the terminal what the engine notes meanwhile.
struct Notes {
    vault: Vault,
}

impl Listener for Notes {
    fn on_event(&mut self, event: &Stamped) {
        if let Event::Noted { text, .. } = &event.event {
            terminal::note(&self.vault.redactor().mask(text));
        }
    }
}
