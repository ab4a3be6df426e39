//! One file per command; each turns its arguments into one call of the runner or the store, and prints the answer.

pub mod bench;
pub mod bisect;
pub mod canonical;
pub mod clean;
pub mod doctor;
pub mod judge;
pub mod lint;
pub mod manual;
pub mod plan;
pub mod reap;
pub mod report;
pub mod run;
pub mod selftest;
pub mod series;
pub mod serve;
pub mod server;
pub mod soak;
pub mod sweep;
pub mod upgrades;
pub mod warm;

use cc_ci_runner::error::RunnerError;
use cc_ci_terminal::harmless_json;

/// Data as JSON for a program, ending with a line break.
fn json(what: &impl serde::Serialize) -> Result<String, RunnerError> {
    let text = serde_json::to_string_pretty(what);
    text.map(|text| harmless_json(&text).into_owned() + "\n")
        .map_err(|source| RunnerError::internal(format!("cannot write the answer: {source}")))
}
