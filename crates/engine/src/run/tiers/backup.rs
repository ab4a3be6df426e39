//! The backup tier: seed, hooks, snapshot, and what the snapshot holds (TIER-backup, BAK-1 to BAK-3).

use super::{Fault, Stage, StepEnd};
use crate::backup::places::{self, Stock};
use crate::backup::{self, BackupEnd, BackupRepository, Context, Snapshot, hooks, verify};
use crate::data::{self, MarkerPhase, MarkerPlace, Seeded, index, sqlite};
use crate::run::conductor::{failed_if, passed};
use crate::swarm::SwarmError;
use crate::workbench::Workbench;
use cc_ci_model::convergence::Update;
use cc_ci_model::data::DataIndex;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::plan::step::Action;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::backup::{Backup, BackupSpec};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the engine is asked whether it still updates something.
const LOOK: Duration = Duration::from_millis(50);

/// A backup, and what it has to bring back.
pub(super) struct Saved {
    pub(super) repository: BackupRepository,
    pub(super) snapshot: Snapshot,
    pub(super) seeded: Seeded,
    pub(super) index: DataIndex,
    pub(super) spec: BackupSpec,
}

/// What is there before the snapshot is taken.
struct Prepared {
    seeded: Seeded,
    index: DataIndex,
    repository: BackupRepository,
}

