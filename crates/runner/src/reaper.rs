//! Waits beside a run for its process to end, and cleans up after it if it died (ISO-4). A run starts its own.

use crate::cleanup::{self, Done};
use crate::clock;
use crate::error::{ErrorKind, RunnerError, chain};
use crate::ledgers;
use crate::request::{EngineChoice, Reaper};
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::ledger::{self, LedgerEntry};
use cc_ci_engine::process::{self, Command, Detached};
use cc_ci_model::ids::RunId;
use cc_ci_store::dead;
use cc_ci_store::run_dir::RunDir;
use std::path::Path;
use std::time::{Duration, Instant};

/// What it did, in the run's folder; only there when it did something.
const LOG: &str = "reaper.log";

/// How often it asks an engine that does not answer, and how long it waits before it asks again.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// How long to wait for the reaper of a run that ended well.
const REAPER_ENDS: Duration = Duration::from_secs(2);

/// Starts the reaper of the run in `folder`, if there is to be one. A run without it is as good, as long as it lives.
pub(crate) fn start(
    reaper: &Reaper,
    folder: &Path,
    engine: &EngineAddress,
) -> Result<Option<Detached>, process::ProcessError> {
    let Reaper::Program { program, words } = reaper else { return Ok(None) };
    let command = Command::new(program).args(words).arg(folder);
    process::detach(&command.envs(engine.env()).cwd("/")).map(Some)
}

/// Waits for the reaper of a run that ended well: it has nothing left to do, and should hold nothing of the folder when we are gone.
pub(crate) async fn dismiss(reaper: Option<Detached>) {
    if let Some(mut reaper) = reaper {
        reaper.ended(REAPER_ENDS).await;
    }
}

/// What the reaper found when the run's process had ended.
#[derive(Debug)]
pub enum Reaped {
    /// The run ended by itself.
    Nothing,
    /// It died, and this was done.
    Cleaned(Done),
}

/// Waits for the end of the run's process; needs no runtime until there is something to do.
pub fn watch_over(dir: &RunDir, engine: &EngineChoice) -> Result<Reaped, RunnerError> {
    process::let_go();
    let run = owned(dir)?;
    dead::wait_for_end(dir)?;
    if !dead::was_killed(dir, &ledgers::is_open)? {
        return Ok(Reaped::Nothing);
    }
    let began = Instant::now();
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| RunnerError::internal(format!("cannot start the runtime: {source}")))?
        .block_on(clean_up(dir, &run, engine));
    let words = done.as_ref().map_or_else(|error| error.message.clone(), Done::words);
    let took = began.elapsed().as_secs_f64();
    let line = format!("{}: the run's process died: {words}, {took:.1} s after its end\n", clock::now());
    dir.write(LOG, line.as_bytes())?;
    done.map(Reaped::Cleaned)
}

/// The run whose folder it is. A folder whose ledger is another run's, or that has none, is refused.
fn owned(dir: &RunDir) -> Result<RunId, RunnerError> {
    let refuse = |why: String| {
        RunnerError::new(ErrorKind::Usage, format!("{} is no run to clean up after: {why}", dir.path().display()))
    };
    let name = dir.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let run = RunId::parse(name).map_err(|error| refuse(error.to_string()))?;
    let entries = ledger::read(&dir.file(ledger::FILE)).map_err(|error| refuse(chain(&error)))?;
    match entries.first() {
        Some(LedgerEntry::Opened { run: theirs, .. }) if *theirs == run => Ok(run),
        Some(LedgerEntry::Opened { run: theirs, .. }) => {
            Err(refuse(format!("its ledger is that of the run `{theirs}`")))
        }
        Some(
            LedgerEntry::Making { .. }
            | LedgerEntry::Found { .. }
            | LedgerEntry::Deploying { .. }
            | LedgerEntry::Namespace { .. }
            | LedgerEntry::Closed,
        )
        | None => Err(refuse("its ledger does not say whose it is".to_owned())),
    }
}

/// Cleans up; an engine that is not there is asked again for a while.
async fn clean_up(dir: &RunDir, run: &RunId, engine: &EngineChoice) -> Result<Done, RunnerError> {
    let mut tries = 1;
    loop {
        let done = match engine.open().await {
            Ok(doors) => cleanup::after(&doors, dir, run).await,
            Err(error) => Err(error.into()),
        };
        if done.is_ok() || tries == TRIES {
            return done;
        }
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_engine::ledger::Ledger;

    #[test]
    fn a_folder_that_is_no_run_or_has_another_runs_ledger_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let state = cc_ci_store::state::StateFolder::open(folder.path()).unwrap();
        let run = |id: &str| RunId::parse(id).unwrap();
        let (dir, _lock) = RunDir::create(&state, &run("r1")).unwrap();
        assert!(owned(&dir).unwrap_err().message.contains("cannot read the ledger"));
        Ledger::create(dir.path(), &run("r2")).unwrap();
        assert!(owned(&dir).unwrap_err().message.ends_with("its ledger is that of the run `r2`"));
        assert!(owned(&RunDir::at("/")).is_err());
        let (dir, _lock) = RunDir::create(&state, &run("r3")).unwrap();
        Ledger::create(dir.path(), &run("r3")).unwrap();
        assert_eq!(owned(&dir).unwrap(), run("r3"));
    }
}
