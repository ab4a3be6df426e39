//! Finds the stored run that somebody names.

use crate::error::{ErrorKind, RunnerError};
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::{EVENTS, RunDir};
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored;
use std::path::Path;

/// A stored run, by its id, its folder, or `latest`: the run whose record began last, since ids may come from outside.
pub fn open(state: &StateFolder, run: &str) -> Result<RunDir, RunnerError> {
    if Path::new(run).join(EVENTS).is_file() {
        return Ok(RunDir::at(run));
    }
    if run == "latest" {
        let none = || RunnerError::new(ErrorKind::Usage, format!("there is no run in {}", state.runs().display()));
        return stored::latest(state)?.ok_or_else(none);
    }
    let hint = format!("`ls {}` shows the stored runs; `latest` is the last one", state.runs().display());
    let id = RunId::parse(run).map_err(|_| {
        RunnerError::new(ErrorKind::Usage, format!("`{run}` is neither a run's id nor its folder")).hint(hint.clone())
    })?;
    RunDir::open(state, &id).map_err(|error| RunnerError::new(ErrorKind::Usage, error.to_string()).hint(hint))
}
