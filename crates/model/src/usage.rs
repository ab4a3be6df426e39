//! What the services of base and of head use and how long they take to start, as the engine counts it.
//!
//! These are values of the record. What they come to, side by side, is in [`compare`]; what a health
//! check's interval makes of starts, in [`advice`].

pub mod advice;
pub mod compare;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use std::fmt;

/// When the services were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Base, when everything was asked of it and nothing was done to it yet.
    Base,
    /// Head, when the same was asked of it after the upgrade.
    Head,
    /// Head, when it had started on empty volumes, as base did at the install.
    HeadAfresh,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "base",
            Self::Head => "head",
            Self::HeadAfresh => "head on empty volumes",
        })
    }
}

/// What the containers of one service use. Of several replicas each figure is that of the one which has the most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUsage {
    /// Its name without the stack.
    pub service: String,
    /// Its containers that ran, by id.
    pub containers: Vec<String>,
    /// Size of its image in bytes, as the engine holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<u64>,
    /// Bytes of memory in use: its own and shared memory, without the kernel's cache of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// The most that this ever was, by the kernel's own mark, which counts the cache of files, too: what had gone from the mark is
    /// added to what was in use. Only where the engine says it, which it does with version 1 of control groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<u64>,
    /// Milliseconds of processor time so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// Milliseconds from the start of its container until its health check passed; none without a health check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// How often its health check asks, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<u64>,
    /// Whether it took more than one attempt to come up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

impl ServiceUsage {
    /// Takes another container of the same service in.
    pub fn and(&mut self, other: Self) {
        let Self { service: _, containers, image, memory, peak, cpu_ms, start_ms, interval_ms, again } = other;
        self.containers.extend(containers);
        self.image = self.image.max(image);
        self.memory = self.memory.max(memory);
        self.peak = self.peak.max(peak);
        self.cpu_ms = self.cpu_ms.max(cpu_ms);
        self.start_ms = self.start_ms.max(start_ms);
        self.interval_ms = self.interval_ms.max(interval_ms);
        self.again |= again;
    }
}

/// A moment as the engine writes it, in nanoseconds since 1970; `None` for what is none.
#[must_use]
pub fn nanos(written: &str) -> Option<i64> {
    let at = DateTime::parse_from_rfc3339(written).ok()?.timestamp_nanos_opt()?;
    // The engine's word for "never" lies before 1970.
    (at > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_engine_are_read_to_the_nanosecond_and_never_is_none() {
        assert_eq!(nanos("1970-01-01T00:00:01.000000007Z"), Some(1_000_000_007));
        assert_eq!(nanos("2026-11-30T03:23:42.883548795Z").map(|at| at % 1_000_000_000), Some(883_548_795));
        assert_eq!([nanos("0001-01-01T00:00:00Z"), nanos(""), nanos("yesterday")], [None; 3]);
    }

    #[test]
    fn of_several_replicas_the_most_counts() {
        let replica = |id: &str, memory, start_ms| ServiceUsage {
            containers: vec![id.to_owned()],
            memory,
            start_ms,
            ..ServiceUsage::default()
        };
        let mut one = replica("a", Some(7), None);
        one.and(replica("b", Some(9), Some(4)));
        one.and(ServiceUsage { again: true, ..replica("c", None, Some(3)) });
        assert_eq!((one.memory, one.start_ms, one.again), (Some(9), Some(4), true));
        assert_eq!(one.containers, ["a", "b", "c"]);
    }
}
