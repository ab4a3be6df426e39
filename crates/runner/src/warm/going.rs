//! One update of a warm provider while it goes on, and the way back from it: what the process that began it does when a step fails,
//! and what another one does after it was killed.

use super::{cannot, voice};
use crate::checkout::TREES;
use crate::clock;
use crate::error::{ErrorKind, RunnerError, chain};
use crate::prepare::Looking;
use crate::prepare::dependencies::{self, DependencyTree};
use crate::prepare::warmth;
use crate::providers::{self, Alert, Became, Record};
use crate::readiness;
use crate::request::{EngineChoice, Request, Say};
use crate::world::{self, Around, world};
use cc_ci_engine::host;
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::run::{Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::snapshot::SnapshotError;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::warm::WarmError;
use cc_ci_engine::warm::updating::{self, Keeping, LaidOut};
use cc_ci_model::ids::{Commit, RecipeName};
use cc_ci_model::redact::Vault;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::warm::steps::{Journal, Mend, Opened, Stage, mend};
use cc_ci_store::borrowing::Alone;
use cc_ci_store::state::StateFolder;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A provider that this process has for itself alone.
pub(super) struct Going<'a> {
    state: &'a StateFolder,
    pub(super) record: Record,
    folder: PathBuf,
    world: World,
    vault: Vault,
    say: Say,
    _alone: Alone,
}

/// What one works with on a provider.
#[derive(Clone, Copy)]
pub(super) struct Tools<'a> {
    pub(super) request: &'a Request,
    pub(super) looking: &'a Looking<'a>,
    pub(super) engine: &'a EngineChoice,
    pub(super) doors: &'a Doors,
    pub(super) cancel: &'a Cancel,
    pub(super) say: &'a Say,
}

/// Which version is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    Old,
    New,
}

/// Why a step did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Warm(#[from] WarmError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Runner(#[from] RunnerError),
}

impl StepError {
    /// The same for whoever asked; `before` stands before it.
    pub(super) fn told(&self, before: &str) -> RunnerError {
        let kind = match self {
            Self::Warm(error) => match error.blame() {
                Blame::Infrastructure => ErrorKind::Infrastructure,
                Blame::Cancelled => ErrorKind::Cancelled,
                Blame::Harness => ErrorKind::Internal,
                Blame::Recipe | Blame::Base | Blame::Dependency | Blame::Test => ErrorKind::Recipe,
            },
            Self::Snapshot(_) => ErrorKind::Infrastructure,
            Self::Runner(error) => {
                return RunnerError { message: format!("{before}{}", error.message), ..error.clone() };
            }
        };
        RunnerError::new(kind, format!("{before}{}", chain(self)))
    }
}

