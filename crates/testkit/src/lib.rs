//! Fakes with memory and the test worlds built on them.

pub mod forge;
pub mod repo;
pub mod served;

pub mod plan;
pub mod swarm;

pub mod contract;
