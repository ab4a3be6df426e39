//! The command line of the server and of whoever speaks to it.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// How the server is started.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Its settings [default: `server.toml` in the state folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only say what would keep it from its work: settings, secrets, forges, clocks
    #[arg(long)]
    pub check: bool,
}

/// What is said to a running server.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// What.
    #[command(subcommand)]
    pub verb: ServerVerb,
}

/// What can be said to a running server.
#[derive(Debug, Subcommand)]
pub enum ServerVerb {
    /// Say how everything stands: runs, queue, reports, repositories; or what came of one comment
    Status(StatusArgs),
    /// Start no new run; requests are still taken in
    Pause,
    /// Start runs again
    Resume,
    /// Start no new run, because the server is to end
    Drain(DrainArgs),
    /// End a job
    Cancel {
        /// Its number
        job: i64,
    },
    /// Do a job that ended once more; its comment shows the new run
    Retry {
        /// Its number
        job: i64,
    },
    /// Look after a repository from now on
    Enrol {
        /// The repository
        #[arg(value_name = "OWNER/NAME")]
        repository: String,
        /// The forge's name in the settings, if there are several
        #[arg(long, value_name = "NAME")]
        forge: Option<String>,
    },
    /// Say what a person has to see to
    Alerts,
    /// Write all that the server knows into one file, while it works or not; secrets and copies of repositories are not in it
    Backup {
        /// The file
        file: PathBuf,
        /// With the folders of the runs that are over
        #[arg(long)]
        runs: bool,
    },
    /// Make an empty state folder what it was when the file was written
    Restore {
        /// The file
        file: PathBuf,
    },
}

/// What is to be told.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The address of a comment on its forge: say what came of it; the exit code is that of its run's verdict
    #[arg(value_name = "COMMENT-URL")]
    pub comment: Option<String>,
    /// Come back once nothing more becomes of that comment
    #[arg(long, requires = "comment")]
    pub wait: bool,
}

/// How a server is drained.
#[derive(Debug, Args)]
pub struct DrainArgs {
    /// Come back once no run goes on any more
    #[arg(long)]
    pub wait: bool,
}
