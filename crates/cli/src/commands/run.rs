//! `cc-ci run`: plans, performs, judges and reports one cold run.

mod closing;
pub(super) mod deployer;
pub(super) mod others;
pub(super) mod readiness;
pub(super) mod signals;

use crate::args::{self, RecipeArgs, RunArgs};
use crate::clock::Moment;
use crate::commands::{clean, reap, report, warm};
use crate::error::{Kind, UserError, chain};
use crate::prepare::customize::Overlays;
use crate::prepare::dependencies::Needed;
use crate::prepare::warmth::{Warm, Warmth};
use crate::prepare::{self, Prepared};
use crate::terminal::{self, Paint, Style, Terminal};
use cc_ci_engine::docker::{EngineAddress, Swarm};
use cc_ci_engine::git::Repository;
use cc_ci_engine::host::{self, findings};
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::process::Detached;
use cc_ci_engine::run::app::{App, DependencyApp, Deployable, WarmDoor};
use cc_ci_engine::run::{self as engine, Artifact, Cancel, Keep, World};
use cc_ci_engine::screenshot::Camera;
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, FORMAT, Listener, RunEnd, Stamped};
use cc_ci_model::ids::Commit;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_model::plan::own_tests;
use cc_ci_model::plan::permit::Approved;
use cc_ci_model::redact::Vault;
use cc_ci_model::report::summary;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::overlay::TreeLabel;
use cc_ci_store::artifacts;
use cc_ci_store::recorder::Recorder;
use cc_ci_store::run_dir::{RunDir, RunLock};
use cc_ci_store::state::StateFolder;
use deployer::Chosen;
use readiness::Adaptations;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// `--keep`: until somebody interrupts.
const FOREVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// The folder below the run's own that both trees are checked out into, for as long as the run goes on.
pub(super) const TREES: &str = "trees";

/// How long to wait for the reaper of a run that ended well.
const REAPER_ENDS: Duration = Duration::from_secs(2);

/// Runs and prints the summary. The exit code is that of the verdict, or says how the run was ended.
pub async fn exec(state: &StateFolder, wanted: &RunArgs) -> Result<u8, UserError> {
    let pr = pull_request(&wanted.recipe)?;
    let cancel = Cancel::default();
    let address = args::engine()?;
    let deployer = deployer::chosen(&wanted.deployer, &address, cancel.token()).await?;
    let connected = Swarm::connect(&address).await;
    let doors = connected.as_ref().ok().map(Swarm::doors);
    let warmth = Warmth::Probed(doors.as_ref());
    let prepared = prepare::prepare(state, &wanted.recipe, &warmth, cancel.token()).await?;
    let facts = host::look(state.root(), (&address, host::node(&connected)), cancel.token()).await;
    let adaptations = readiness::ready(&facts)?;
    readiness::can_test(&facts, &prepared.approved.plan)?;
    let doors = connected?.doors();
    let plan = prepared.approved.plan.clone();
    let (dir, lock) = RunDir::create(state, &plan.run)?;
    clean::after_killed(state, &doors).await?;
    let vault = Vault::new(known_secrets(&prepared));
    let start = Start { doors, address, adaptations, deployer, cancel, pr };
    let answer = Box::pin(inside(state, wanted, prepared, start, (&dir, lock), &vault)).await;
    remove_trees(&dir);
    answer.map_err(|error| error.masked(&vault.redactor()))
}

/// What is known before a run has a folder.
struct Start {
    doors: Doors,
    address: EngineAddress,
    adaptations: Adaptations,
    deployer: Chosen,
    cancel: Cancel,
    pr: Option<u64>,
}

