//! The words of `cc-ci reap`, `clean` and `doctor`.

use crate::deployer::DeployerArgs;
use crate::registries::RegistryArgs;
use clap::Args;
use std::path::PathBuf;

/// Which run is watched over.
#[derive(Debug, Args)]
pub struct ReapArgs {
    /// The run's folder
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
}

/// What to clean.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Only say what would be cleaned
    #[arg(long)]
    pub dry_run: bool,
}

/// What to look at and whether to act.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Put right what is not, announcing each step first
    #[arg(long)]
    pub fix: bool,
    /// The checkout of cc-ci whose images --fix builds; never the current folder by itself [default: the one that this
    /// program was built from]
    #[arg(long, value_name = "FOLDER", requires = "fix")]
    pub sources: Option<PathBuf>,
    /// For runs with which deployer: with `abra`, that command is looked at too.
    #[command(flatten)]
    pub deployer: DeployerArgs,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}
