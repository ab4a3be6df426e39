//! The chosen deployer: Docker alone, or the `abra` command with a folder of its own in the run's.

use crate::error::RunnerError;
use crate::prepare::Prepared;
use crate::request::{Deployer, Places};
use cc_ci_engine::abra::{self, Abra, Program, Site};
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::run::app::App;
use cc_ci_engine::swarm::Doors;
use cc_ci_model::plan::base::Base;
use cc_ci_recipe::abra::opinion::SecondOpinion;
use cc_ci_recipe::abra::version::{AbraVersion, NEWEST, Standing};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The run's own `ABRA_DIR`, beside its checkouts: it holds the app's environment, and goes with them.
pub(crate) const HOME: &str = "abra";

/// The log that keeps what `abra` said.
const LOG: &str = "abra-commands";

/// A deployer that is there and fit to be used.
#[derive(Debug)]
pub enum ChosenDeployer {
    /// Docker alone.
    Swarm,
    /// This `abra`.
    Abra(Program, AbraVersion),
}

/// A deployer at work on one app.
pub(crate) enum AtWork {
    Swarm,
    Abra(Abra),
}

/// Looks whether the wanted deployer can be used, before anything else is done.
pub async fn chosen(
    wanted: &Deployer,
    engine: &EngineAddress,
    cancel: &CancellationToken,
) -> Result<ChosenDeployer, RunnerError> {
    match wanted {
        Deployer::Swarm => Ok(ChosenDeployer::Swarm),
        Deployer::Abra(program) => {
            let version = abra::version(program, engine, cancel).await?;
            Ok(ChosenDeployer::Abra(program.clone(), version))
        }
    }
}

impl ChosenDeployer {
    /// What the record should say of it.
    pub(crate) fn facts(&self) -> Vec<(String, String)> {
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
    pub(crate) async fn open(
        self,
        doors: &Doors,
        engine: &EngineAddress,
        prepared: &Prepared,
        app: &App,
        folder: PathBuf,
        places: &Places,
    ) -> Result<AtWork, RunnerError> {
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
            repository: prepared.head.repository.clone(),
            trees: trees.collect(),
            catalogue: places.abra_catalogue.clone(),
        };
        Ok(AtWork::Abra(Abra::open(Arc::clone(&doors.operate), engine.clone(), program, version, site).await?))
    }
}

impl AtWork {
    /// The doors of the run: where the deployer stands before Docker, it is what changes the swarm.
    pub(crate) fn doors(&self, doors: &Doors) -> Doors {
        match self {
            Self::Swarm => doors.clone(),
            Self::Abra(abra) => Doors { operate: Arc::new(abra.clone()), ..doors.clone() },
        }
    }

    /// What its own lint says about head.
    pub(crate) async fn second_opinion(&self) -> Option<SecondOpinion> {
        match self {
            Self::Swarm => None,
            Self::Abra(abra) => Some(abra.lint().await),
        }
    }

    /// What it said, for the artifacts.
    pub(crate) fn log(&self) -> Option<(String, String)> {
        match self {
            Self::Swarm => None,
            Self::Abra(abra) => Some((LOG.to_owned(), abra.transcript())),
        }
    }
}
