//! Before a backup everything has settled (BAK-3); afterwards the snapshot is complete (TIER-backup).

use super::{Look, volumes};
use crate::backup::verify::{self, Listing};
use crate::backup::{self, Context, hooks};
use crate::data::{self, DatabaseServer, index};
use crate::pressure::EasedClock;
use crate::pulse::Pulse;
use crate::run::conductor::{Answer, Fault, failed_if, passed};
use crate::run::parts::{Holdings, Prepared, Saved};
use crate::swarm::Observe;
use crate::workbench::{BenchUse, Workbench};
use cc_ci_model::convergence::{ServiceView, Update};
use cc_ci_model::data::allowed::Allowed;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::rows;
use cc_ci_model::data::{compare, narrowed};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::demands::Verify;
use cc_ci_model::plan::step::Check;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::backup::{Backup, BackupSpec};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often the engine is asked whether it still updates something.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until no service is updating and the databases answer, and makes the repository meanwhile; then looks at what volumes and
/// databases hold, so that little lies between that and the snapshot.
pub(in crate::run) async fn settled(
    look: &mut Look<'_>,
    prepared: &Prepared,
    upgraded: Option<&Holdings>,
) -> Result<Answer<Holdings>, Fault> {
    let Look { plan, observe, pulse, tools, clock, .. } = &mut *look;
    let laying_out = async {
        let bench = tools.benches.ahead(BenchUse::Save).await?;
        prepared.repository.lay_out(&bench).await.map_err(Fault::from)
    };
    let (updated, ()) = tokio::try_join!(update_over(*observe, plan, pulse, clock), laying_out)?;
    if let Err(finding) = updated {
        return Ok(Answer::failed(finding));
    }
    if let Err(finding) = databases(look).await? {
        return Ok(Answer::failed(finding));
    }
    let bench = look.bench(BenchUse::Look).await?;
    let (voice, step) = (look.voice, look.step);
    let mut holdings = super::data::take(&bench, &look.plan.stack, &prepared.seeded, (voice, step)).await?;
    // An older dump is no data: the one that is about to be made stands for it.
    for (volume, path) in prepared.rehearsed.iter().flatten() {
        if let Some(index) = holdings.index.volumes.get_mut(volume) {
            index.entries.remove(path);
        }
    }
    // A test of the upgrade may well take away what it has made.
    if let Some(upgraded) = upgraded.filter(|_| !look.plan.has_own_after(Tier::Upgrade, Check::Volumes)) {
        let before_hooks = prepared.untouched.as_deref().unwrap_or(&holdings);
        if let Some(finding) = volumes::lost_since(look, "the upgrade", upgraded, before_hooks).await? {
            return Ok(Answer::failed(finding));
        }
    }
    if let Some(before) = &prepared.untouched
        && let Some(finding) = taken_away(look, before, &holdings).await?
    {
        return Ok(Answer::failed(finding));
    }
    Ok(Answer::passed(holdings))
}

/// What the app held before the hooks of a backup ran, and does not hold any more: a backup that takes away what it is to save.
async fn taken_away(look: &Look<'_>, before: &Holdings, now: &Holdings) -> Result<Option<Finding>, Fault> {
    let files = compare::finding(&volumes::losses(look, &before.index, &now.index).await?);
    let rows =
        rows::finding(&rows::compare(&before.rows, &now.rows, &super::data::fleeting(look.plan)), Cause::DataLost);
    let found = super::data::both(rows, files);
    Ok(found.map(|finding| Finding { summary: format!("after the backup's hooks: {}", finding.summary), ..finding }))
}

/// Waits until Swarm updates nothing of the stack.
async fn update_over(
    observe: &dyn Observe,
    plan: &Plan,
    pulse: &mut Pulse,
    clock: &EasedClock,
) -> Result<Result<(), Finding>, Fault> {
    let limit = clock.limit(Duration::from_secs(plan.limits.converge));
    loop {
        let view = observe.stack(&plan.stack).await?;
        let Some(service) = view.services.iter().find(|service| updates(service)) else { return Ok(Ok(())) };
        if limit.is_over() {
            let summary = format!("Swarm still updates `{}` after {} s", service.name, limit.as_secs());
            return Ok(Err(Finding::new(Cause::NeverHealthy, summary).of_service(&service.name)));
        }
        pulse.next(LOOK).await;
    }
}

fn updates(service: &ServiceView) -> bool {
    match service.update {
        Update::Updating | Update::RollbackStarted => true,
        Update::None | Update::Paused | Update::Completed | Update::RollbackPaused | Update::RollbackCompleted => false,
    }
}

