//! The words of `cc-ci warm`.

use crate::operator::OperatorArgs;
use crate::value;
use clap::{Args, Subcommand};
use std::time::Duration;

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
    /// Move providers to the newest published versions of their recipes, and back where one does not stay healthy
    ///
    /// An update to another major version, or past a release note, is held: it says what to read, and goes on with `--to`. Whoever uses
    /// a provider is waited for, and runs that begin meanwhile bring up their own. The volumes are saved before, and put back where the
    /// new version does not stay healthy. An update that was killed is put right by the next one, by `warm up` and by `clean`.
    #[command(after_help = UPDATE_CODES)]
    Update(WarmUpdateArgs),
    /// Say which are up and at which version, whether they are healthy, and what an update would come to
    List,
}

/// What `warm update` answers.
const UPDATE_CODES: &str = "Exit codes: 0 every one is up to date or was updated, 14 one is held, 13 one was rolled back, 15 one could not be \
    rolled back; of several the worst. All codes: docs/reference/exit-codes.md";

/// Which provider is brought up.
#[derive(Debug, Args)]
pub struct WarmUpArgs {
    /// The recipe's name
    pub recipe: String,
    /// What the operator says about it.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// Which providers are updated, and how.
#[derive(Debug, Args)]
pub struct WarmUpdateArgs {
    /// The recipes' names [default: every provider that is up]
    pub recipes: Vec<String>,
    /// Update one provider to this published version, whatever holds it: you have read what there is to read
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// How long to wait for runs that use a provider
    #[arg(long, value_name = "TIME", value_parser = value::duration, default_value = "1h")]
    pub wait: Duration,
    /// How long the new version has to stay healthy before it is kept
    #[arg(long, value_name = "TIME", value_parser = value::duration, default_value = "65s")]
    pub healthy_for: Duration,
    /// What the operator says about them.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// Which provider is taken down.
#[derive(Debug, Args)]
pub struct WarmDownArgs {
    /// The recipe's name
    pub recipe: String,
}
