//! Touches the swarm and says what happened.
//!
//! The engine performs an approved plan in order and reports only in events. It never judges: what an observation means
//! is decided in `cc-ci-model`.

pub mod abra;
pub mod backup;
pub mod compose_check;
pub mod converge;
pub mod custom;
pub mod data;
pub mod docker;
mod ears;
pub mod exec;
pub mod git;
pub mod host;
pub mod images;
pub mod keep;
pub mod labels;
pub mod ledger;
mod pace;
pub mod pressure;
pub mod process;
pub mod promotion;
pub mod provider;
pub mod pulse;
pub mod reaper;
pub mod route;
pub mod run;
pub mod screenshot;
pub mod secrets;
pub mod snapshot;
mod stopping;
pub mod swarm;
pub mod teardown;
pub mod voice;
pub mod warm;
pub mod witness;
pub mod workbench;
