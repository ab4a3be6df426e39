//! The words of `cc-ci run` and `cc-ci plan`.

use crate::deployer::DeployerArgs;
use crate::from::FromArgs;
use crate::quick::QuickArgs;
use crate::recipe::RecipeArgs;
use crate::registries::RegistryArgs;
use crate::value;
use cc_ci_model::ids::RunId;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// What `run` does besides.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Which recipe.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// How much is tried.
    #[command(flatten)]
    pub speed: QuickArgs,
    /// From which versions.
    #[command(flatten)]
    pub from: FromArgs,
    /// Which deployer.
    #[command(flatten)]
    pub deployer: DeployerArgs,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
    /// Leave the app up after the verdict for this long, or until interrupted: `30m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = value::duration, conflicts_with = "from")]
    pub hold: Option<Duration>,
    /// Leave the app up after the verdict until interrupted
    #[arg(long, conflicts_with_all = ["hold", "from"])]
    pub keep: bool,
    /// Print the results as JSON instead of the summary
    #[arg(long)]
    pub json: bool,
    /// The id of the run; no other run may have it; with --from, what the ids of all runs begin with [default: made of the time]
    #[arg(long, value_name = "ID", value_parser = RunId::parse)]
    pub run_id: Option<RunId>,
    /// Write how the run ended into this file, whatever happens; old runs are then left to whoever asked for it
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub outcome: Option<PathBuf>,
    /// Start no reaper: if this process is killed, `cc-ci clean` has to clean up
    #[arg(long, hide = true)]
    pub no_reaper: bool,
}

/// What `plan` prints.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which recipe.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// How much is tried.
    #[command(flatten)]
    pub speed: QuickArgs,
    /// From which versions.
    #[command(flatten)]
    pub from: FromArgs,
    /// Plan for this run: with the same id, everything is called the same
    #[arg(long, value_name = "ID", value_parser = RunId::parse)]
    pub run_id: Option<RunId>,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}
