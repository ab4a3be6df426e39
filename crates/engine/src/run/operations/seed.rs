//! Markers into the app's data, before the upgrade and before the backup (DATA-1).

use crate::backup::places::{self, Chosen, Stock};
use crate::backup::{self, BackupRepository, Context};
use crate::data::{self, Expected, MarkerPhase, MarkerPlace, Seeding, counting, index, sqlite};
use crate::run::checks::{self, Look, volumes};
use crate::run::conductor::{Answer, Fault, StepEnd, Stepped};
use crate::run::parts::{Holdings, Kept, Known, Prepared, Trees};
use crate::run::tiers::Run;
use crate::run::tools::Tools;
use crate::workbench::{BenchUse, Workbench};
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::plan::step::{Check, Step};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::{Backup, BackupSpec};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

impl Run<'_> {
    /// Puts markers in. What was seeded counts whatever the answer: there may be nothing that takes a marker.
    pub(in crate::run) async fn seed(&mut self, tier: Tier, step: &Step) -> Option<StepEnd> {
        let Self { known, trees, tools, .. } = self;
        match (tier, &trees.app.head.recipe.backup) {
            (Tier::Backup, Backup::Capable(spec)) => {
                let Stepped { end, value } =
                    known.conductor.step(step, before_backup(known, trees, tools, spec, step)).await;
                self.data.prepared = value;
                Some(end)
            }
            (Tier::Backup, Backup::NotCapable(_)) => None,
            (Tier::Install | Tier::Upgrade | Tier::Restore | Tier::Custom, _) => {
                let Stepped { end, value } =
                    known.conductor.step(step, before_upgrade(known, trees, tools, step)).await;
                self.data.before_upgrade = value;
                Some(end)
            }
        }
    }

    /// Changes what was seeded, so that the restore has something to undo.
    pub(in crate::run) async fn mutate(&mut self, step: &Step) -> Option<StepEnd> {
        let Self { known, trees, stack: app, tools, data, .. } = self;
        let saved = data.saved.as_mut()?;
        let (seeded, settled) = (&saved.prepared.seeded, &saved.holdings);
        let work = async {
            let bench = tools.benches.take(BenchUse::Change).await?;
            let stack = &known.plan.stack;
            let mut unchanged = data::change(&bench, stack, seeded).await?;
            let (unread, rows, index) = tokio::try_join!(
                data::verify(&bench, stack, seeded, Expected::Mutated),
                counting::count(&bench, stack, seeded.places()),
                index::take(&bench, stack)
            )?;
            let later = Holdings { index, rows };
            unchanged.extend(unread);
            // What a test or a hook took away is not the app's doing.
            if !known.plan.has_own_after(Tier::Backup, Check::Settled) {
                let look = Look::of(known, &trees.app, &mut app.pulse, tools, &step.id);
                if let Some(finding) = volumes::lost_since(&look, "the backup was taken", settled, &later).await? {
                    return Ok(Answer::failed(finding));
                }
            }
            Ok(match data::finding(&unchanged, Cause::NothingToSeed) {
                Some(finding) => Outcome::Unverified(finding).into(),
                None => Answer::passed(later),
            })
        };
        let Stepped { end, value } = known.conductor.step(step, work).await;
        saved.later = value;
        Some(end)
    }
}

/// Seeds the app at base and looks at its volumes.
async fn before_upgrade(
    known: &Known<'_>,
    trees: &Trees,
    tools: &mut Tools,
    step: &Step,
) -> Result<Answer<Kept>, Fault> {
    let bench = tools.benches.take(BenchUse::Change).await?;
    let recipe = &trees.app.first().recipe;
    let choose = |stock: Stock<'_>| places::for_upgrade(&backup::promised(recipe), bench.volumes(), stock);
    let mut seeding = plant(known, &bench, recipe, MarkerPhase::Upgrade, step, choose).await?;
    let stack = &known.plan.stack;
    let users = async { Ok(known.world.doors.observe.users(stack).await?) };
    let take = checks::data::take(&bench, stack, &seeding.seeded, (&known.world.voice, &step.id));
    let verify = data::verify(&bench, stack, &seeding.seeded, Expected::Seeded);
    let (unread, mut holdings, users) = tokio::try_join!(verify, take, users)?;
    seeding.read_back(unread);
    holdings.index.users = users;
    let outcome = seeding.outcome();
    Ok(Answer::new(outcome, Kept { seeded: seeding.seeded, holdings }))
}

