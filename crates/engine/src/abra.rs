//! Deploys by way of the `abra` command, the operators' own tool (SWARM-1), behind the same door as Docker alone.
//!
//! Each run has an `ABRA_DIR` of its own: an environment file for the one app, a clone of the recipe at the commit that is
//! deployed, and the override in that clone. `abra` writes the app's labels and environment, makes its secrets, hands the
//! stack to the engine and takes it down; waits, checks and what is left at the end stay with cc-ci.
//!
//! Marks such as (S4) say where a habit of `abra` is known from: see `docs/guide/abra.md`, Sources.

mod command;
mod home;
mod operate;

use crate::docker::EngineAddress;
use crate::git::{GitError, Repository};
use crate::process::ProcessError;
use crate::swarm::Operate;
use cc_ci_model::ids::{Commit, Domain, RecipeName};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::abra::opinion::SecondOpinion;
use cc_ci_recipe::abra::version::{AbraVersion, AbraVersionError};
use command::Failure;
use home::Home;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long one command of `abra` may take when nothing else is said: handing over a stack, not waiting for it.
pub const LIMIT: Duration = Duration::from_secs(120);

/// How long a command at the end of a run may take; what it leaves is removed by force.
const LAST_CALL: Duration = Duration::from_secs(30);

/// Which `abra`, and how long one command of it may take.
#[derive(Debug, Clone)]
pub struct Program {
    /// A name to look up in `PATH`, or an absolute path.
    pub path: OsString,
    /// The limit of each command.
    pub limit: Duration,
}

/// What is deployed.
#[derive(Debug)]
pub struct Site {
    /// The run's own `ABRA_DIR`, which is made.
    pub folder: PathBuf,
    /// The recipe's name.
    pub recipe: RecipeName,
    /// The app's domain, which is its name for `abra`.
    pub domain: Domain,
    /// Where the recipe's clone is made from.
    pub repository: Repository,
    /// The trees that may be deployed, head last.
    pub trees: Vec<AbraTree>,
    /// The operator's copy of the catalogue, if there is one.
    pub catalogue: Option<PathBuf>,
}

/// A tree that may be deployed.
#[derive(Debug)]
pub struct AbraTree {
    /// Where the run has it checked out, by which it is recognized.
    pub folder: PathBuf,
    /// Its commit.
    pub commit: Commit,
    /// The recipe read from it.
    pub recipe: Recipe,
}

/// Why `abra` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AbraError {
    /// It could not be run, or failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It is too old, or something else of that name.
    #[error(transparent)]
    Version(#[from] AbraVersionError),
    /// The clone could not be made.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Its folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Asks a program for its version; an error when there is none, or when it is too old to be driven.
pub async fn version(
    program: &Program,
    address: &EngineAddress,
    cancel: &CancellationToken,
) -> Result<AbraVersion, AbraError> {
    let command = command::bare(program, address).arg("--version").deadline(program.limit.min(Duration::from_secs(20)));
    let output = crate::process::run(&command, cancel).await?.require_success(&command)?;
    Ok(AbraVersion::read(&output.stdout_text())?)
}

/// The deployer `abra`.
#[derive(Clone)]
pub struct Abra(Arc<Deployer>);

struct Deployer {
    swarm: Arc<dyn Operate>,
    address: EngineAddress,
    program: Program,
    version: AbraVersion,
    home: Home,
    /// How far the app has come; held for as long as a command runs, because they all work on one clone.
    app: tokio::sync::Mutex<Progress>,
    transcript: Mutex<String>,
}

/// How far the app has come.
#[derive(Debug, Default)]
struct Progress {
    /// The tree that clone and environment file are of.
    staged: Option<PathBuf>,
    /// Whether `abra` was told to make secrets.
    secrets: bool,
    /// Whether `abra` was told to deploy.
    deployed: bool,
}

impl Abra {
    /// Makes the run's `ABRA_DIR` with the clone at head.
    pub async fn open(
        swarm: Arc<dyn Operate>,
        address: EngineAddress,
        program: Program,
        version: AbraVersion,
        site: Site,
    ) -> Result<Self, AbraError> {
        let home = Home::make(site).await?;
        let (app, transcript) = (tokio::sync::Mutex::default(), Mutex::default());
        Ok(Self(Arc::new(Deployer { swarm, address, program, version, home, app, transcript })))
    }

    /// What `abra recipe lint` says about head. The clone must be as [`Abra::open`] left it: rules look at files that are
    /// in no commit, too (S4).
    pub async fn lint(&self) -> SecondOpinion {
        let version = self.0.version.to_string();
        let recipe = self.0.home.recipe().to_owned();
        // `-C` keeps it from checking out another commit, `-o` from fetching tags from an origin that may ask for a password.
        match self.0.call(&["recipe", "lint", "-n", "-o", "-C", &recipe]).await {
            Ok(said) => SecondOpinion::read(&version, &said),
            Err(Failure::Said { text, .. }) => SecondOpinion::NotGiven { version, why: text },
            Err(Failure::Process(error)) => SecondOpinion::NotGiven { version, why: error.to_string() },
        }
    }

    /// Every command so far and what it said; secrets may be in it.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.0.transcript.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
