//! One file per command; each turns its arguments into work and answers with an exit code.

pub mod bench;
pub mod clean;
pub mod doctor;
pub mod judge;
pub mod lint;
pub(crate) mod pictures;
pub mod plan;
pub mod reap;
pub mod report;
pub mod run;
pub mod selftest;
pub mod warm;
