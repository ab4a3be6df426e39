//! `cc-ci clean`: removes what dead runs left, by their label and their ledger, and never anything else.

use crate::args::CleanArgs;
use crate::error::{Kind, UserError};
use crate::terminal;
use cc_ci_engine::docker::Swarm;
use cc_ci_engine::labels;
use cc_ci_engine::run;
use cc_ci_engine::swarm::Observe;
use cc_ci_model::exit;
use cc_ci_model::ids::RunId;
use cc_ci_store::retention::{self, RunState, StoredRun};
use cc_ci_store::run_dir::RunDir;
use std::collections::BTreeMap;
use std::path::Path;

/// Cleans up after every dead run of this state folder. The exit code is 11 when something would not go.
pub async fn exec(state: &Path, args: &CleanArgs) -> Result<u8, UserError> {
    let swarm = Swarm::connect().await.map_err(|error| {
        let error = UserError::from(error);
        UserError { kind: Kind::NoSwarm, ..error }.hint("`cc-ci doctor` says what is missing")
    })?;
    let runs = retention::stored(state)?;
    let mut stuck = Vec::new();
    let mut cleaned = 0;
    for stored in runs.iter().filter(|stored| stored.state == RunState::Uncleaned) {
        if args.dry_run {
            terminal::out(&format!("{}: its process is dead and its ledger is open\n", stored.run));
            continue;
        }
        let dir = RunDir::open(state, &stored.run)?;
        let done = run::clean(&swarm, dir.path(), &stored.run).await?;
        terminal::out(&format!("{}: {} found, {} left\n", stored.run, done.found, done.left.len()));
        stuck.extend(done.left.iter().map(|object| format!("{}: {object}", stored.run)));
        cleaned += 1;
    }
    if cleaned == 0 && !args.dry_run {
        terminal::out("no dead run to clean up after\n");
    }
    for (run, count) in strangers(&swarm, &runs).await? {
        terminal::note(&format!(
            "note: {count} objects of the run {run}, which is not in this state folder; not touched"
        ));
    }
    for object in &stuck {
        terminal::note(&format!("would not go: {object}"));
    }
    Ok(if stuck.is_empty() { exit::GREEN } else { exit::INFRASTRUCTURE })
}

/// Objects whose label names a run this state folder does not know: another user's, perhaps alive.
async fn strangers(swarm: &Swarm, runs: &[StoredRun]) -> Result<BTreeMap<String, usize>, UserError> {
    let known = |label: &str| RunId::parse(label).is_ok_and(|run| runs.iter().any(|stored| stored.run == run));
    let mut counts = BTreeMap::new();
    for labels in swarm.inventory().await?.objects.values() {
        if let Some(run) = labels.get(labels::RUN).filter(|run| !known(run)) {
            *counts.entry(run.clone()).or_default() += 1;
        }
    }
    Ok(counts)
}
