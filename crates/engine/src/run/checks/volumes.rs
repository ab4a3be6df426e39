//! Every volume holds what it held: after the upgrade (DATA-2), and after each of the two restores (DATA-4).

use super::Look;
use crate::backup::{self, Promise};
use crate::data::index;
use crate::run::after::After;
use crate::run::conductor::{Answer, Fault, failed_if, passed};
use crate::run::parts::{Holdings, Saved};
use crate::swarm::Launch;
use crate::workbench::{BenchUse, WorkError};
use cc_ci_model::data::DataIndex;
use cc_ci_model::data::allowed::Allowed;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::compare::{self, Loss};
use cc_ci_model::data::restored::{self, BeforeRestore, Way};
use cc_ci_model::data::rows::{self, RowCounts};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use std::collections::BTreeSet;

/// What the volumes hold: as it was seen with the markers, or looked at now.
async fn seen_or_now(look: &mut Look<'_>, seen: Option<Holdings>) -> Result<Holdings, Fault> {
    match seen {
        Some(seen) => Ok(seen),
        None => {
            let bench = look.bench(BenchUse::Look).await?;
            Ok(Holdings { index: index::take(&bench, &look.plan.stack).await?, rows: RowCounts::default() })
        }
    }
}

/// Holds the volumes at head against what they were before the redeploy.
pub(in crate::run) async fn upgraded(
    look: &mut Look<'_>,
    before: &DataIndex,
    seen: Option<Holdings>,
) -> Result<Answer<Holdings>, Fault> {
    let users = look.observe.users(&look.plan.stack).await?;
    let mut now = seen_or_now(look, seen).await?;
    now.index.users = users;
    let losses = losses(look, before, &now.index).await?;
    let churn = Churn::with(&look.plan.demands.churn);
    Ok(match (compare::finding(&losses), compare::rewritten(before, &now.index, Allowed::only(&churn))) {
        (Some(finding), _) => Answer::failed(finding),
        (None, Some(told)) => Answer::new(passed(told), now),
        (None, None) => Answer::passed(now),
    })
}

/// What was lost between two looks at head, between which nobody but the app itself did anything.
pub(in crate::run) async fn lost_since(
    look: &Look<'_>,
    what: &str,
    before: &Holdings,
    now: &Holdings,
) -> Result<Option<Finding>, Fault> {
    let losses = absences(look, &before.index, &now.index).await?;
    let rows = rows::compare(&before.rows, &now.rows, &super::data::fleeting(look.plan));
    let found = super::data::both(rows::finding(&rows, Cause::DataLost), compare::finding(&losses));
    Ok(found.map(|finding| Finding { summary: format!("since {what}: {}", finding.summary), ..finding }))
}

/// Holds the volumes after a restart against what they held before it.
pub(in crate::run) async fn restarted(
    look: &mut Look<'_>,
    before: &DataIndex,
    seen: Option<Holdings>,
) -> Result<Answer<()>, Fault> {
    let now = seen_or_now(look, seen).await?;
    // What an app writes anew at each start has other content each time, so that is only told.
    let losses = absences(look, before, &now.index).await?;
    let churn = Churn::with(&look.plan.demands.churn);
    Ok(match compare::finding(&losses) {
        Some(finding) => Answer::failed(After::Restart.told(finding)),
        None => match compare::rewritten(before, &now.index, Allowed::only(&churn)) {
            Some(told) => passed(format!("after a restart: {told}")).into(),
            None => Answer::passed(()),
        },
    })
}

/// What is not there any more, without files that belong to the program.
async fn absences(look: &Look<'_>, before: &DataIndex, now: &DataIndex) -> Result<Vec<Loss>, Fault> {
    let mut losses = losses(look, before, now).await?;
    losses.retain(Loss::is_absence);
    Ok(losses)
}

/// What is lost, without files that belong to the program: images are read only when there is a loss to explain.
pub(super) async fn losses(look: &Look<'_>, before: &DataIndex, now: &DataIndex) -> Result<Vec<Loss>, Fault> {
    let churn = Churn::with(&look.plan.demands.churn);
    let losses = compare::compare(before, now, Allowed::only(&churn));
    let sizes = compare::suspects(&losses, [before, now]);
    if sizes.is_empty() {
        return Ok(losses);
    }
    let services = losses.iter().map(|loss| loss.mount().service.as_str()).collect();
    let programs = programs(look, &services, &sizes).await?;
    Ok(compare::compare(before, now, Allowed { churn: &churn, programs: &programs }))
}

/// The digests of files of those sizes in the images of those services, of base and of head.
pub(super) async fn programs(
    look: &Look<'_>,
    services: &BTreeSet<&str>,
    sizes: &BTreeSet<u64>,
) -> Result<BTreeSet<String>, Fault> {
    let trees = [look.app.first(), &look.app.head];
    let images: BTreeSet<String> = trees
        .into_iter()
        .flat_map(|tree| look.images.expected(tree))
        .filter(|(service, _)| services.contains(service.as_str()))
        .map(|(_, image)| image)
        .collect();
    let mut found = BTreeSet::new();
    for image in images {
        let name = format!("cc-ci-{}-image-{:08x}", look.tools.run, rand::random::<u32>());
        look.tools.ledger.making(Object::new(ObjectKind::Container, &name)).map_err(WorkError::from)?;
        let what = Launch::idle(&look.tools.run, &image);
        found.extend(look.tools.containers.node.image_files(&name, &what, sizes).await?);
    }
    Ok(found)
}

/// Holds the volumes against what they were when the backup was taken. Onto empty volumes, what no backup holds is lost too.
pub(in crate::run) async fn restored(
    look: &mut Look<'_>,
    saved: &Saved,
    way: Way,
    seen: Option<Holdings>,
) -> Result<Answer<()>, Fault> {
    let now = seen_or_now(look, seen).await?.index;
    let churn = Churn::with(&look.plan.demands.churn);
    let settled = &saved.holdings.index;
    let promises = pairs(&saved.snapshot.promises);
    let of_base = look.app.base.as_ref().map(|base| pairs(&backup::promised(&base.recipe))).unwrap_or_default();
    let later = saved.later.as_ref().map_or(settled, |later| &later.index);
    let kept = BeforeRestore {
        settled: &settled.volumes,
        later: &later.volumes,
        mounts: &settled.mounts,
        promises: &promises,
        of_base: &of_base,
    };
    let other = restored::finding(kept, &now.volumes, way, &churn);
    let gone = match way {
        Way::InPlace => None,
        Way::OntoEmpty => absent(settled, &now, &churn),
    };
    Ok(failed_if(super::data::both(gone, other)).into())
}

/// Promises, by volume and path.
pub(super) fn pairs(promises: &[Promise]) -> Vec<(String, String)> {
    promises.iter().map(|promise| (promise.volume.clone(), promise.path.clone())).collect()
}

fn absent(settled: &DataIndex, now: &DataIndex, churn: &Churn) -> Option<Finding> {
    let mut losses = compare::compare(settled, now, Allowed::only(churn));
    losses.retain(Loss::is_absence);
    compare::finding(&losses)
}
