//! `cc-ci clean`: removes what dead runs left, by their label and their ledger, and never anything else.

use cc_ci_args::environment;
use cc_ci_args::upkeep::CleanArgs;
use cc_ci_engine::swarm::Doors;
use cc_ci_model::exit;
use cc_ci_runner::cleanup;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::request::Say;
use cc_ci_runner::warm::mending::{self, Back};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Cleans up after every dead run of this state folder. The exit code is 11 when something would not go.
pub async fn exec(state: &StateFolder, args: &CleanArgs) -> Result<u8, RunnerError> {
    let doors = environment::engine()?.open().await.map_err(|error| {
        let error = RunnerError::from(error);
        RunnerError { kind: ErrorKind::NoSwarm, ..error }.hint("`cc-ci doctor` says what is missing")
    })?;
    if args.dry_run { dry(state, &doors).await } else { sweep(state, &doors).await }
}

async fn dry(state: &StateFolder, doors: &Doors) -> Result<u8, RunnerError> {
    for run in cleanup::uncleaned(state)? {
        terminal::out(&format!("{run}: its process is dead and its ledger is open\n"));
    }
    for recipe in mending::killed(state)? {
        terminal::out(&format!("the warm {recipe}: an update of it goes on, or was killed\n"));
    }
    note_strangers(&cleanup::strangers(state, doors).await?);
    Ok(exit::GREEN)
}

async fn sweep(state: &StateFolder, doors: &Doors) -> Result<u8, RunnerError> {
    let told = |run: &_, done: &cleanup::Done| terminal::out(&format!("{run}: {}\n", done.words()));
    let broken = mend(state).await?;
    let swept = cleanup::sweep(state, doors, told).await?;
    if swept.runs.is_empty() {
        terminal::out("no dead run to clean up after\n");
    }
    for one in &swept.namespaces {
        terminal::out(&format!("removed {one}\n"));
    }
    note_strangers(&swept.strangers);
    let objects = swept.runs.iter().flat_map(|(run, done)| done.left.iter().map(move |one| format!("{run}: {one}")));
    let stuck: Vec<String> = objects.chain(swept.stuck.iter().cloned()).chain(broken).collect();
    for object in &stuck {
        terminal::note(&format!("would not go: {object}"));
    }
    Ok(if stuck.is_empty() { exit::GREEN } else { exit::INFRASTRUCTURE })
}

/// Puts right what killed updates of warm providers left; returns what is not up.
async fn mend(state: &StateFolder) -> Result<Vec<String>, RunnerError> {
    let say: Say = Arc::new(terminal::note);
    let mut broken = Vec::new();
    for (recipe, back) in mending::mend_all(state, &environment::places(), &environment::engine()?, &say).await? {
        match back {
            Back::Forgotten => terminal::out(&format!("the warm {recipe}: its update had come to its end\n")),
            Back::StartedAgain | Back::RolledBack => {
                terminal::out(&format!("the warm {recipe}: a killed update was rolled back\n"));
            }
            Back::Broken { alert, by_hand } => {
                broken.push(format!("the warm {recipe}: {alert}; {}", by_hand.join("; ")));
            }
        }
    }
    Ok(broken)
}

fn note_strangers(strangers: &BTreeMap<String, usize>) {
    for (run, count) in strangers {
        terminal::note(&format!("note: not touched: {count} objects of run {run}, which is not in this state folder"));
    }
}
