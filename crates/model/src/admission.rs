//! Whether a run may begin now beside the others on its machine, and if not, what it waits for (ISO-1, PERF-4).
//!
//! A value is decided about, never a moment: what the machine has, who goes on and who waits. Whoever waits decides about the whole
//! queue up to itself, so nobody depends on somebody else being awake.

mod need;
mod words;

use crate::ids::RunId;
use serde::{Deserialize, Serialize};

/// What one core counts.
pub const CORE: u64 = 1000;

/// Left to the machine, whatever runs need.
pub const KEPT: Room = Room { memory: Some(256 << 20), disk: Some(1 << 30), subnets: Some(4) };

/// What a run takes of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Thousandths of a core: one core, or more where its services have more set aside by Swarm.
    pub millicores: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of disk.
    pub disk: u64,
    /// Overlay networks, each of which takes a subnet.
    pub subnets: u64,
}

impl Need {
    /// That of a run of which nothing else is known.
    pub const UNKNOWN: Self = Self { millicores: CORE, memory: 512 << 20, disk: 512 << 20, subnets: 1 };
}

/// What is free now. What cannot be told keeps nobody waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of memory that programs could get.
    pub memory: Option<u64>,
    /// Bytes of the disk that has the least.
    pub disk: Option<u64>,
    /// Subnets in the swarm's address pool.
    pub subnets: Option<u64>,
}

/// The machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Its cores.
    pub cores: u64,
    /// What is free now.
    pub free: Room,
}

/// A run that was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// The run.
    pub run: RunId,
    /// Its place in the queue: larger than that of everybody who stood there when it came. No clock has a part in it.
    pub turn: u64,
    /// What it takes.
    pub need: Need,
    /// Whether it goes on.
    pub stage: PlaceStage,
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum PlaceStage {
    /// It waits.
    Waiting,
    /// It was admitted, and what it takes is not all taken yet.
    Admitted,
    /// Its app is up: that much memory is taken already, and so are its subnets.
    Up {
        /// Bytes.
        memory: u64,
    },
}

/// What is decided about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It begins.
    Begins {
        /// What it should have and does not; it begins all the same, since nothing that it could wait for goes on.
        lacks: Option<Lack>,
    },
    /// It waits.
    Waits(Lack),
}

/// The first thing that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// Cores.
    Cores {
        /// Thousandths that it takes.
        needed: u64,
        /// The machine's cores.
        cores: u64,
        /// Thousandths that the others take.
        taken: u64,
        /// Who they are.
        by: Vec<RunId>,
    },
    /// Something of which there are so many.
    Amount {
        /// What.
        what: Amount,
        /// What it takes.
        needed: u64,
        /// What is free besides what is kept for the machine.
        free: u64,
        /// What others will still take of that.
        promised: u64,
        /// Who they are.
        by: Vec<RunId>,
    },
    /// Nothing but its turn.
    Turn {
        /// Who comes before it.
        behind: RunId,
    },
}

/// Something of which there are so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Memory, in bytes.
    Memory,
    /// Disk, in bytes.
    Disk,
    /// Subnets of the swarm.
    Subnets,
}

/// Decides about a run that is among those written down. First come, first served: who comes later never takes what somebody before
/// it waits for. The first of a queue begins where nobody goes on, however small the machine.
#[must_use]
pub fn decide(own: &RunId, written: &[Reserved], machine: &Machine) -> Admission {
    let is_waiting = |one: &&Reserved| one.stage == PlaceStage::Waiting;
    let mut going: Vec<&Reserved> = written.iter().filter(|one| !is_waiting(one)).collect();
    let mut queue: Vec<&Reserved> = written.iter().filter(is_waiting).collect();
    queue.sort_by_key(|one| (one.turn, &one.run));
    let mut behind = None;
    for one in queue {
        let lacks = lack(&one.need, &going, machine);
        let waits = lacks.is_some() && !going.is_empty();
        if one.run == *own {
            return match (lacks, behind) {
                (Some(lack), _) if waits => Admission::Waits(lack),
                (_, Some(behind)) => Admission::Waits(Lack::Turn { behind }),
                (lacks, None) => Admission::Begins { lacks },
            };
        }
        if waits {
            behind.get_or_insert_with(|| one.run.clone());
        } else if behind.is_none() {
            // It may not have noticed yet, and it may be stopped: it has its place, and keeps nobody else from one.
            going.push(one);
        }
    }
    // Who is not in the queue was admitted before.
    Admission::Begins { lacks: None }
}

/// The first thing that a run lacks beside those that go on.
fn lack(need: &Need, going: &[&Reserved], machine: &Machine) -> Option<Lack> {
    let by: Vec<RunId> = going.iter().map(|one| one.run.clone()).collect();
    let taken = sum(going.iter().map(|one| one.need.millicores));
    if taken.saturating_add(need.millicores) > machine.cores.max(1).saturating_mul(CORE) {
        return Some(Lack::Cores { needed: need.millicores, cores: machine.cores.max(1), taken, by });
    }
    let amount = |what, needed: u64, free: Option<u64>, kept: Option<u64>, promised: fn(&Reserved) -> u64| {
        let free = free?.saturating_sub(kept.unwrap_or(0));
        let promised = sum(going.iter().map(|one| promised(one)));
        let lacks = promised.saturating_add(needed) > free;
        lacks.then(|| Lack::Amount { what, needed, free, promised, by: by.clone() })
    };
    let Room { memory, disk, subnets } = machine.free;
    amount(Amount::Memory, need.memory, memory, KEPT.memory, memory_to_come)
        .or_else(|| amount(Amount::Disk, need.disk, disk, KEPT.disk, |one| one.need.disk))
        .or_else(|| amount(Amount::Subnets, need.subnets, subnets, KEPT.subnets, subnets_to_come))
}

/// What is in use already is not free any more, and must not be counted twice.
fn memory_to_come(one: &Reserved) -> u64 {
    match one.stage {
        PlaceStage::Waiting | PlaceStage::Admitted => one.need.memory,
        PlaceStage::Up { memory } => one.need.memory.saturating_sub(memory),
    }
}

fn subnets_to_come(one: &Reserved) -> u64 {
    match one.stage {
        PlaceStage::Waiting | PlaceStage::Admitted => one.need.subnets,
        PlaceStage::Up { .. } => 0,
    }
}

fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
