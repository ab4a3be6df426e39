//! `cc-ci clean`: removes what dead runs left, by their label and their ledger, and never anything else.

use super::warm;
use crate::args::{self, CleanArgs};
use crate::error::{Kind, UserError};
use crate::terminal;
use cc_ci_engine::docker::Swarm;
use cc_ci_engine::labels;
use cc_ci_engine::ledger;
use cc_ci_engine::reaper;
use cc_ci_engine::run as engine;
use cc_ci_engine::swarm::Doors;
use cc_ci_model::exit;
use cc_ci_model::ids::RunId;
use cc_ci_store::dead;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored::{self, RunState, StoredRun};
use std::collections::BTreeMap;

/// Cleans up after every dead run of this state folder. The exit code is 11 when something would not go.
pub async fn exec(state: &StateFolder, clean: &CleanArgs) -> Result<u8, UserError> {
    let swarm = Swarm::connect(&args::engine()?).await.map_err(|error| {
        let error = UserError::from(error);
        UserError { kind: Kind::NoSwarm, ..error }.hint("`cc-ci doctor` says what is missing")
    })?;
    let doors = swarm.doors();
    let runs = stored::all(state, &ledger_open)?;
    let mut stuck = Vec::new();
    let mut cleaned = 0;
    for stored in runs.iter().filter(|stored| stored.state == RunState::Uncleaned) {
        if clean.dry_run {
            terminal::out(&format!("{}: its process is dead and its ledger is open\n", stored.run));
            continue;
        }
        let dir = RunDir::open(state, &stored.run)?;
        let done = after(&doors, &dir, &stored.run).await?;
        terminal::out(&format!("{}: {}\n", stored.run, done.words()));
        stuck.extend(done.left.iter().map(|object| format!("{}: {object}", stored.run)));
        cleaned += 1;
    }
    if cleaned == 0 && !clean.dry_run {
        terminal::out("no dead run to clean up after\n");
    }
    if !clean.dry_run {
        let (removed, more) = warm::reap(state, &doors).await?;
        for one in removed {
            terminal::out(&format!("removed {one}\n"));
        }
        stuck.extend(more);
    }
    for (run, count) in strangers(state, &doors, &runs).await? {
        terminal::note(&format!(
            "note: {count} objects of the run {run}, which is not in this state folder; not touched"
        ));
    }
    for object in &stuck {
        terminal::note(&format!("would not go: {object}"));
    }
    Ok(if stuck.is_empty() { exit::GREEN } else { exit::INFRASTRUCTURE })
}

/// Whether a run's ledger says that it has to be cleaned up after.
pub(super) fn ledger_open(dir: &RunDir) -> bool {
    ledger::is_open(dir.path())
}

/// What was done after a dead run.
pub(super) struct Done {
    found: usize,
    processes: usize,
    /// Objects that would not go.
    pub(super) left: Vec<String>,
}

impl Done {
    /// `12 found, 0 left`.
    pub(super) fn words(&self) -> String {
        let processes = match self.processes {
            0 => String::new(),
            count => format!("{count} processes of its hooks ended, "),
        };
        format!("{processes}{} found, {} left", self.found, self.left.len())
    }
}

/// Cleans up after one dead run: processes of its hooks, objects on the engine, and the files that only it needed.
pub(super) async fn after(doors: &Doors, dir: &RunDir, run: &RunId) -> Result<Done, UserError> {
    let processes = reaper::end_processes(run);
    super::run::remove_trees(dir);
    // Nobody looked through it for secrets, and nobody will.
    let _still_there = std::fs::remove_dir_all(dir.file(engine::HOOK_STATE));
    let done = engine::clean(doors.operate.as_ref(), dir.path(), run).await?;
    let mut left = done.left;
    if let Some(state) = state_of(dir) {
        left.extend(warm::reap(&state, doors).await?.1);
    }
    Ok(Done { found: done.found, processes, left })
}

/// The state folder that a run's folder lies in.
fn state_of(dir: &RunDir) -> Option<StateFolder> {
    StateFolder::open(dir.path().parent()?.parent()?).ok()
}

/// Cleans up after every run of this state folder that was killed, as a run does before it begins: a reboot also ends reapers.
pub(super) async fn after_killed(state: &StateFolder, doors: &Doors) -> Result<(), UserError> {
    for (run, dir) in dead::killed(state, &ledger_open)? {
        let done = after(doors, &dir, &run).await?;
        terminal::note(&format!("the run {run} was killed: {}", done.words()));
    }
    Ok(())
}

/// Objects whose label names a run this state folder does not know: another user's, perhaps alive.
async fn strangers(
    state: &StateFolder,
    doors: &Doors,
    runs: &[StoredRun],
) -> Result<BTreeMap<String, usize>, UserError> {
    let warm = warm::labels(state)?;
    let known = |label: &str| {
        RunId::parse(label).is_ok_and(|run| runs.iter().any(|stored| stored.run == run) || warm.contains(&run))
    };
    let mut counts = BTreeMap::new();
    for labels in doors.observe.inventory().await?.objects.values() {
        if let Some(run) = labels.get(labels::RUN).filter(|run| !known(run)) {
            *counts.entry(run.clone()).or_default() += 1;
        }
    }
    Ok(counts)
}
