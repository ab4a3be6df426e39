//! The words of `cc-ci canonical`.

use crate::operator::OperatorArgs;
use clap::{Args, Subcommand};

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
    /// What the operator says about it.
    #[command(flatten)]
    pub operator: OperatorArgs,
    /// Print the results as JSON instead of the summary
    #[arg(long)]
    pub json: bool,
    /// Start no reaper: if this process is killed, `cc-ci clean` has to clean up
    #[arg(long, hide = true)]
    pub no_reaper: bool,
}
