//! Runs as processes that outlive the server: a claim that the kernel gives back, a process that is started, told to end,
//! and found again.

mod claim;
mod ended;
mod start;

pub(crate) use claim::{Claim, Signal, holders_told, look, when_free};
pub(crate) use ended::ChildOutcome;
pub(crate) use start::{Child, folder, start};

/// The file that tells how the run ended.
pub(crate) const OUTCOME: &str = "outcome.json";
