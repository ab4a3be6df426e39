//! Which deployer, and how it is called.

use crate::value;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// How the app is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeployerName {
    /// With Docker alone.
    Swarm,
    /// With the `abra` command.
    Abra,
}

/// Which deployer, and how `abra` is called when it is that one.
#[derive(Debug, Args)]
pub struct DeployerArgs {
    /// What deploys the app
    #[arg(long, value_enum, default_value_t = DeployerName::Swarm)]
    pub deployer: DeployerName,
    /// The `abra` program, for --deployer abra [default: the one in PATH]
    #[arg(long, value_name = "FILE")]
    pub abra: Option<PathBuf>,
    /// How long one command of abra may take: it hands the stack over and waits for nothing [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = value::duration)]
    pub abra_limit: Option<Duration>,
}
