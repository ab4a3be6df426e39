//! The words of `cc-ci canonical`.

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
    /// Remove everything that is kept of a recipe
    Drop(CanonicalName),
}

/// Whose canonical.
#[derive(Debug, Args)]
pub struct CanonicalName {
    /// The recipe's name
    pub recipe: String,
}
