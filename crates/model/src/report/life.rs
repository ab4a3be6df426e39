//! How far a run has come, as its folder tells: a report about a run under way must not read like one about a run that died.

use serde::{Deserialize, Serialize};

/// The life of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// A process reads and plans; there is no record yet.
    Preparing,
    /// A process performs it and writes its record.
    Running,
    /// Its record has an end.
    Over,
    /// Its process is gone, and its record has no end.
    Died,
}
