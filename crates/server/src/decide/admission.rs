//! Whether the next job starts now, and if not, the first reason why.

use cc_ci_web::board::Intake;
use cc_ci_web::board::job::WaitsFor;

/// What a run needs at least, and how many may go on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Runs at once.
    pub(crate) slots: usize,
    /// Free memory in bytes.
    pub(crate) memory: u64,
    /// Free bytes on the disk of the state folder.
    pub(crate) disk: u64,
}

/// What the machine has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Runs that go on.
    pub(crate) running: usize,
    /// Free memory in bytes; `None` when it cannot be told.
    pub(crate) memory: Option<u64>,
    /// Free bytes on the disk; `None` when it cannot be told.
    pub(crate) disk: Option<u64>,
    /// Whether a swarm is there.
    pub(crate) swarm: Swarm,
}

/// What is known of the swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swarm {
    /// Nothing speaks against it.
    Presumed,
    /// The last run found none, and it is too early to try again.
    Missing,
}

/// The first thing that keeps a job from starting. What cannot be told keeps nothing from starting: the run itself looks again.
pub(crate) fn admit(intake: Intake, capacity: &Capacity, machine: &Machine) -> WaitsFor {
    let missing = |needed: u64, free: Option<u64>| needed.checked_sub(free?).filter(|missing| *missing > 0);
    match intake {
        Intake::Paused | Intake::Draining => return WaitsFor::Operator,
        Intake::Open => {}
    }
    if machine.swarm == Swarm::Missing {
        return WaitsFor::Swarm;
    }
    if machine.running >= capacity.slots {
        return WaitsFor::Slot;
    }
    if let Some(missing) = missing(capacity.memory, machine.memory) {
        return WaitsFor::Memory { missing };
    }
    missing(capacity.disk, machine.disk).map_or(WaitsFor::Nothing, |missing| WaitsFor::Disk { missing })
}

#[cfg(test)]
mod tests {
    use super::{Capacity, Machine, Swarm, admit};
    use cc_ci_web::board::Intake;
    use cc_ci_web::board::job::WaitsFor;

    #[test]
    fn the_first_reason_is_said() {
        let capacity = Capacity { slots: 2, memory: 100, disk: 1000 };
        let idle = Machine { running: 0, memory: Some(100), disk: Some(1000), swarm: Swarm::Presumed };
        let check = |intake, machine: Machine, expected| assert_eq!(admit(intake, &capacity, &machine), expected);
        check(Intake::Open, idle, WaitsFor::Nothing);
        check(Intake::Paused, idle, WaitsFor::Operator);
        check(Intake::Draining, idle, WaitsFor::Operator);
        check(Intake::Open, Machine { running: 2, memory: Some(0), ..idle }, WaitsFor::Slot);
        check(
            Intake::Open,
            Machine { running: 1, memory: Some(40), disk: Some(1), ..idle },
            WaitsFor::Memory { missing: 60 },
        );
        check(Intake::Open, Machine { disk: Some(1), ..idle }, WaitsFor::Disk { missing: 999 });
        check(Intake::Open, Machine { swarm: Swarm::Missing, running: 2, ..idle }, WaitsFor::Swarm);
        check(Intake::Open, Machine { memory: None, disk: None, ..idle }, WaitsFor::Nothing);
    }
}
