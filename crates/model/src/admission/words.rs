//! What a run waits for, in one line.

use super::{Amount, CORE, Lack};
use crate::ids::RunId;
use std::fmt;

impl Lack {
    /// Whether it is the same as what was told before, as far as a reader cares: free memory is another number at each look.
    #[must_use]
    pub fn is_as(&self, told: &Self) -> bool {
        match (self, told) {
            (Self::Cores { by, .. }, Self::Cores { by: others, .. }) => by == others,
            (Self::Amount { what, by, .. }, Self::Amount { what: other, by: others, .. }) => {
                what == other && by == others
            }
            (Self::Turn { behind }, Self::Turn { behind: other }) => behind == other,
            (Self::Cores { .. } | Self::Amount { .. } | Self::Turn { .. }, _) => false,
        }
    }
}

/// What it waits for, without the word "waiting".
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cores { needed, cores, taken: _, by } if by.is_empty() => {
                write!(f, "cores: it takes {}, and the machine has {cores}", core(*needed))
            }
            Self::Cores { needed, cores, taken, by } => {
                let room = if *cores == 1 { "1 core has".to_owned() } else { format!("{cores} cores have") };
                let verb = if by.len() == 1 { "goes" } else { "go" };
                write!(f, "a place: {} {verb} on here, and {room} room for ", runs(by))?;
                if *needed == CORE && *taken == by.len() as u64 * CORE {
                    write!(f, "{cores}")
                } else {
                    write!(f, "no more: {} are taken, and this run takes {}", core(*taken), core(*needed))
                }
            }
            Self::Amount { what, needed, free, promised, by } => {
                let missing = needed.saturating_add(*promised).saturating_sub(*free);
                write!(f, "{}: it needs {}, {} free", what.amount(missing), what.figure(*needed), what.are(*free))?;
                if by.is_empty() {
                    return Ok(());
                }
                write!(f, ", and {} may still take {}", runs(by), what.figure(*promised))
            }
            Self::Turn { behind } => write!(f, "its turn: {behind} came before it and waits, too"),
        }
    }
}

impl Amount {
    fn amount(self, count: u64) -> String {
        match self {
            Self::Memory => format!("{} of memory", size(count)),
            Self::Disk => format!("{} of disk", size(count)),
            Self::Subnets if count == 1 => "1 subnet of the swarm's address pool".to_owned(),
            Self::Subnets => format!("{count} subnets of the swarm's address pool"),
        }
    }

    fn figure(self, count: u64) -> String {
        match self {
            Self::Memory | Self::Disk => size(count),
            Self::Subnets => count.to_string(),
        }
    }

    fn are(self, count: u64) -> String {
        match self {
            Self::Subnets if count != 1 => format!("{count} are"),
            Self::Memory | Self::Disk => format!("{} are", size(count)),
            Self::Subnets => format!("{count} is"),
        }
    }
}

/// `2 runs (r1, r2)`.
fn runs(by: &[RunId]) -> String {
    let names: Vec<&str> = by.iter().map(RunId::as_str).collect();
    let word = if by.len() == 1 { "run" } else { "runs" };
    format!("{} {word} ({})", by.len(), names.join(", "))
}

/// `1.5`, of thousandths.
fn core(millicores: u64) -> String {
    let text = format!("{}.{:03}", millicores / CORE, millicores % CORE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Rounded up, so that nothing that is missing looks like nothing.
fn size(bytes: u64) -> String {
    let tenths_of_gib = bytes.saturating_mul(10).div_ceil(1 << 30);
    match bytes.div_ceil(1 << 20) {
        mib @ 0..1024 => format!("{mib} MiB"),
        _ => format!("{}.{} GiB", tenths_of_gib / 10, tenths_of_gib % 10),
    }
}
