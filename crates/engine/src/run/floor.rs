//! The floor: the engine operations of a plan as an operator with perfect knowledge would do them, timed (PERF-1).
//!
//! It knows in advance what it needs and that all will be well, so it looks at nothing but what it has to wait for: no
//! checks, no markers, no indexes of volumes, no witness, no record. `docs/perf/floor.md` says of each operation why it is
//! part of the floor. What it makes stands in the run's ledger, so [`super::clean`] removes it, also after a kill.

mod line;
mod operator;
mod waits;

use super::app::App;
use super::conductor::Fault;
use super::world::World;
use crate::swarm::SwarmError;
use crate::workbench::WorkError;
use cc_ci_model::outcome::{Finding, Outcome};
use cc_ci_model::plan::permit::Approved;
use cc_ci_model::tier::Tier;
use std::time::Duration;
use tokio::time::Instant;

/// Why there is no floor.
#[derive(Debug, thiserror::Error)]
pub enum FloorError {
    /// The engine failed.
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    /// Work on data or in the sandbox failed.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// The recipe fails, so that a time would say nothing.
    #[error("{doing}: {}", finding.summary)]
    Recipe {
        /// What was being done.
        doing: String,
        /// What was found.
        finding: Finding,
    },
    /// A state did not come.
    #[error("{awaited} did not come within {} s", limit.as_secs())]
    TooLate {
        /// What was waited for.
        awaited: &'static str,
        /// How long.
        limit: Duration,
    },
    /// The plan cannot be performed.
    #[error("the floor needs {0}, which the plan has not")]
    Plan(&'static str),
    /// It was ended from outside.
    #[error("the floor was ended before its last operation")]
    Cancelled,
}

impl FloorError {
    fn of_fault(doing: &str, fault: Fault) -> Self {
        match Outcome::from(fault) {
            Outcome::Failed(finding) | Outcome::Unverified(finding) => Self::recipe(doing, finding),
            // A fault is never one of these; said rather than hidden.
            Outcome::Passed { .. } | Outcome::Skipped { .. } => Self::Plan("an operation that can fail"),
        }
    }

    fn recipe(doing: impl Into<String>, finding: Finding) -> Self {
        Self::Recipe { doing: doing.into(), finding }
    }
}

/// One operation with the time it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lap {
    /// The tier it is part of.
    pub tier: Tier,
    /// What was done.
    pub what: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// Takes the time from one operation to the next, so that laps add up to the whole.
struct Clock {
    last: Instant,
    laps: Vec<Lap>,
}

impl Clock {
    fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    /// Everything since the last lap was this.
    fn lap(&mut self, what: &'static str, tier: Tier) {
        let now = Instant::now();
        self.laps.push(Lap { tier, what, took: now - self.last });
        self.last = now;
    }
}

/// Performs the operations of the plan and returns how long each took; their sum is the floor. Removing what was made is the
/// caller's, by [`super::clean`], whatever this answers.
pub async fn measure(approved: Approved, app: App, world: &World) -> Result<Vec<Lap>, FloorError> {
    let plan = approved.plan;
    tokio::select! {
        laps = Box::pin(line::perform(&plan, approved.permits, &app, world)) => laps,
        () = world.cancel.token().cancelled() => Err(FloorError::Cancelled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laps_add_up_to_the_whole() {
        let mut clock = Clock::start();
        let begun = clock.last;
        clock.lap("deploy", Tier::Install);
        clock.lap("running", Tier::Install);
        let sum: Duration = clock.laps.iter().map(|lap| lap.took).sum();
        assert_eq!(sum, clock.last - begun);
    }
}
