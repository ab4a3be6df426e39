//! The server: a comment on a pull request becomes a run, and the run an answer, whoever restarts what in between.

mod command;
mod decide;
mod points;
mod watched;

mod db;
mod machine;
mod words;

mod child;
mod mirror;

mod place;

mod core;
mod known;
mod tell;
mod trouble;

mod deliver;
mod forget;
mod intake;
mod poll;
mod queue;

mod board;
mod control;
mod hook;
mod server;

mod backup;

pub use backup::{BackupError, RunsIn, backup, restore};
pub use control::{Ask, RequestStands, Told, ask};
pub use core::{KnownForge, Pace, RunProgram, RunsKept, ServerLog, now as clock};
pub use db::DbError;
pub use known::KnownForgeError;
pub use place::PlaceError;
pub use points::{Point, Points};
pub use server::{RunningServer, ServerError, ServerPlan};
