//! The chosen deployer: Docker alone, or the `abra` command with a folder of its own in the run's.

use crate::args::{self, Deployer, DeployerArgs};
use crate::error::{Kind, UserError};
use crate::prepare::Prepared;
use cc_ci_engine::abra::{self, Abra, Program, Site};
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::run::app::App;
use cc_ci_engine::swarm::Doors;
use cc_ci_model::plan::base::Base;
use cc_ci_recipe::abra::opinion::SecondOpinion;
use cc_ci_recipe::abra::version::{AbraVersion, NEWEST, Standing};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The run's own `ABRA_DIR`, beside its checkouts: it holds the app's environment, and goes with them.
pub(super) const HOME: &str = "abra";

/// The log that keeps what `abra` said.
const LOG: &str = "abra-commands";

/// A deployer that is there and fit to be used.
#[derive(Debug)]
pub(in crate::commands) enum Chosen {
    /// Docker alone.
    Swarm,
    /// This `abra`.
    Abra(Program, AbraVersion),
}

/// A deployer at work on one app.
pub(super) enum AtWork {
    Swarm,
    Abra(Abra),
}

/// Looks whether the chosen deployer can be used, before anything else is done.
pub(in crate::commands) async fn chosen(
    args: &DeployerArgs,
    engine: &EngineAddress,
    cancel: &CancellationToken,
) -> Result<Chosen, UserError> {
    match args.deployer {
        Deployer::Swarm if args.abra.is_some() || args.abra_limit.is_some() => {
            Err(UserError::new(Kind::Usage, "--abra and --abra-limit are for another deployer")
                .hint("add --deployer abra"))
        }
        Deployer::Swarm => Ok(Chosen::Swarm),
        Deployer::Abra => {
            let program = program(args)?;
            let version = abra::version(&program, engine, cancel).await?;
            Ok(Chosen::Abra(program, version))
        }
    }
}

fn program(args: &DeployerArgs) -> Result<Program, UserError> {
    let limit = args.abra_limit.unwrap_or(abra::LIMIT);
    let Some(file) = &args.abra else { return Ok(Program { path: OsString::from("abra"), limit }) };
    // Its commands run in another folder.
    let path = std::path::absolute(file)
        .map_err(|error| UserError::new(Kind::Usage, format!("cannot use {}: {error}", file.display())))?;
    Ok(Program { path: path.into(), limit })
}

impl Chosen {
    /// What the record should say of it.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        match self {
            Self::Swarm => Vec::new(),
            Self::Abra(_, version) => {
                let (major, minor) = NEWEST;
                let text = match version.standing() {
                    Standing::Known => format!("abra {version}"),
                    Standing::Newer => format!("abra {version}, newer than the {major}.{minor} that cc-ci knows of"),
                };
                vec![("deployer".to_owned(), text)]
            }
        }
    }

    /// Makes it ready to deploy the trees that were checked out.
    pub(super) async fn open(
        self,
        doors: &Doors,
        engine: &EngineAddress,
        prepared: &Prepared,
        app: &App,
        folder: PathBuf,
    ) -> Result<AtWork, UserError> {
        let (program, version) = match self {
            Self::Swarm => return Ok(AtWork::Swarm),
            Self::Abra(program, version) => (program, version),
        };
        let plan = &prepared.approved.plan;
        let base_commit = match &plan.base {
            Base::Published { commit, .. } | Base::Commit { commit, .. } => Some(commit),
            Base::Head { .. } => None,
        };
        let base = app.base.as_ref().zip(base_commit);
        let trees = base.into_iter().chain([(&app.head, &plan.head)]).map(|(tree, commit)| abra::AbraTree {
            folder: tree.folder.clone(),
            commit: commit.clone(),
            recipe: tree.recipe.clone(),
        });
        let site = Site {
            folder,
            recipe: plan.recipe.clone(),
            domain: plan.domain.clone(),
            repository: prepared.repository.clone(),
            trees: trees.collect(),
            catalogue: args::abra_catalogue(),
        };
        Ok(AtWork::Abra(Abra::open(Arc::clone(&doors.operate), engine.clone(), program, version, site).await?))
    }
}

impl AtWork {
    /// The doors of the run: where the deployer stands before Docker, it is what changes the swarm.
    pub(super) fn doors(&self, doors: &Doors) -> Doors {
        match self {
            Self::Swarm => doors.clone(),
            Self::Abra(abra) => Doors { operate: Arc::new(abra.clone()), ..doors.clone() },
        }
    }

    /// What its own lint says about head.
    pub(super) async fn second_opinion(&self) -> Option<SecondOpinion> {
        match self {
            Self::Swarm => None,
            Self::Abra(abra) => Some(abra.lint().await),
        }
    }

    /// What it said, for the artifacts.
    pub(super) fn log(&self) -> Option<(String, String)> {
        match self {
            Self::Swarm => None,
            Self::Abra(abra) => Some((LOG.to_owned(), abra.transcript())),
        }
    }
}
