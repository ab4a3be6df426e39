//! `cc-ci server`: what an operator says to a running server, over a socket in the state folder that only its user can open; and
//! backups of what it knows.

use cc_ci_args::serving::{ServerArgs, ServerVerb};
use cc_ci_model::exit;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_server::{Ask, BackupError, RequestStands, RunsIn, Told};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::time::{Duration, Instant};

/// How often a server is asked whose end or verdict is waited for.
const LOOK: Duration = Duration::from_secs(1);

/// A comment that was not read after this time is none that asks for anything: the server reads every half minute.
const UNREAD: Duration = Duration::from_secs(120);

/// Asks the server of a state folder and prints its answer. The exit code is 10 when it did not do it.
pub async fn exec(state: &StateFolder, args: &ServerArgs) -> Result<u8, RunnerError> {
    let ask = match &args.verb {
        ServerVerb::Status(status) => match &status.comment {
            Some(address) => return verdict(state, address, status.wait).await,
            None => Ask::Status,
        },
        ServerVerb::Pause => Ask::Pause,
        ServerVerb::Resume => Ask::Resume,
        ServerVerb::Drain(_) => Ask::Drain,
        ServerVerb::Cancel { job } => Ask::Cancel(*job),
        ServerVerb::Retry { job } => Ask::Retry(*job),
        ServerVerb::Enrol { repository, forge } => Ask::Enrol(forge.clone(), repository.clone()),
        ServerVerb::Alerts => Ask::Alerts,
        ServerVerb::Backup { file, runs } => {
            let runs = if *runs { RunsIn::Backup } else { RunsIn::Nothing };
            return kept(cc_ci_server::backup(state, file, runs), &format!("{} holds all of it", file.display()));
        }
        ServerVerb::Restore { file } => {
            let words = format!("{} is what it was; `cc-ci serve` goes on from there", state.root().display());
            return kept(cc_ci_server::restore(state, file), &words);
        }
    };
    let told = tell(state, &ask).await?;
    terminal::out(&format!("{}\n", told.text));
    if let ServerVerb::Drain(drain) = &args.verb
        && drain.wait
    {
        let mut running = told.running;
        let mut looks = tokio::time::interval(LOOK);
        while running > 0 {
            looks.tick().await;
            running = tell(state, &Ask::Status).await?.running;
        }
        terminal::out("no run goes on any more\n");
    }
    Ok(if told.done { exit::GREEN } else { exit::RED })
}

/// Says what came of a comment. The exit code is that of the verdict; 10 while there is none.
async fn verdict(state: &StateFolder, address: &str, wait: bool) -> Result<u8, RunnerError> {
    let ask = Ask::Request(address.to_owned());
    let began = Instant::now();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let told = tell(state, &ask).await?;
        let code = match told.request {
            Some(RequestStands::Over { code }) => Some(code),
            Some(RequestStands::Open) if wait => None,
            Some(RequestStands::Unseen) if wait && began.elapsed() < UNREAD => None,
            Some(RequestStands::Open | RequestStands::Unseen) | None => Some(exit::RED),
        };
        if let Some(code) = code {
            terminal::out(&format!("{}\n", told.text));
            return Ok(code);
        }
    }
}

/// What came of a backup.
fn kept(done: Result<(), BackupError>, words: &str) -> Result<u8, RunnerError> {
    done.map_err(|error| RunnerError::new(ErrorKind::Infrastructure, error.to_string()))?;
    terminal::out(&format!("{words}\n"));
    Ok(exit::GREEN)
}

async fn tell(state: &StateFolder, ask: &Ask) -> Result<Told, RunnerError> {
    cc_ci_server::ask(state.root(), ask).await.map_err(|error| {
        RunnerError::new(ErrorKind::Infrastructure, format!("no server answers in {}: {error}", state.root().display()))
            .hint("start it with `cc-ci serve`, or name its folder with --state")
    })
}