impl<'a> Going<'a> {
    pub(super) async fn open(tools: &Tools<'a>, record: Record, alone: Alone) -> Result<Going<'a>, RunnerError> {
        let Tools { looking, engine, doors, cancel, say, .. } = *tools;
        let state = looking.state;
        let host = host::look(state.root(), (engine.address(), Ok(doors.node.as_ref())), cancel.token()).await;
        let adaptations = readiness::ready(&host)?;
        let folder = providers::folder(state, &record.provider.recipe);
        let ledger = Ledger::resume(&folder);
        let ledger = ledger.map_err(|error| RunnerError::new(ErrorKind::Infrastructure, chain(&error)))?;
        let vault = Vault::default();
        engine.teach(&vault);
        let world = world(Around {
            doors: doors.clone(),
            engine: engine.address(),
            voice: voice(Arc::clone(say), &vault),
            secrets: Secrets::new(vault.clone()),
            keep: world::keep_nothing(),
            ledger,
            folder: &folder,
            adaptations: &adaptations,
            cancel,
            others: Arc::new(|_, _| false),
            alive: Arc::new(|_| false),
        });
        let going = Self { state, record, folder, world, vault, say: Arc::clone(say), _alone: alone };
        going.remove_trees();
        Ok(going)
    }

    pub(super) fn say(&self, text: &str) {
        (self.say)(&format!("{}: {}", self.record.provider.recipe, self.vault.redactor().mask(text)));
    }

    pub(super) fn mask(&self, error: &dyn std::error::Error) -> String {
        self.vault.redactor().mask(&chain(error)).into_owned()
    }

    /// A version of the recipe in the place of the provider, ready to be deployed; and the catalogue's folder for it.
    pub(super) async fn lay_out(
        &self,
        tools: &Tools<'_>,
        which: Which,
        at: (Option<String>, Commit),
    ) -> Result<(LaidOut, Option<PathBuf>), StepError> {
        let needed = dependencies::warm_at(tools.request, tools.looking, &self.record.provider, at).await?;
        let (DependencyTree { planned, tree, .. }, catalogue) = needed;
        let folder = self.folder.join(TREES).join(match which {
            Which::Old => "old",
            Which::New => "new",
        });
        std::fs::create_dir_all(&folder).map_err(|error| cannot("create", &folder, &error))?;
        let tree = tree.check_out(&folder.join("recipe")).await?;
        let laid_out = updating::lay_out(&self.world, &self.record.run, planned, tree, "override.json").await?;
        Ok((laid_out, catalogue))
    }

    /// The version that is up, as it would be deployed again; it is asked what it was asked when it came up.
    pub(super) async fn old(&self, tools: &Tools<'_>) -> Result<LaidOut, StepError> {
        let up = &self.record.provider;
        let at = (up.version.clone(), up.commit.clone());
        let (old, _) = self.lay_out(tools, Which::Old, at).await?;
        Ok(old.asked_as(up.clone()))
    }

    /// Writes down how far the update is, before it goes further.
    pub(super) fn note(&self, new: &LaidOut, stage: Stage) -> Result<(), StepError> {
        let journal = Journal { to: new.planned.clone(), began: clock::now(), stage };
        Ok(self.put_journal(Some(&journal))?)
    }

    fn put_journal(&self, journal: Option<&Journal>) -> Result<(), RunnerError> {
        Ok(providers::put_journal(self.state, &self.record.provider.recipe, journal)?)
    }

    pub(super) async fn stop(&self) -> Result<(), StepError> {
        Ok(self.unless_ended(updating::stop(&self.world, &self.record.provider.stack)).await?)
    }

    pub(super) async fn save(&self) -> Result<Option<Opened>, StepError> {
        Ok(self.unless_ended(updating::save(&self.world, &self.record.run, &self.record.provider.stack)).await?)
    }

    /// What stops and saves does not hear by itself that somebody ends the update.
    async fn unless_ended<T>(&self, work: impl Future<Output = Result<T, SnapshotError>>) -> Result<T, SnapshotError> {
        tokio::select! {
            done = work => done,
            () = self.world.cancel.token().cancelled() => Err(SnapshotError::Refused("it was ended".to_owned())),
        }
    }

    pub(super) async fn redeploy(&self, version: &LaidOut, steady: Duration) -> Result<(), StepError> {
        let Record { run, authority, .. } = &self.record;
        Ok(updating::redeploy(&self.world, run, version, authority, steady).await?)
    }

    /// From here on the new version is what is up.
    pub(super) async fn keep(self, new: LaidOut, catalogue: Option<PathBuf>) -> Result<(), RunnerError> {
        let record = Record { provider: new.planned, catalogue, since: clock::now(), ..self.record.clone() };
        warmth::write(self.state, &record)?;
        providers::put_alert(self.state, &record.provider.recipe, None)?;
        self.forget().await
    }

    /// Nothing is left to mend: what the update made for itself goes, and the note about it last.
    async fn forget(&self) -> Result<(), RunnerError> {
        let tidied = updating::tidy_up(&self.world, &self.record.run, Keeping::Nothing).await;
        tidied.map_err(|error| RunnerError::new(ErrorKind::Infrastructure, chain(&error)))?;
        self.remove_trees();
        self.put_journal(None)
    }

    pub(super) fn remove_trees(&self) {
        // They hold the app's environment. An error here is safe to ignore: who needs the place next says so.
        let _still_there = std::fs::remove_dir_all(self.folder.join(TREES));
    }

    /// Puts right what the journal says. `old` is what was laid out of the old version, if that is known. Whoever ended the update
    /// does not end the way back.
    pub(super) async fn back(
        mut self,
        tools: &Tools<'_>,
        old: Option<LaidOut>,
        why: &str,
    ) -> Result<Back, RunnerError> {
        let recipe = self.record.provider.recipe.clone();
        let Some(journal) = providers::journal(self.state, &recipe)? else { return Ok(Back::Forgotten) };
        self.world = World { cancel: Cancel::default(), ..self.world.clone() };
        let up = &self.record.provider;
        let done = match mend(&journal, (up.version.as_deref(), &up.commit)) {
            Mend::Forget => Ok(Back::Forgotten),
            Mend::StartAgain => self.start_again(tools, old, None).await.map(|()| Back::StartedAgain),
            Mend::Restore(saved) => self.start_again(tools, old, Some(saved)).await.map(|()| Back::RolledBack),
        };
        match done {
            Ok(back) => {
                self.not_broken_any_more(&recipe)?;
                self.forget().await.map(|()| back)
            }
            Err(error) => {
                let alert = self.alert(&journal, Became::Broken(self.mask(&error)), why);
                providers::put_alert(self.state, &recipe, Some(&alert))?;
                self.remove_trees();
                Ok(Back::Broken { alert, by_hand: self.by_hand(&journal) })
            }
        }
    }

    /// What could not be rolled back, and now could, has been.
    fn not_broken_any_more(&self, recipe: &RecipeName) -> Result<(), RunnerError> {
        match providers::alert(self.state, recipe)? {
            Some(Alert { became: Became::Broken(_), at, from, to, why }) => {
                let alert = Alert { at, from, to, why, became: Became::RolledBack };
                Ok(providers::put_alert(self.state, recipe, Some(&alert))?)
            }
            Some(Alert { became: Became::RolledBack, .. }) | None => Ok(()),
        }
    }

    async fn start_again(
        &self,
        tools: &Tools<'_>,
        old: Option<LaidOut>,
        restore: Option<Option<&Opened>>,
    ) -> Result<(), StepError> {
        let run = &self.record.run;
        updating::tidy_up(&self.world, run, Keeping::Snapshot).await.map_err(SnapshotError::from)?;
        let old = match old {
            Some(old) => old,
            None => self.old(tools).await?,
        };
        if let Some(saved) = restore {
            self.say("putting back what the volumes held");
            updating::restore(&self.world, run, &self.record.provider.stack, saved).await?;
        }
        self.say(&format!("deploying {} again", self.record.provider.shown()));
        self.redeploy(&old, Duration::ZERO).await
    }

    pub(super) fn alert(&self, journal: &Journal, became: Became, why: &str) -> Alert {
        let (from, to) = (self.record.provider.shown().to_owned(), journal.to.shown().to_owned());
        Alert { at: clock::now(), from, to, became, why: why.to_owned() }
    }

    /// What a person can do where the way back went wrong.
    fn by_hand(&self, journal: &Journal) -> Vec<String> {
        let (recipe, stack) = (&self.record.provider.recipe, &self.record.provider.stack);
        let data = match &journal.stage {
            Stage::Stopping | Stage::Changing { saved: None } => {
                format!("the volumes of stack {stack} are as the old version left them")
            }
            Stage::Changing { saved: Some(Opened { data, .. }) } => {
                let (volume, folder) = (updating::place(&self.record.run).volume(), self.folder.display());
                format!(
                    "the data of the old version is in docker volume {volume}: restic snapshot {}, password `key` in \
                     {folder}/update.json",
                    data.snapshot
                )
            }
        };
        vec![
            format!("`cc-ci warm update {recipe}` tries to go back again, as often as you like"),
            data,
            format!("`cc-ci warm down {recipe}` removes all of it, data and snapshot included"),
        ]
    }
}

/// What became of an update that did not come to its end.
#[derive(Debug)]
pub enum Back {
    /// There was nothing to do, but for the note about it.
    Forgotten,
    /// The old version is up again; nothing had touched its data.
    StartedAgain,
    /// The old version is up again, and has the data that it had.
    RolledBack,
    /// It is not.
    Broken {
        /// What is written down about it.
        alert: Alert,
        /// What a person can do.
        by_hand: Vec<String>,
    },
}