/// What head's backup lost against base's, which planning found out.
pub(in crate::run) fn covered(plan: &Plan) -> Answer<()> {
    let mut lost = plan.uncovered.iter();
    match lost.next() {
        None => passed("head's backup covers what base's does").into(),
        Some(first) => {
            let summary = format!("head's backup lost {first}");
            let more = lost.map(|one| format!("head's backup lost {one}")).collect();
            Answer::failed(Finding::new(Cause::BackupIncomplete, summary).with_details(more))
        }
    }
}

/// Whether each recognised database answers.
pub(in crate::run) async fn databases(look: &Look<'_>) -> Result<Result<(), Finding>, Fault> {
    for server in look.app.head.recipe.databases.iter().filter_map(DatabaseServer::of) {
        if let Err(refusal) = data::ready(&look.tools.containers, &look.plan.stack, &server).await? {
            let summary = format!("{server} does not answer: {refusal}");
            return Ok(Err(Finding::new(Cause::NeverHealthy, summary).of_service(server.service())));
        }
    }
    Ok(Ok(()))
}

/// The snapshot holds every promised path, and dumps are complete.
pub(in crate::run) async fn complete(look: &mut Look<'_>, saved: &Saved) -> Result<Answer<()>, Fault> {
    let bench = look.bench(BenchUse::ReadBack).await?;
    let context = Context {
        bench: &bench,
        stack: &look.plan.stack,
        repository: &saved.prepared.repository,
        spec: &saved.prepared.spec,
        limit: look.command_limit(),
        voice: look.voice,
        step: look.step,
    };
    let churn = Churn::with(&look.plan.demands.churn);
    let listing = Listing::of(&context, &saved.snapshot).await?;
    let absent = listing.absent(&saved.snapshot, &churn);
    let gone = match absent.is_empty() {
        true => absent,
        false => no_more(&look.bench(BenchUse::Look).await?, absent).await?,
    };
    let expected = verify::SnapshotDue {
        seeded: &saved.prepared.seeded,
        rows: saved.holdings.rows.clone(),
        churn,
        gone,
        fleeting: super::data::fleeting(look.plan),
    };
    let mut findings = verify::snapshot(&context, &saved.snapshot, &listing, &expected).await?;
    findings.extend(narrowed(look, saved).await?);
    Ok(failed_if(verify::merged(findings)).into())
}

/// Those of the files, by volume and path, that are not there.
async fn no_more(bench: &Workbench, files: BTreeSet<(String, String)>) -> Result<BTreeSet<(String, String)>, Fault> {
    let volumes = files.iter().map(|(volume, _)| volume.clone()).collect();
    let now = index::contents(bench, &volumes, index::Digests::None).await?;
    let is_there =
        |(volume, path): &(String, String)| now.get(volume).is_some_and(|index| index.entries.contains_key(path));
    Ok(files.into_iter().filter(|file| !is_there(file)).collect())
}

/// Files that base's backup held and no path of head's covers. Where a hook of head is another, its dump may hold them: the restore
/// onto empty volumes shows that.
async fn narrowed(look: &Look<'_>, saved: &Saved) -> Result<Option<Finding>, Fault> {
    let Some((base, Backup::Capable(of_base))) = look.app.base.as_ref().map(|base| (base, &base.recipe.backup)) else {
        return Ok(None);
    };
    let pre = |spec: &BackupSpec| -> BTreeSet<String> {
        spec.services.iter().filter_map(|service| service.hooks.backup_pre.clone()).collect()
    };
    if !pre(&saved.prepared.spec).is_subset(&pre(of_base)) {
        return Ok(None);
    }
    let promises = [volumes::pairs(&backup::promised(&base.recipe)), volumes::pairs(&saved.snapshot.promises)];
    let promises = promises.each_ref().map(Vec::as_slice);
    let (churn, index) = (Churn::with(&look.plan.demands.churn), &saved.holdings.index);
    let found = narrowed::left_out(&index.volumes, promises, Allowed::only(&churn));
    let sizes: BTreeSet<u64> = found.iter().map(|(_, _, entry)| entry.size).collect();
    if sizes.is_empty() {
        return Ok(None);
    }
    let services = index.mounts.iter().map(|mount| mount.service.as_str()).collect();
    let programs = volumes::programs(look, &services, &sizes).await?;
    let allowed = Allowed { churn: &churn, programs: &programs };
    Ok(narrowed::finding(&narrowed::left_out(&index.volumes, promises, allowed), &index.mounts))
}

/// Runs the settings' own look at what the backup left in the app.
pub(in crate::run) async fn verified(look: &Look<'_>, verify: &Verify) -> Result<Answer<()>, Fault> {
    let speak = (look.voice, look.step);
    let (containers, stack) = (&look.tools.containers, &look.plan.stack);
    Ok(failed_if(hooks::verify(containers, stack, verify, look.command_limit(), speak).await?).into())
}
