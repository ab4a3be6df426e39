//! The product on a real engine, as a user sees it: the built program on one side, `docker` on the other.
//!
//! Runs only with `CC_CI_REAL=1`, and then fails when there is no engine; the long tables want `CC_CI_LONG=1` as well. The
//! recipes are those that `make recipes` assembles in the state folder.

#![expect(clippy::disallowed_methods, reason = "a test drives programs from outside, not through the product")]
#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

mod abra;
mod budget;
mod canary;
mod dependencies;
mod engine;
mod green;
mod guide;
mod hooks;
mod host;
mod killed;
mod matrix;
mod mutant;
mod pictures;
mod product;
mod reaped;
mod sandbox;
mod settings;
mod zero_config;

#[path = "../stand-in/wrapper.rs"]
mod wrapper;
