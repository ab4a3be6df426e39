//! `cc-ci selftest`: tries the built-in cases with this very program, and prints the score.

use cc_ci_args::environment;
use cc_ci_args::machine;
use cc_ci_args::selftest::SelftestArgs;
use cc_ci_model::exit;
use cc_ci_runner::error::{ErrorKind, RunnerError, chain};
use cc_ci_selftest::case::Case;
use cc_ci_selftest::catalogue::Catalogue;
use cc_ci_selftest::score;
use cc_ci_selftest::trial::Bench;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Tries the cases that were asked for. The exit code is 0 when every one of them came out right, else 1.
pub async fn exec(state: &StateFolder, args: &SelftestArgs) -> Result<u8, RunnerError> {
    let work = state.selftest().join(std::process::id().to_string());
    let answer = inside(state, args, &work).await;
    if let Ok(exit::GREEN) = answer {
        // What is kept tells what differs; of a full score there is nothing to tell.
        let _kept = std::fs::remove_dir_all(work);
    }
    answer
}

async fn inside(state: &StateFolder, asked: &SelftestArgs, work: &Path) -> Result<u8, RunnerError> {
    let unpacked = work.join("built-in");
    std::fs::create_dir_all(&unpacked).map_err(|source| {
        RunnerError::new(ErrorKind::Infrastructure, format!("cannot make {}: {source}", unpacked.display()))
    })?;
    let unreadable = |error| RunnerError::internal(chain(&error));
    let catalogue = Catalogue::unpack(&unpacked).map_err(unreadable)?;
    let cases = chosen(catalogue.cases().map_err(unreadable)?, asked)?;
    if asked.list {
        for case in &cases {
            terminal::out(&format!("{:<48} {}\n", case.id.to_string(), case.title));
        }
        return Ok(exit::GREEN);
    }
    // The engine that this process was given and places for its jobs, and nothing else of its surroundings.
    let environment = match cases.iter().all(|case| case.question.needs_files_only()) {
        true => Vec::new(),
        false => {
            let engine = environment::address()?.env().into_iter().map(|(name, value)| (name.into(), value));
            engine.chain([machine::places_for(asked.jobs)]).collect()
        }
    };
    let bench = Bench {
        program: "/proc/self/exe".into(),
        environment,
        state: state.root().to_owned(),
        catalogue,
        work: work.to_owned(),
    };
    let cancel = CancellationToken::new();
    let tell = |trial: &_| terminal::note(&score::line(trial));
    let score = Box::pin(score::try_all(&bench, &cases, asked.jobs, &cancel, tell)).await;
    terminal::out(&score.table());
    if score.is_full() {
        return Ok(exit::GREEN);
    }
    terminal::note(&format!("the repositories of the cases that came out wrong are in {}", work.display()));
    Ok(exit::BUG)
}

/// The cases that the words name; a word that names none is a mistake.
fn chosen(cases: Vec<Case>, wishes: &SelftestArgs) -> Result<Vec<Case>, RunnerError> {
    for word in &wishes.cases {
        if !cases.iter().any(|case| case.id.is_asked_by(word)) {
            return Err(RunnerError::new(ErrorKind::Usage, format!("there is no case and no group `{word}`"))
                .hint("`cc-ci selftest --list` names them all"));
        }
    }
    let asked = |case: &Case| wishes.cases.is_empty() || wishes.cases.iter().any(|word| case.id.is_asked_by(word));
    let wanted = |case: &Case| asked(case) && (!wishes.files || case.question.needs_files_only());
    Ok(cases.into_iter().filter(wanted).collect())
}