/// Performs and reports the run in its folder.
async fn inside(
    state: &StateFolder,
    args: &RunArgs,
    prepared: Prepared,
    start: Start,
    (dir, lock): (&RunDir, RunLock),
    vault: &Vault,
) -> Result<u8, UserError> {
    let Start { doors, address, adaptations, deployer, cancel, pr } = start;
    let plan = prepared.approved.plan.clone();
    let recorder = Recorder::create(dir, vault.clone()).map_err(|error| infrastructure(&error))?;
    let screen = Terminal::start(Style::for_stderr(), Paint::for_stderr());
    let listeners: Vec<Box<dyn Listener + Send>> = vec![
        Box::new(recorder.clone()),
        Box::new(RecordGuard { recorder: recorder.clone(), cancel: cancel.clone() }),
        Box::new(screen.ear(vault.clone())),
    ];
    let voice = Voice::discreet(listeners, vault.clone());
    voice.say(started(&plan, pr));
    voice.say(Event::Planned { plan: Box::new(plan.clone()) });
    for (name, value) in adaptations.facts.into_iter().chain(deployer.facts()) {
        voice.say(Event::HostFact { name, value });
    }
    for name in vault.redactor().too_short().iter().chain(&prepared.configured.plain) {
        voice.note(None, format!("the value of {name} is too short or too plain a word to be masked"));
    }

    let app = check_out(&prepared, &plan, &dir.file(TREES)).await?;
    let deployer = deployer.open(&doors, &address, &prepared, &app, dir.file(TREES).join(deployer::HOME)).await?;
    let second = deployer.second_opinion().await;
    voice.say(Event::Linted(LintReport { second, ..prepared.lint.clone() }));
    let ledger = Ledger::create(dir.path(), &plan.run).map_err(|error| infrastructure(&error))?;
    let reaper = if args.no_reaper { None } else { reaper(dir, &address, &voice) };
    let world = World {
        doors: deployer.doors(&doors),
        engine: address,
        voice: voice.clone(),
        secrets: Secrets::new(vault.clone()),
        keep: keep(dir, vault),
        ledger: Arc::new(ledger),
        folder: dir.path().to_owned(),
        tools_image: findings::TOOLS_IMAGE.to_owned(),
        browser_image: findings::BROWSER_IMAGE.to_owned(),
        camera: Some(Camera { image: findings::BROWSER_IMAGE.to_owned(), vault: vault.clone() }),
        endpoint: adaptations.endpoint,
        cancel: cancel.clone(),
        alive: warm::alive(state),
        others: others::live_runs(state, &plan.run),
        hold: if args.keep { FOREVER } else { args.hold.unwrap_or_default() },
    };
    let watch = signals::watch(cancel.clone(), voice.clone(), Duration::from_secs(plan.limits.run))?;
    let end = perform(prepared.approved, app, world).await;
    watch.abort();

    // Both trees can be had from the repository again, and hold what is configured; what stays is what happened.
    remove_trees(dir);
    let closed = closing::close(state, dir, &voice, &recorder, vault, deployer.log(), &end);
    screen.finish();
    drop(lock);
    if let Some(mut reaper) = reaper {
        // It has nothing left to do, and should hold nothing of the folder when we are gone.
        reaper.ended(REAPER_ENDS).await;
    }
    let closed = closed?;
    if args.json {
        terminal::out(&report::json(&closed.view)?);
    } else {
        terminal::summary(&summary::render(&closed.view));
    }
    terminal::note(&format!("run folder: {}", dir.path().display()));
    Ok(closed.exit_code)
}

/// Performs the run in a task of its own, so that a panic in it is caught, cleaned up after and named for what it is.
async fn perform(approved: Approved, app: App, world: World) -> RunEnd {
    let (doors, folder, run) = (world.doors.clone(), world.folder.clone(), approved.plan.run.clone());
    let performing = tokio::spawn(async move { Box::pin(engine::run(approved, app, &world)).await });
    match performing.await {
        Ok(end) => end,
        Err(panic) => {
            let cleaned = match engine::clean(doors.operate.as_ref(), &folder, &run).await {
                Ok(cleaned) if cleaned.left.is_empty() => "everything it had made was removed".to_owned(),
                Ok(cleaned) => format!("these would not go: {}", cleaned.left.join(", ")),
                Err(error) => format!("and could not be cleaned up after: {}", chain(&error)),
            };
            RunEnd::Broken { error: format!("the run stopped with a bug: {panic}; {cleaned}") }
        }
    }
}

/// Writes what the run leaves into its folder, masked with what is known by then.
fn keep(dir: &RunDir, vault: &Vault) -> Keep {
    let (dir, vault) = (dir.clone(), vault.clone());
    Arc::new(move |artifact| {
        let redactor = vault.redactor();
        let written = match artifact {
            Artifact::EffectiveStack(text) => artifacts::write_effective_stack(&dir, text, &redactor),
            Artifact::Log { service, text } => artifacts::write_log(&dir, service, text.as_bytes(), &redactor),
            Artifact::Screenshot(picture) => artifacts::write_screenshot(&dir, picture),
        };
        written.map(drop).map_err(|error| error.to_string())
    })
}

/// Starts the process that cleans up if this one is killed. A run without it is as good, as long as it lives.
fn reaper(dir: &RunDir, engine: &EngineAddress, voice: &Voice) -> Option<Detached> {
    match reap::start(dir.path(), engine) {
        Ok(reaper) => Some(reaper),
        Err(error) => {
            voice
                .note(None, format!("no reaper watches over this run: {}; `cc-ci clean` does its work", chain(&error)));
            None
        }
    }
}

/// The pull request's number; an empty word, as scripts pass it on, is none.
fn pull_request(args: &RecipeArgs) -> Result<Option<u64>, UserError> {
    match args.pr.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            UserError::new(Kind::Usage, format!("`{text}` is no number of a pull request"))
                .hint("--pr takes digits only")
        }),
    }
}

pub(super) fn infrastructure(error: &dyn std::error::Error) -> UserError {
    UserError::new(Kind::Infrastructure, chain(error))
}

