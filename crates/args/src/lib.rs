//! The command line of cc-ci as types, and the one place that reads arguments and environment.
//!
//! [`Cli`] is what a line is parsed into; the program, the pages of the manual, completions for shells and the reference of the
//! command line are all made from it. Each module holds the words of one command and turns them into what the runner takes.

pub mod bench;
pub mod bisect;
pub mod canonical;
pub mod deployer;
pub mod environment;
pub mod from;
pub mod lint;
pub mod machine;
pub mod operator;
pub mod quick;
pub mod recipe;
pub mod registries;
pub mod request;
pub mod run;
pub mod selftest;
pub mod series;
pub mod serving;
pub mod soak;
pub mod stored;
pub mod sweep;
pub mod trust;
pub mod upkeep;
pub mod value;
pub mod warm;
pub mod words;

use bench::BenchArgs;
use bisect::{BISECT_CODES, BisectArgs};
use canonical::CanonicalArgs;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_store::state::StateFolder;
use clap::{Parser, Subcommand};
use environment::variable;
use lint::{LINT_CODES, LintArgs};
use run::{PlanArgs, RunArgs};
use selftest::SelftestArgs;
use serving::{ServeArgs, ServerArgs};
use soak::{SOAK_CODES, SoakArgs};
use std::path::PathBuf;
use stored::{ReportArgs, StoredArgs};
use sweep::{SWEEP_CODES, SweepArgs};
use upkeep::{CleanArgs, DoctorArgs, ReapArgs};
use warm::WarmArgs;

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
    /// The state folder.
    pub fn state(&self) -> Result<StateFolder, RunnerError> {
        let from = |name: &str| variable(name).map(PathBuf::from);
        let chosen = self.state.clone().filter(|dir| !dir.as_os_str().is_empty());
        let dir = chosen
            .or_else(|| from("XDG_STATE_HOME").map(|dir| dir.join("cc-ci")))
            .or_else(|| from("HOME").map(|home| home.join(".local/state/cc-ci")))
            .ok_or_else(|| {
                RunnerError::new(ErrorKind::Usage, "there is no folder for state").hint("give --state DIR")
            })?;
        Ok(StateFolder::open(&dir)?)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Test a recipe: one deploy, five tiers, a verdict, and nothing left behind
    Run(Box<RunArgs>),
    /// Say what a run would do and why, without touching Docker
    Plan(Box<PlanArgs>),
    /// Say what is wrong with a recipe's files, without network and without Docker
    #[command(after_help = LINT_CODES)]
    Lint(LintArgs),
    /// Give the verdict on a stored run again, from its events alone
    Judge(StoredArgs),
    /// Draw the reports of a stored run again
    Report(ReportArgs),
    /// Clean up after a run whose process dies
    #[command(hide = true)]
    Reap(ReapArgs),
    /// Remove what runs that died left on the engine, and nothing else
    Clean(CleanArgs),
    /// Keep providers up that runs share: bring one up, take it down, list them
    Warm(WarmArgs),
    /// Look after known-good apps, which green runs of published versions leave
    Canonical(CanonicalArgs),
    /// Name the first commit between a good one and a bad one at which a tier fails, with at most log2(commits) + 1 runs
    #[command(after_help = BISECT_CODES)]
    Bisect(Box<BisectArgs>),
    /// Run the same commit many times and say what each check comes to: what is flaky, and how far times lie apart
    #[command(after_help = SOAK_CODES)]
    Soak(Box<SoakArgs>),
    /// Test many recipes at their newest published versions; what several of them need is brought up once, and what has not changed since
    /// its last run is not run again
    #[command(after_help = SWEEP_CODES)]
    Sweep(Box<SweepArgs>),
    /// Measure cc-ci itself
    Bench(BenchArgs),
    /// Look at this machine and say what a run would need; with --fix, put it right
    Doctor(DoctorArgs),
    /// Answer comments on pull requests by runs, until told to end; runs that go on then go on without it
    Serve(ServeArgs),
    /// Speak to the running server: how it stands, pause, resume, drain, cancel, retry, enrol, alerts
    Server(ServerArgs),
    /// Try cc-ci itself: known recipes, broken and sound, each with the answer that is right for it
    Selftest(SelftestArgs),
    /// Write pages of the manual and completions for shells into a folder; packages are made with them
    Manual {
        /// The folder; it is made
        folder: PathBuf,
    },
}
