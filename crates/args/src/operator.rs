//! What an operator says about a recipe that a command brings up by itself.

use crate::registries::RegistryArgs;
use cc_ci_runner::request::Request;
use clap::Args;
use std::path::PathBuf;

/// What an operator says about a recipe that is brought up.
#[derive(Debug, Args)]
pub struct OperatorArgs {
    /// The catalogue with what is said about it [default: `catalogue` in the state folder]
    #[arg(long, value_name = "DIR")]
    pub catalogue: Option<PathBuf>,
    /// What it may ask for beyond its own containers and volumes [default: `policy.toml` in the state folder]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
}

impl OperatorArgs {
    /// What is asked of a recipe by these words alone.
    #[must_use]
    pub fn request(&self, recipe: &str) -> Request {
        Request { catalogue: self.catalogue.clone(), policy: self.policy.clone(), ..Request::of(recipe) }
    }
}
