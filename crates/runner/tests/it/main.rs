//! Whole runs through the runner, on a swarm in memory: how each kind of end is told, and that runs do not know of each other.

#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

mod admitted;
mod attached;
mod bisected;
mod bugs;
mod ends;
mod soaked;
mod swept;
mod two;
mod upgraded;
mod world;
