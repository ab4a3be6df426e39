//! Whole runs against a swarm in memory: tiers, blame and teardown, without Docker and without waiting.
//!
//! The clock of these tests is paused: it jumps to the next moment at which something happens.

#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

mod blame;
mod budget;
mod causes;
mod contract;
mod shop;
mod teardown;
mod tiers;
