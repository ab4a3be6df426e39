//! Remembers runs: folders, records, retention.
//!
//! A run's folder is written by a [`recorder::Recorder`] while the run goes on and by [`artifacts`] when it is over;
//! [`replay`] reads it back, and judging what it reads gives the verdict the run had. [`mod@follow`] reads it while it grows.

pub mod artifacts;
pub mod borrowing;
pub mod canonicals;
pub mod dead;
pub mod follow;
pub mod kept;
pub mod leaks;
pub mod life;
pub mod recorder;
pub mod replay;
pub mod reservations;
pub mod retention;
pub mod run_dir;
pub mod series_dir;
pub mod serving;
pub mod state;
pub mod stored;
pub mod sweeps;
pub mod whole;

pub use follow::follow;
pub use life::life;
