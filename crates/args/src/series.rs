//! What every command is told that makes several runs.

use clap::Args;

/// How a series of runs is shown and watched over.
#[derive(Debug, Args)]
pub struct SeriesArgs {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Start no reapers: if this process is killed, `cc-ci clean` has to clean up
    #[arg(long, hide = true)]
    pub no_reaper: bool,
}
