//! `cc-ci reap`: waits beside a run for its process to end, and cleans up after it if it died (ISO-4). Started by `cc-ci run`
//! for itself; nobody else needs it.

use cc_ci_args::environment;
use cc_ci_args::upkeep::ReapArgs;
use cc_ci_model::exit;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::reaper::{self, Reaped};
use cc_ci_store::run_dir::RunDir;

/// Waits for the end of the run's process; needs no runtime until there is something to do.
pub fn exec(args: &ReapArgs) -> Result<u8, RunnerError> {
    Ok(match reaper::watch_over(&RunDir::at(&args.run), &environment::engine()?)? {
        Reaped::Nothing => exit::GREEN,
        Reaped::Cleaned(done) if done.left.is_empty() => exit::GREEN,
        Reaped::Cleaned(_) => exit::INFRASTRUCTURE,
    })
}
