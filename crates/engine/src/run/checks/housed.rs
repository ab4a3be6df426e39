//! What the app keeps lies in named volumes (DATA-2).

use super::Look;
use crate::data::outside::Occupied;
use crate::data::{DatabaseServer, outside};
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::parts::{Housed, Housing};
use crate::swarm::Containers;
use crate::workbench::{BenchUse, Workbench};
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::outside::{Nameless, Outside, Written, gone, is_nameless, may_be_missed};
use cc_ci_model::data::{DataIndex, Mounted, anew};
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_recipe::Recipe;
use std::collections::BTreeSet;

/// The containers of base, when nothing but the redeploy comes any more. What they hold is looked at once head has replaced them,
/// where the swarm keeps them that long: the engine lets nobody else at a container that it compares with its image.
pub(in crate::run) async fn before(
    containers: &Containers,
    stack: &StackName,
    recipe: &Recipe,
) -> Result<Housing, Fault> {
    let occupied = outside::occupied(containers, stack, recipe.compose.services.keys()).await?;
    if containers.observe.keeps_replaced().await? {
        return Ok(Housing::Kept(occupied));
    }
    Ok(Housing::Seen(look_into(containers, &occupied, recipe).await?))
}

/// What was written into containers of base.
async fn look_into(containers: &Containers, occupied: &Occupied, recipe: &Recipe) -> Result<Housed, Fault> {
    let written = outside::written(containers, occupied, &mount_points(recipe)).await?;
    let files = outside::sqlite_files(containers, occupied, &written).await?;
    Ok(Housed { written, files })
}

/// What base's containers hold, looked at now where that was not done before.
async fn housed(look: &Look<'_>, before: &Housing) -> Result<Housed, Fault> {
    let occupied = match before {
        Housing::Seen(housed) => return Ok(housed.clone()),
        Housing::Kept(occupied) => occupied,
    };
    let (containers, base) = (&look.tools.containers, &look.app.first().recipe);
    let now = outside::occupied(containers, &look.plan.stack, occupied.keys()).await?;
    // A server that was left as it was is asked where its data lies; it keeps no files of others.
    let is_asked =
        |service: &String| base.databases.iter().filter_map(DatabaseServer::of).any(|one| one.service() == service);
    // One that head has no more took its containers with it, and what it wrote is nobody's loss.
    let at_head = |service: &String| look.app.head.recipe.compose.services.contains_key(service);
    let matters = |(service, container): &(&String, &String)| {
        at_head(service) && (now.get(*service) != Some(*container) || !is_asked(service))
    };
    let occupied: Occupied =
        occupied.iter().filter(matters).map(|(service, container)| (service.clone(), container.clone())).collect();
    let housed = look_into(containers, &occupied, base).await?;
    all_seen(&occupied, &housed.written, "base")?;
    Ok(housed)
}

/// A container that was removed before it was looked into leaves no answer: nothing written is not the same.
fn all_seen(occupied: &Occupied, written: &Written, version: &str) -> Result<(), Fault> {
    let Some(service) = occupied.keys().find(|service| !written.contains_key(*service)) else { return Ok(()) };
    let summary = format!(
        "what {version}'s `{service}` wrote beside its volumes is not known: its container was removed before it could be looked into"
    );
    Err(Fault::unanswered(Finding::new(Cause::EngineLost, summary).of_service(service)))
}

/// The paths on which configs are mounted: the engine shows them among a container's own files.
fn mount_points(recipe: &Recipe) -> BTreeSet<String> {
    let uses = recipe.compose.services.values().flat_map(|service| &service.configs);
    uses.map(|one| one.target.clone().unwrap_or_else(|| format!("/{}", one.source))).collect()
}

/// Asks databases, looks into nameless volumes, and holds the new containers against the old ones, and against what base had in volumes.
pub(in crate::run) async fn check(
    look: &mut Look<'_>,
    before: &Housing,
    base: Option<&DataIndex>,
) -> Result<Answer<()>, Fault> {
    let before = housed(look, before).await?;
    let (containers, stack) = (look.tools.containers.clone(), &look.plan.stack);
    let head = &look.app.head.recipe;
    let servers: Vec<DatabaseServer> = head.databases.iter().filter_map(DatabaseServer::of).collect();
    let at_head = |service: &String| head.compose.services.contains_key(service);
    let mounts = look.observe.mounts(stack).await?.volumes;
    let churn = Churn::with(&look.plan.demands.churn);
    let bare = base.map(|base| anew::bare(base, &mounts)).unwrap_or_default();
    // The engine compares a whole image with its container for this, so it is asked only where the answer may matter.
    let missed = may_be_missed(&before.written, &mounts, &churn).into_iter();
    let services: BTreeSet<String> =
        missed.chain(bare.iter().map(|mount| mount.service.clone())).filter(at_head).collect();
    let now_occupied = outside::occupied(&containers, stack, &services).await?;
    let (mut located, now, nameless) = tokio::try_join!(
        async { Ok(outside::located(&containers, stack, &servers).await?) },
        async { Ok(outside::written(&containers, &now_occupied, &mount_points(head)).await?) },
        nameless(look, &containers, &mounts)
    )?;
    all_seen(&now_occupied, &now, "head")?;
    let anew = base.map(|base| anew::findings(&bare, base, &now, &churn)).unwrap_or_default();
    located.extend(before.files.iter().filter(|file| at_head(&file.service)).cloned());
    let found = Outside { mounts, located, nameless, gone: gone(&before.written, &now), anew };
    let verdict = found.judge(&churn);
    for note in &verdict.notes {
        look.voice.note(Some(look.step), note.clone());
    }
    Ok(match verdict.finding {
        Some(finding) => Outcome::Failed(finding).into(),
        None if verdict.notes.is_empty() => Outcome::Passed { note: None }.into(),
        None => passed(verdict.notes.join("; ")).into(),
    })
}

/// What lies in volumes without a name, on a bench of its own that has them and goes at once.
async fn nameless(
    look: &Look<'_>,
    containers: &Containers,
    mounts: &BTreeSet<Mounted>,
) -> Result<Vec<Nameless>, Fault> {
    let volumes: BTreeSet<String> =
        mounts.iter().map(|mount| &mount.volume).filter(|volume| is_nameless(volume)).cloned().collect();
    if volumes.is_empty() {
        return Ok(Vec::new());
    }
    let tools = &look.tools;
    let bench =
        Workbench::start(containers, &tools.ledger, &tools.run, &tools.image, (&volumes, BenchUse::Look)).await?;
    let found = outside::nameless(&bench, &outside::nameless_mounts(mounts)).await;
    bench.remove().await?;
    Ok(found?)
}
