//! `cc-ci reap`: waits beside a run for its process to end, and cleans up after it if it died (ISO-4). Started by `cc-ci run`
//! for itself; nobody else needs it.

use super::clean;
use crate::args::{self, ReapArgs};
use crate::clock::Moment;
use crate::error::{Kind, UserError, chain};
use cc_ci_engine::docker::{EngineAddress, Swarm};
use cc_ci_engine::ledger::{self, Entry};
use cc_ci_engine::process::{self, Command, Detached};
use cc_ci_model::exit;
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

/// Starts the reaper of the run in `folder`.
pub(super) fn start(folder: &Path, engine: &EngineAddress) -> Result<Detached, process::ProcessError> {
    // The program as it was when it started, also if another one lies in its place by now.
    let command = Command::new("/proc/self/exe").args(["reap", "--run"]).arg(folder);
    process::detach(&command.envs(engine.env()).cwd("/"))
}

/// Waits for the end of the run's process; needs no runtime until there is something to do.
pub fn exec(args: &ReapArgs) -> Result<u8, UserError> {
    process::let_go();
    let dir = RunDir::at(&args.run);
    let run = owned(&dir)?;
    dead::wait_for_end(&dir)?;
    if !dead::was_killed(&dir, &clean::ledger_open)? {
        return Ok(exit::GREEN);
    }
    let began = Instant::now();
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| UserError::internal(format!("cannot start the runtime: {source}")))?
        .block_on(clean_up(&dir, &run));
    let (words, code) = match &done {
        Ok(done) => (done.words(), if done.left.is_empty() { exit::GREEN } else { exit::INFRASTRUCTURE }),
        Err(error) => (error.message.clone(), exit::INFRASTRUCTURE),
    };
    let took = began.elapsed().as_secs_f64();
    let line = format!("{}: the run's process died: {words}, {took:.1} s after its end\n", Moment::now().rfc3339());
    dir.write(LOG, line.as_bytes())?;
    done.map(|_| code)
}

/// The run whose folder it is. A folder whose ledger is another run's, or that has none, is refused.
fn owned(dir: &RunDir) -> Result<RunId, UserError> {
    let refuse = |why: String| {
        UserError::new(Kind::Usage, format!("{} is no run to clean up after: {why}", dir.path().display()))
    };
    let name = dir.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let run = RunId::parse(name).map_err(|error| refuse(error.to_string()))?;
    let entries = ledger::read(&dir.file(ledger::FILE)).map_err(|error| refuse(chain(&error)))?;
    match entries.first() {
        Some(Entry::Opened { run: theirs, .. }) if *theirs == run => Ok(run),
        Some(Entry::Opened { run: theirs, .. }) => Err(refuse(format!("its ledger is that of the run `{theirs}`"))),
        Some(Entry::Making { .. } | Entry::Deploying { .. } | Entry::Namespace { .. } | Entry::Closed) | None => {
            Err(refuse("its ledger does not say whose it is".to_owned()))
        }
    }
}

/// Cleans up; an engine that is not there is asked again for a while.
async fn clean_up(dir: &RunDir, run: &RunId) -> Result<clean::Done, UserError> {
    let address = args::engine()?;
    let mut tries = 1;
    loop {
        let done = match Swarm::connect(&address).await {
            Ok(swarm) => clean::after(&swarm.doors(), dir, run).await,
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
