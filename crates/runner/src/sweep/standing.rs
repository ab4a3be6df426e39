//! What a sweep brings up once and lends to its runs. Each has a folder among the runs, with a lock, a ledger and a reaper, and is
//! made by the code of `warm up`; its folder goes when nothing of it is left.

use super::deciding::Needed;
use super::facts::Ground;
use crate::clock;
use crate::error::{RunnerError, chain};
use crate::providers::Record;
use crate::reaper;
use crate::series::Series;
use crate::warm;
use crate::world::{self, Around, world};
use cc_ci_engine::ledger;
use cc_ci_engine::process::Detached;
use cc_ci_engine::run::{self as engine, Cancel};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::warm::Spending;
use cc_ci_model::event::RunEnd;
use cc_ci_model::ids::{RecipeName, RunId, StackName};
use cc_ci_model::redact::Vault;
use cc_ci_model::sweep::permits::ProviderPermit;
use cc_ci_model::sweep::plan::PlannedProvider;
use cc_ci_model::sweep::rows::{ProviderCame, ProviderRow};
use cc_ci_store::run_dir::{RunDir, RunLock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// One that was to be brought up.
pub(super) struct Standing {
    pub(super) row: ProviderRow,
    /// What runs are given; `None` when it did not come up.
    pub(super) record: Option<Record>,
    /// `None` when nothing of it is there.
    held: Option<Held>,
    /// The deploys in its ledger.
    deploys: Vec<StackName>,
    /// What would not go.
    left: Vec<String>,
}

/// What is held for as long as it stands.
struct Held {
    run: RunId,
    dir: RunDir,
    lock: RunLock,
    reaper: Option<Detached>,
}

/// What became of one that was taken down.
pub(super) struct TakenDown {
    pub(super) row: ProviderRow,
    /// The deploys in its ledger.
    pub(super) deploys: Vec<StackName>,
    /// What would not go.
    pub(super) left: Vec<String>,
}

impl Standing {
    /// Brings one up; one that does not come up is removed at once.
    pub(super) async fn bring_up(
        planned: &PlannedProvider,
        needed: Option<Needed>,
        permit: ProviderPermit,
        ground: &Ground,
        series: &Series,
    ) -> Self {
        let PlannedProvider { recipe, version, stack, .. } = planned.clone();
        let row = ProviderRow { recipe, version, stack, came: ProviderCame::NotReached };
        let mut standing = Self { row, record: None, held: None, deploys: Vec::new(), left: Vec::new() };
        let Some(needed) = needed.filter(|_| series.stop.ended_by().is_none()) else { return standing };
        let began = Instant::now();
        standing.row.came = match standing.stand_up(&planned.run, needed, permit, ground, series).await {
            Ok(record) => {
                standing.record = Some(record);
                ProviderCame::Up { ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) }
            }
            Err(error) => {
                // What does not come up is in the way of everybody else.
                standing.remove(ground).await;
                let deployed = !standing.deploys.is_empty();
                ProviderCame::NotUp { why: error.in_one_line(), exit_code: error.kind.exit_code(), deployed }
            }
        };
        standing
    }

    async fn stand_up(
        &mut self,
        run: &RunId,
        (needed, catalogue): Needed,
        permit: ProviderPermit,
        ground: &Ground,
        series: &Series,
    ) -> Result<Record, RunnerError> {
        let (dir, lock) = RunDir::create(&series.state, run)?;
        // The ledger first: what is left of a sweep that was killed is found by it.
        let ledger = world::ledger(dir.path(), run)?;
        let reaper = reaper::start(&series.reaper, dir.path(), series.engine.address()).unwrap_or_else(|error| {
            let who = &self.row.recipe;
            (series.say)(&format!("no reaper watches over {who}: {}; `cc-ci clean` does its work", chain(&error)));
            None
        });
        let vault = Vault::default();
        series.engine.teach(&vault);
        let cancel = Cancel::default();
        let world = world(Around {
            doors: ground.doors.clone(),
            engine: series.engine.address(),
            voice: warm::voice(Arc::clone(&series.say), &vault),
            secrets: Secrets::new(vault.clone()),
            keep: world::keep_nothing(),
            ledger,
            folder: dir.path(),
            adaptations: &ground.adaptations,
            cancel: &cancel,
            others: Arc::new(|_, _| false),
            alive: world::alive(&series.state),
        });
        self.held = Some(Held { run: run.clone(), dir: dir.clone(), lock, reaper });
        let up = ended_with(series, &cancel, warm::in_time(&needed, &world, run, Spending::of_sweep(permit))).await;
        let authority = up.map_err(|error| warm::not_up("", &error).masked(&vault.redactor()))?;
        Ok(Record { run: run.clone(), provider: needed.planned, authority, catalogue, since: clock::now() })
    }

    /// Removes everything of it, and takes in what its ledger says, as it lies on disk.
    async fn remove(&mut self, ground: &Ground) {
        let Some(Held { run, dir, lock, reaper }) = self.held.take() else { return };
        self.deploys = ledger::deploys(&ledger::read(&dir.file(ledger::FILE)).unwrap_or_default());
        let cleaned = engine::clean(ground.doors.operate.as_ref(), dir.path(), &run, &BTreeSet::new()).await;
        self.left = match cleaned {
            Ok(cleaned) => cleaned.left,
            Err(error) => vec![format!("everything of {}: {}", self.row.recipe, chain(&error))],
        };
        drop(lock);
        reaper::dismiss(reaper).await;
        if self.left.is_empty() {
            // It holds nothing that anybody would look for: what stood here has no record.
            let _still_there = dir.remove();
        }
    }

    /// Takes one down. `dead` says which died while they were lent.
    pub(super) async fn take_down(mut self, ground: &Ground, dead: &BTreeMap<RecipeName, String>) -> TakenDown {
        self.remove(ground).await;
        let Self { mut row, deploys, left, .. } = self;
        if let (ProviderCame::Up { ms }, Some(why)) = (&row.came, dead.get(&row.recipe)) {
            row.came = ProviderCame::Died { ms: *ms, why: why.clone() };
        }
        TakenDown { row, deploys, left }
    }
}

/// Goes on until its end, which comes soon when somebody ends the series.
async fn ended_with<T>(series: &Series, cancel: &Cancel, going: impl Future<Output = T>) -> T {
    tokio::pin!(going);
    tokio::select! {
        done = &mut going => return done,
        () = series.stop.token().cancelled() => {
            cancel.end(RunEnd::Cancelled { by: series.stop.ended_by().unwrap_or_default() });
        }
    }
    going.await
}
