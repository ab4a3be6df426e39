//! What the server counts, for `/metrics`. Counters never go down, so they are the server's: the folders of old runs are removed.

use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// Everything counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Runs that came to a verdict, ever.
    pub runs: Vec<RunsEnded>,
    /// Answers of forges by status code, ever; 0 stands for no answer.
    pub forge_answers: BTreeMap<u16, u64>,
    /// Reports that are still to be delivered.
    pub reports_pending: u64,
    /// Free bytes below the state folder.
    pub free_bytes: Option<u64>,
    /// When the last sweep ended.
    pub last_sweep: Option<SystemTime>,
}

/// How many runs came to one kind of verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunsEnded {
    /// The verdict in one word.
    pub color: Color,
    /// Whose fault it was.
    pub blame: Option<Blame>,
    /// How many, ever.
    pub count: u64,
}
