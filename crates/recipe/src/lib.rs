//! What a Co-op Cloud recipe says: its texts read, checked, compared and rendered, without touching the world.
//!
//! [`Recipe::read`] turns the files of a recipe into what would be deployed. [`requests::requests`] lists what it asks for
//! that is not its own, [`lint::lint`] what is wrong with it. [`overlay::Overlay`] writes a compose override with labels and
//! pinned images, and [`crosscheck::differences`] holds our reading against that of `docker stack config`. [`abra`] reads
//! what that command prints.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod source;

mod letters;
mod scalar;
pub mod shell;
pub(crate) mod yaml;

pub mod abra_sh;
mod app_environment;
pub mod compose;
pub mod env_sample;
pub mod in_place;
pub mod interpolate;
pub mod reserved;

pub mod backup;
pub mod database;
pub mod oneshot;
pub mod secrets;
pub mod traefik;
pub mod version;

mod recipe;

pub mod content;
pub mod opening;
pub mod operator;
pub mod overlays;
pub mod peers;
pub mod reboot;
pub mod requests;
pub mod resources;
pub mod rule;

pub mod abra;
pub mod lint;

pub mod overlay;

pub mod crosscheck;

pub use app_environment::AppEnvironment;
pub use recipe::{ConfigSpec, DEFAULT_TIMEOUT, EngineName, Environment, Recipe, stack_name};

/// The example of the README, kept true by running it.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
