//! Time limits, in whole seconds.

use serde::{Deserialize, Serialize};

/// The shortest time limit of a whole run that anybody may give, in seconds.
pub(crate) const SHORTEST: u64 = 10;
/// The longest.
pub(crate) const LONGEST: u64 = 86_400;

/// How long things may take before they count as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The whole run, teardown excluded (ISO-3). Seconds.
    pub run: u64,
    /// From deploy to converged, and the same for the upgrade. Seconds.
    pub converge: u64,
    /// From converged to the first accepted answer over the route. Seconds.
    pub serving: u64,
    /// One hook, test or backup command. Seconds.
    pub command: u64,
    /// How long after convergence a death still turns the tier red (SWARM-3). Seconds.
    pub stable: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { run: 3600, converge: 300, serving: 60, command: 300, stable: 5 }
    }
}