/// Seeds what the backup promises, once an earlier backup left what it leaves.
async fn before_backup(
    known: &Known<'_>,
    trees: &Trees,
    tools: &mut Tools,
    spec: &BackupSpec,
    step: &Step,
) -> Result<Answer<Prepared>, Fault> {
    let bench = tools.benches.take(BenchUse::Change).await?;
    let promises = match backup::promises(spec) {
        Ok(promises) => promises,
        Err(finding) => return Ok(Answer::failed(finding)),
    };
    let repository = BackupRepository::new()?;
    let context = Context {
        bench: &bench,
        stack: &known.plan.stack,
        repository: &repository,
        spec,
        limit: Duration::from_secs(known.plan.limits.command),
        voice: &known.world.voice,
        step: &step.id,
    };
    let recipe = &trees.app.head.recipe;
    let for_backup = |stock: Stock<'_>| places::for_backup(spec, &promises, stock);
    let untouched = match backup::has_hooks(spec) {
        true => Some(Arc::new(holdings(known, &bench, recipe, for_backup).await?)),
        false => None,
    };
    let rehearsed = backup::rehearse(&context).await?;
    let choose = |stock: Stock<'_>| {
        let mut chosen = for_backup(stock);
        chosen.places.retain(|place| !rehearsed.as_ref().is_ok_and(|made| is_made(place, made)));
        chosen
    };
    let mut seeding = plant(known, &bench, recipe, MarkerPhase::Backup, step, choose).await?;
    seeding.read_back(data::verify(&bench, &known.plan.stack, &seeding.seeded, Expected::Seeded).await?);
    let outcome = seeding.outcome();
    let prepared = Prepared { seeded: seeding.seeded, repository, untouched, rehearsed, spec: spec.clone() };
    Ok(Answer::new(outcome, prepared))
}

/// What the volumes hold, and the databases of the places that `choose` says.
async fn holdings(
    known: &Known<'_>,
    bench: &Workbench,
    recipe: &Recipe,
    choose: impl FnOnce(Stock<'_>) -> Chosen,
) -> Result<Holdings, Fault> {
    let stack = &known.plan.stack;
    let places = chosen(known, bench, recipe, choose).await?.places;
    let (index, rows) = tokio::try_join!(index::take(bench, stack), counting::count(bench, stack, &places))?;
    Ok(Holdings { index, rows })
}

/// Whether a hook makes the folder: it may well make it anew each time, and nothing but its dumps lies there.
fn is_made(place: &MarkerPlace, made: &BTreeSet<(String, String)>) -> bool {
    match place {
        MarkerPlace::Folder(folder) => {
            made.contains(&(folder.volume.clone(), folder.path.trim_matches('/').to_owned()))
        }
        MarkerPlace::Server(_) | MarkerPlace::Sqlite(_) => false,
    }
}

/// Puts markers where `choose` says, and names the databases that take none, so that the report shows which were not tested.
async fn plant(
    known: &Known<'_>,
    bench: &Workbench,
    recipe: &Recipe,
    phase: MarkerPhase,
    step: &Step,
    choose: impl FnOnce(Stock<'_>) -> Chosen,
) -> Result<Seeding, Fault> {
    let chosen = chosen(known, bench, recipe, choose).await?;
    let seeding = data::plant(bench, &known.plan.stack, phase, &chosen.places).await?;
    for text in chosen.left_out {
        known.world.voice.note(Some(&step.id), text);
    }
    Ok(seeding)
}

/// The places that `choose` says of those that there are now.
async fn chosen(
    known: &Known<'_>,
    bench: &Workbench,
    recipe: &Recipe,
    choose: impl FnOnce(Stock<'_>) -> Chosen,
) -> Result<Chosen, Fault> {
    let mounts = known.world.doors.observe.mounts(&known.plan.stack).await?.volumes;
    let files = sqlite::find(bench, &mounts).await?;
    Ok(choose(Stock { mounts: &mounts, databases: &recipe.databases, files: &files }))
}
