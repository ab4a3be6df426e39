//! `cc-ci judge RUN`: the verdict on a stored run, from its events alone (VER-1).

use super::json;
use cc_ci_args::stored::StoredArgs;
use cc_ci_model::exit;
use cc_ci_model::report::summary;
use cc_ci_model::verdict::Verdict;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::stored;
use cc_ci_store::replay;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use serde::Serialize;

/// A verdict as `--json` prints it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    exit_code: u8,
}

/// Judges anew and prints the verdict. The exit code is that of the verdict.
pub fn exec(state: &StateFolder, args: &StoredArgs) -> Result<u8, RunnerError> {
    let judged = replay::judged(&stored::open(state, &args.run)?)?;
    let exit_code = exit::of_verdict(&judged.verdict);
    if args.json {
        terminal::out(&json(&Shown { verdict: &judged.verdict, exit_code })?);
    } else {
        terminal::out(&format!("{}\n", summary::headline(&judged.view())));
        for reason in &judged.verdict.reasons {
            terminal::out(&format!("  - {reason}\n"));
        }
    }
    if let Some(torn) = &judged.torn {
        terminal::note(&format!("note: line {} of the record was not written to its end; it was left out", torn.line));
    }
    Ok(exit_code)
}
