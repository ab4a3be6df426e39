//! What the ledger in a run's folder says to whoever looks at that folder from outside.

use cc_ci_engine::ledger;
use cc_ci_store::run_dir::RunDir;

/// Whether it was opened and never closed, so that somebody has to clean up after the run.
#[must_use]
pub fn is_open(dir: &RunDir) -> bool {
    ledger::is_open(dir.path())
}
