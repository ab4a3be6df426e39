//! The words of `cc-ci warm`.

use super::operator::OperatorArgs;
use clap::{Args, Subcommand};

/// What to do about warm providers.
#[derive(Debug, Args)]
pub struct WarmArgs {
    /// What.
    #[command(subcommand)]
    pub verb: WarmVerb,
}

/// What can be done about warm providers.
#[derive(Debug, Subcommand)]
pub enum WarmVerb {
    /// Deploy a provider at its newest published version and keep it, for runs to share
    Up(WarmUpArgs),
    /// Remove a warm provider with all its data
    Down(WarmDownArgs),
    /// Say which are up, and whether they are healthy
    List,
}

/// Which provider is brought up.
#[derive(Debug, Args)]
pub struct WarmUpArgs {
    /// The recipe's name
    pub recipe: String,
    /// What the operator says about it.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// Which provider is taken down.
#[derive(Debug, Args)]
pub struct WarmDownArgs {
    /// The recipe's name
    pub recipe: String,
}