impl Stage<'_> {
    /// Backs the app up; what comes of it can be restored.
    pub(super) async fn backup(&mut self) -> Result<Option<Saved>, SwarmError> {
        let Backup::Capable(spec) = self.app.head.recipe.backup.clone() else { return Ok(None) };
        let bench = self.bench().await;
        let (mut seeding, quiet) = (None, CancellationToken::new());
        // Swarm goes on watching its update for some seconds: markers and the repository are made meanwhile.
        let settled = async {
            let settled = self.settled().await;
            quiet.cancel();
            settled
        };
        let seeded = Box::pin(self.seed_before_backup(&spec, bench, &quiet, &mut seeding));
        let (settled, _) = tokio::join!(settled, seeded);
        if !settled.may_go_on() {
            return Ok(None);
        }
        let hooked = self.hooks(HookTime::PreBackup).await;
        self.compare_specs().await?;
        let (Some(Prepared { seeded, index, repository }), true) = (seeding, hooked.may_go_on()) else {
            return Ok(None);
        };
        let mut taken = None;
        self.snapshot(&spec, &repository, &mut taken).await;
        let Some(snapshot) = taken else { return Ok(None) };
        let saved = Saved { repository, snapshot, seeded, index, spec };
        self.complete(&saved).await;
        self.verified().await;
        self.hooks(HookTime::BackupVerify).await;
        self.compare_specs().await?;
        self.own_tests(Tier::Backup, "").await;
        Ok(Some(saved))
    }

    /// Waits until no service is updating and the databases answer (BAK-3).
    async fn settled(&self) -> StepEnd {
        let conductor = self.conductor.clone();
        let limit = Duration::from_secs(self.plan.limits.converge);
        let work = async {
            let started = Instant::now();
            loop {
                let view = self.observe.stack(&self.plan.stack).await?;
                let updating = view.services.iter().find(|service| match service.update {
                    Update::Updating | Update::RollbackStarted => true,
                    Update::None
                    | Update::Paused
                    | Update::Completed
                    | Update::RollbackPaused
                    | Update::RollbackCompleted => false,
                });
                let Some(service) = updating else { break };
                if started.elapsed() >= limit {
                    let summary = format!("Swarm still updates `{}` after {} s", service.name, limit.as_secs());
                    let finding = Finding::new(Cause::NeverHealthy, summary).of_service(&service.name);
                    return Ok(Outcome::Failed(finding));
                }
                tokio::time::sleep(LOOK).await;
            }
            self.databases_ready().await
        };
        conductor.step(Tier::Backup, "settled", work).await
    }

    /// Whether each recognised database answers.
    pub(super) async fn databases_ready(&self) -> Result<Outcome, Fault> {
        for place in self.app.head.recipe.databases.iter().filter_map(MarkerPlace::of) {
            if let Err(refusal) = data::ready(&self.world.doors.containers(), &self.plan.stack, &place).await? {
                let summary = format!("{} does not answer: {refusal}", place.name());
                return Ok(Outcome::Failed(Finding::new(Cause::NeverHealthy, summary).of_service(place.service())));
            }
        }
        Ok(Outcome::Passed { note: None })
    }

    /// Puts markers in; looks at the volumes once everything is `quiet`, so that little lies between that and the snapshot.
    async fn seed_before_backup(
        &self,
        spec: &BackupSpec,
        bench: Result<Workbench, Fault>,
        quiet: &CancellationToken,
        into: &mut Option<Prepared>,
    ) -> StepEnd {
        let work = async {
            let bench = bench?;
            let stack = &self.plan.stack;
            let promises = match backup::promises(spec) {
                Ok(promises) => promises,
                Err(finding) => return Ok(Outcome::Failed(finding)),
            };
            let mounts = self.observe.mounts(stack).await?.volumes;
            let files = sqlite::find(&bench, &mounts).await?;
            let stock = Stock { mounts: &mounts, databases: &self.app.head.recipe.databases, files: &files };
            let chosen = places::for_backup(spec, &promises, stock);
            let seeding = data::seed(&bench, stack, MarkerPhase::Backup, &chosen.places).await?;
            let repository = BackupRepository::make(&bench).await?;
            quiet.cancelled().await;
            let index = index::take(&bench, stack).await?;
            self.note_left_out(Tier::Backup, chosen.left_out);
            let outcome = seeding.outcome();
            *into = Some(Prepared { seeded: seeding.seeded, index, repository });
            Ok(outcome)
        };
        self.conductor.step(Tier::Backup, "seed", work).await
    }

    async fn snapshot(
        &mut self,
        spec: &BackupSpec,
        repository: &BackupRepository,
        into: &mut Option<Snapshot>,
    ) -> StepEnd {
        let (conductor, step) = (self.conductor.clone(), StepId::new(Tier::Backup, "snapshot"));
        let work = async {
            let bench = self.bench().await?;
            let context = Context {
                bench: &bench,
                stack: &self.plan.stack,
                repository,
                spec,
                limit: Duration::from_secs(self.plan.limits.command),
                voice: &self.world.voice,
                step: &step,
            };
            Ok(match backup::take(&context).await? {
                BackupEnd::Failed(finding) => Outcome::Failed(finding),
                BackupEnd::Snapshot(snapshot) => {
                    let (files, bytes) = snapshot.size;
                    let again = if snapshot.attempts > 1 {
                        format!(", at attempt {}", snapshot.attempts)
                    } else {
                        String::new()
                    };
                    *into = Some(*snapshot);
                    passed(format!("{files} files, {bytes} bytes{again}"))
                }
            })
        };
        conductor.step(Tier::Backup, "snapshot", work).await
    }

    async fn complete(&mut self, saved: &Saved) -> StepEnd {
        let (conductor, step) = (self.conductor.clone(), StepId::new(Tier::Backup, "complete"));
        let work = async {
            let bench = self.bench().await?;
            let context = self.context(&bench, saved, &step);
            let findings =
                verify::snapshot(&context, &saved.snapshot, &saved.seeded, &Churn::with(&self.plan.demands.churn))
                    .await?;
            Ok(failed_if(verify::merged(findings)))
        };
        conductor.step(Tier::Backup, "complete", work).await
    }

    /// Runs the settings' own look at what the backup left in the app.
    async fn verified(&mut self) -> StepEnd {
        let steps = self.plan.tier(Tier::Backup).map(|planned| planned.steps.as_slice()).unwrap_or_default();
        let found = steps.iter().find_map(|step| match &step.action {
            Action::Verify { verify } => Some(verify.clone()),
            Action::Operate(_)
            | Action::Check(_)
            | Action::Probe { .. }
            | Action::Hook { .. }
            | Action::Test { .. }
            | Action::Dependency { .. } => None,
        });
        let Some(verify) = found else { return StepEnd::NotPlanned };
        let (conductor, step) = (self.conductor.clone(), StepId::new(Tier::Backup, "verified"));
        let work = async {
            let limit = Duration::from_secs(self.plan.limits.command);
            let containers = self.world.doors.containers();
            let ended =
                hooks::verify(&containers, &self.plan.stack, &verify, limit, (&self.world.voice, &step)).await?;
            Ok(failed_if(ended))
        };
        conductor.step(Tier::Backup, "verified", work).await
    }

    /// What a backup or restore of this run works with.
    pub(super) fn context<'c>(
        &'c self,
        bench: &'c crate::workbench::Workbench,
        saved: &'c Saved,
        step: &'c StepId,
    ) -> Context<'c> {
        Context {
            bench,
            stack: &self.plan.stack,
            repository: &saved.repository,
            spec: &saved.spec,
            limit: Duration::from_secs(self.plan.limits.command),
            voice: &self.world.voice,
            step,
        }
    }
}
