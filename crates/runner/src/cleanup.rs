//! Removes what dead runs left, by their label and their ledger, and never anything else.

use crate::canonicals;
use crate::checkout;
use crate::error::RunnerError;
use crate::ledgers;
use crate::request::Say;
use crate::warm;
use cc_ci_engine::labels;
use cc_ci_engine::reaper;
use cc_ci_engine::run as engine;
use cc_ci_engine::swarm::Doors;
use cc_ci_model::ids::RunId;
use cc_ci_store::canonicals::Canonicals;
use cc_ci_store::dead;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored::{self, RunState, StoredRun};
use std::collections::BTreeMap;

/// What was found and done in a state folder.
#[derive(Debug, Default)]
pub struct Swept {
    /// What was done after each dead run.
    pub runs: Vec<(RunId, Done)>,
    /// Namespaces of dead runs that were removed from warm providers.
    pub namespaces: Vec<String>,
    /// Namespaces that would not go.
    pub stuck: Vec<String>,
    /// Objects of runs that this state folder does not know, by run: another user's, perhaps alive.
    pub strangers: BTreeMap<String, usize>,
}

/// The dead runs of a state folder whose ledger is open.
pub fn uncleaned(state: &StateFolder) -> Result<Vec<RunId>, RunnerError> {
    let stored = stored::all(state, &ledgers::is_open)?.into_iter();
    Ok(stored.filter(|stored| stored.state == RunState::Uncleaned).map(|stored| stored.run).collect())
}

/// Cleans up after every dead run of a state folder; `told` hears of each as it is done.
pub async fn sweep(
    state: &StateFolder,
    doors: &Doors,
    mut told: impl FnMut(&RunId, &Done),
) -> Result<Swept, RunnerError> {
    let mut swept = Swept::default();
    for run in uncleaned(state)? {
        let done = after(doors, &RunDir::open(state, &run)?, &run).await?;
        told(&run, &done);
        swept.runs.push((run, done));
    }
    (swept.namespaces, swept.stuck) = warm::reap(state, doors).await?;
    swept.strangers = strangers(state, doors).await?;
    Ok(swept)
}

/// What was done after a dead run.
#[derive(Debug)]
pub struct Done {
    found: usize,
    processes: usize,
    /// Objects that would not go.
    pub left: Vec<String>,
}

impl Done {
    /// `12 found, 0 left`.
    #[must_use]
    pub fn words(&self) -> String {
        let processes = match self.processes {
            0 => String::new(),
            count => format!("{count} processes of its hooks ended, "),
        };
        format!("{processes}{} found, {} left", self.found, self.left.len())
    }
}

/// Cleans up after one dead run: processes of its hooks, objects on the engine, and the files that only it needed.
pub(crate) async fn after(doors: &Doors, dir: &RunDir, run: &RunId) -> Result<Done, RunnerError> {
    let processes = reaper::end_processes(run);
    checkout::remove_trees(dir);
    // Nobody looked through it for secrets, and nobody will.
    let _still_there = std::fs::remove_dir_all(dir.file(engine::HOOK_STATE));
    let state = state_of(dir);
    // Before anything goes: a shelf that cannot be read may name what is to stay.
    let kept = state.as_ref().map(|state| Canonicals::of(state).kept_secrets()).transpose()?.unwrap_or_default();
    let done = engine::clean(doors.operate.as_ref(), dir.path(), run, &kept).await?;
    let mut left = done.left;
    if let Some(state) = state {
        canonicals::heal_after_killed(&state, doors).await?;
        left.extend(warm::reap(&state, doors).await?.1);
    }
    Ok(Done { found: done.found, processes, left })
}

/// The state folder that a run's folder lies in.
fn state_of(dir: &RunDir) -> Option<StateFolder> {
    StateFolder::open(dir.path().parent()?.parent()?).ok()
}

/// Cleans up after every run of this state folder that was killed, as a run does before it begins: a reboot also ends reapers.
pub(crate) async fn after_killed(state: &StateFolder, doors: &Doors, say: &Say) -> Result<(), RunnerError> {
    for (run, dir) in dead::killed(state, &ledgers::is_open)? {
        let done = after(doors, &dir, &run).await?;
        say(&format!("the run {run} was killed: {}", done.words()));
    }
    Ok(())
}

/// Objects whose label names a run this state folder does not know: another user's, perhaps alive.
pub async fn strangers(state: &StateFolder, doors: &Doors) -> Result<BTreeMap<String, usize>, RunnerError> {
    let runs: Vec<StoredRun> = stored::all(state, &ledgers::is_open)?;
    let (warm, canonicals) = (warm::labels(state)?, canonicals::labels(state)?);
    let known = |label: &str| {
        RunId::parse(label).is_ok_and(|run| {
            runs.iter().any(|stored| stored.run == run) || warm.contains(&run) || canonicals.as_ref() == Some(&run)
        })
    };
    let mut counts = BTreeMap::new();
    for labels in doors.observe.inventory().await?.objects.values() {
        if let Some(run) = labels.get(labels::RUN).filter(|run| !known(run)) {
            *counts.entry(run.clone()).or_default() += 1;
        }
    }
    Ok(counts)
}
