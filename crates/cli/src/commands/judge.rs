//! `cc-ci judge RUN`: the verdict on a stored run, from its events alone (VER-1).

use crate::args::StoredArgs;
use crate::commands::report::open;
use crate::error::UserError;
use crate::terminal;
use cc_ci_model::exit;
use cc_ci_model::report::summary;
use cc_ci_model::verdict::Verdict;
use cc_ci_store::replay;
use cc_ci_store::state::StateFolder;
use serde::Serialize;

/// A verdict as `--json` prints it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    exit_code: u8,
}

/// Judges anew and prints the verdict. The exit code is that of the verdict.
pub fn exec(state: &StateFolder, args: &StoredArgs) -> Result<u8, UserError> {
    let judged = replay::judged(&open(state, &args.run)?)?;
    let exit_code = exit::of_verdict(&judged.verdict);
    if args.json {
        let json = serde_json::to_string_pretty(&Shown { verdict: &judged.verdict, exit_code })
            .map_err(|source| UserError::internal(format!("cannot write the verdict: {source}")))?;
        terminal::out(&format!("{json}\n"));
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
