//! From a request to a finished run. `cc-ci run`, `warm`, `clean`, `doctor` and `bench floor` are thin commands on top of it; a
//! program that starts runs in its own process uses [`session::Session`].
//!
//! The modules stand in reading order, in groups: each uses only those of groups before its own.

pub mod error;
pub mod ledgers;
pub mod providers;
pub mod request;

pub mod clock;
pub mod credentials;
pub mod outcome;
pub mod pictures;
pub mod prepare;
pub mod readiness;
pub mod stored;

pub mod canonicals;
pub mod checkout;
pub mod closing;
pub mod deployer;
pub mod lint;
pub mod others;
pub mod world;

mod admission;
pub mod lending;

pub mod doctor;
pub mod floor;
pub mod warm;

pub mod cleanup;

pub mod reaper;

mod promotion;
pub mod session;

pub mod series;

pub mod bisect;
pub mod soak;
pub mod sweep;
pub mod upgrades;
