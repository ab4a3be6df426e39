//! The words of `cc-ci canonical`.

use super::RegistryArgs;
use cc_ci_runner::request::Request;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do about canonicals.
#[derive(Debug, Args)]
pub struct CanonicalArgs {
    /// What.
    #[command(subcommand)]
    pub verb: CanonicalVerb,
}

/// What can be done about canonicals.
#[derive(Debug, Subcommand)]
pub enum CanonicalVerb {
    /// Say which recipes have one
    List,
    /// Show everything that is kept of a recipe
    Show(CanonicalName),
    /// Bring the newest one of a recipe back into an empty place, start it, ask it, and remove everything again (1 deploy)
    Verify(VerifyArgs),
    /// Remove everything that is kept of a recipe
    Drop(CanonicalName),
}

/// Whose canonical.
#[derive(Debug, Args)]
pub struct CanonicalName {
    /// The recipe's name
    pub recipe: String,
}

/// Whose canonical is brought back, and what its recipe is read with.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A folder with the recipe's repository, a URL, or the recipe's name
    pub recipe: String,
    /// The catalogue with what is said about it [default: `catalogue` in the state folder]
    #[arg(long, value_name = "DIR")]
    pub catalogue: Option<PathBuf>,
    /// What it may ask for beyond its own containers and volumes [default: `policy.toml` in the state folder]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
    /// Print the results as JSON instead of the summary
    #[arg(long)]
    pub json: bool,
    /// Start no reaper: if this process is killed, `cc-ci clean` has to clean up
    #[arg(long, hide = true)]
    pub no_reaper: bool,
}

impl VerifyArgs {
    /// The recipe, and what it is read with.
    #[must_use]
    pub fn request(&self) -> Request {
        Request { catalogue: self.catalogue.clone(), policy: self.policy.clone(), ..Request::of(&self.recipe) }
    }
}
