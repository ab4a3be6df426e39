//! From a request to a finished run. `cc-ci run`, `warm`, `clean` and `bench floor` are thin commands on top of it; a program
//! that starts runs in its own process uses [`session::Session`].
//!
//! The modules stand in reading order, and each uses only those before it.

pub mod checkout;
pub mod cleanup;
pub mod clock;
pub mod closing;
pub mod credentials;
pub mod deployer;
pub mod doctor;
pub mod error;
pub mod floor;
pub mod ledgers;
pub mod lint;
pub mod others;
pub mod outcome;
pub mod pictures;
pub mod prepare;
pub mod readiness;
pub mod reaper;
pub mod request;
pub mod session;
pub mod stored;
pub mod warm;
pub mod world;
