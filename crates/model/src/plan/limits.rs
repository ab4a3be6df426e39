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
    /// How long head is watched at least after it served, for as long as nothing else was found (WATCH-1). 0 for no longer than
    /// the run takes. Seconds.
    #[serde(default)]
    pub alive: u64,
}

/// How long a head is watched that no test of its own uses: nothing but its being alive shows that it works.
const UNTESTED: u64 = 22;

impl Limits {
    /// The same for a recipe with so many tests of its own.
    #[must_use]
    pub fn with_tests(self, tests: usize) -> Self {
        Self { alive: if tests == 0 { UNTESTED } else { 0 }, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { run: 3600, converge: 300, serving: 60, command: 300, stable: 5, alive: 0 }
    }
}
