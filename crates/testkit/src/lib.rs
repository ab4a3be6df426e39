//! Fakes with memory and the test worlds built on them.

pub mod repo;