fn started(plan: &Plan, pr: Option<u64>) -> Event {
    Event::RunStarted {
        format: FORMAT,
        run: plan.run.clone(),
        recipe: plan.recipe.clone(),
        head: plan.head.clone(),
        pr,
        started: Moment::now().rfc3339(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The secrets that are known before anything is made.
fn known_secrets(prepared: &Prepared) -> Vec<(String, String)> {
    let given = prepared.secrets.clone().into_iter();
    given.chain(prepared.configured.secrets.clone()).collect()
}

/// Removes what only the run itself needs: both checkouts, and the overrides beside them.
pub(super) fn remove_trees(dir: &RunDir) {
    // An error here is safe to ignore: the look for leaks covers what stays.
    let _still_there = std::fs::remove_dir_all(dir.file(TREES));
}

/// Checks both trees out, pristine, into a folder of their own that nobody else can read.
pub(super) async fn check_out(prepared: &Prepared, plan: &Plan, trees: &Path) -> Result<App, UserError> {
    let made = std::fs::DirBuilder::new().mode(0o700).create(trees);
    made.map_err(|source| {
        UserError::new(Kind::Infrastructure, format!("cannot create {}: {source}", trees.display()))
    })?;
    let source = &prepared.repository;
    let mut head = deployable(source, &plan.head, &prepared.head, trees.join("head"), chaos(&plan.head)).await?;
    head.source = prepared.head_source.clone();
    lay_over(&head.folder, &prepared.head_overlays)?;
    let mut base = match (&plan.base, &prepared.base) {
        (Base::Published { version, commit, .. }, Some(recipe)) => {
            let tree = TreeLabel::Published { version: version.clone() };
            Some(deployable(source, commit, recipe, trees.join("base"), tree).await?)
        }
        (Base::Commit { commit, .. }, Some(recipe)) => {
            Some(deployable(source, commit, recipe, trees.join("base"), chaos(commit)).await?)
        }
        (Base::Head { .. }, _) | (Base::Published { .. } | Base::Commit { .. }, None) => None,
    };
    if let Some(base) = &mut base {
        base.source = prepared.base_source.clone();
        lay_over(&base.folder, &prepared.base_overlays)?;
    }
    let own = head.folder.join(own_tests::FOLDER);
    let tests = prepared.tests.clone().or_else(|| own.is_dir().then_some(own));
    let catalogue = prepared.catalogue.clone();
    let mut providers = Vec::new();
    for needed in &prepared.dependencies {
        providers.push(provider(needed, trees).await?);
    }
    Ok(App { base, head, tests, catalogue, given_secrets: prepared.secrets.clone(), providers })
}

/// Checks a dependency out, pristine.
async fn provider(needed: &Needed, trees: &Path) -> Result<DependencyApp, UserError> {
    let Dependency { recipe, commit, version, .. } = &needed.planned;
    let tree = match version {
        Some(version) => TreeLabel::Published { version: version.clone() },
        None => chaos(commit),
    };
    let folder = trees.join(format!("dependency-{recipe}"));
    let tree = deployable(&needed.repository, commit, &needed.recipe, folder, tree).await?;
    lay_over(&tree.folder, &needed.overlays)?;
    let door = |warm: &Warm| WarmDoor { run: warm.record.run.clone(), authority: warm.record.authority.clone() };
    Ok(DependencyApp { tree, scripts: needed.scripts.clone(), warm: needed.warm.as_ref().map(door) })
}

/// Puts the overlays into a pristine checkout, which has no folder of that name.
pub(super) fn lay_over(folder: &Path, overlays: &Overlays) -> Result<(), UserError> {
    for (name, text) in overlays {
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
        made.map_err(|source| {
            UserError::new(Kind::Infrastructure, format!("cannot write {}: {source}", path.display()))
        })?;
    }
    Ok(())
}

pub(super) fn chaos(commit: &Commit) -> TreeLabel {
    TreeLabel::Chaos { short: commit.short().to_owned() }
}

pub(super) async fn deployable(
    repository: &Repository,
    commit: &Commit,
    recipe: &Recipe,
    folder: PathBuf,
    tree: TreeLabel,
) -> Result<Deployable, UserError> {
    repository.checkout(commit, &folder).await?;
    Ok(Deployable { folder, recipe: recipe.clone(), tree, source: None })
}

/// Ends the run when its record cannot be written any more: what happens from there on proves nothing.
struct RecordGuard {
    recorder: Recorder,
    cancel: Cancel,
}

impl Listener for RecordGuard {
    fn on_event(&mut self, _event: &Stamped) {
        if let Some(failure) = self.recorder.failure() {
            self.cancel.end(RunEnd::Infrastructure { finding: Finding::new(Cause::DiskFull, failure) });
        }
    }
}
