//! The command line: the only place that reads arguments and the environment.

use crate::error::{Kind, UserError};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Tests a Co-op Cloud recipe: install, upgrade, backup, restore and its own tests, on a real Docker Swarm, in one deploy.
#[derive(Debug, Parser)]
#[command(name = "cc-ci", version, about, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Folder for everything cc-ci keeps: runs, copies of repositories, locks
    /// [default: $XDG_STATE_HOME/cc-ci or ~/.local/state/cc-ci]
    #[arg(long, global = true, env = "CC_CI_STATE", value_name = "DIR", hide_env_values = true)]
    pub state: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    /// The state folder, absolute.
    pub fn state(&self) -> Result<PathBuf, UserError> {
        let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let chosen = self.state.clone().filter(|dir| !dir.as_os_str().is_empty());
        let dir = chosen
            .or_else(|| from("XDG_STATE_HOME").map(|dir| dir.join("cc-ci")))
            .or_else(|| from("HOME").map(|home| home.join(".local/state/cc-ci")))
            .ok_or_else(|| UserError::new(Kind::Usage, "there is no folder for state").hint("give --state DIR"))?;
        std::path::absolute(&dir)
            .map_err(|source| UserError::new(Kind::Usage, format!("cannot use {}: {source}", dir.display())))
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Look at this machine and say what a run would need; with --fix, put it right
    Doctor(DoctorArgs),
}

/// What to look at and whether to act.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Put right what is not, announcing each step first
    #[arg(long)]
    pub fix: bool,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}
