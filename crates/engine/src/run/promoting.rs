//! Keeps the app of a green run as its recipe's canonical: stops it, saves its volumes, and names what of it stays (WARM-1).
//!
//! Nothing here deploys: there is no permit, and a witness of its own holds it to that. What is drafted here counts only once whoever
//! started the run has written it down; until then the canonical that there was is the recipe's.

use super::world::World;
use crate::labels;
use crate::ledger::{self, LedgerEntry};
use crate::promotion::{Draft, Place};
use crate::snapshot::{self, Hands, SnapshotError};
use crate::stopping;
use crate::witness::Witness;
use crate::workbench::WorkError;
use cc_ci_model::canonical::SavedVolumes;
use cc_ci_model::event::Event;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::promotion::Promotion;
use cc_ci_model::verdict::budget::{Came, answers_for};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::time::Instant;

/// Drafts the canonical, if whoever started the run wants one. `secrets` are those of head, by full name. Why there is none is said; it changes nothing else.
pub(super) async fn draft(plan: &Plan, secrets: &BTreeSet<String>, world: &World) -> Option<Draft> {
    let (Some(begin), Promotion::IfGreen { version }) = (&world.promotion, &plan.promotion) else { return None };
    let refused = |why: String| world.voice.say(Event::NotPromoted { why });
    let place = match begin().await {
        Ok(place) => place,
        Err(why) => {
            refused(why);
            return None;
        }
    };
    world.voice.say(Event::Promoting { version: version.clone() });
    let began = Instant::now();
    let witness = Witness::start(world.observe(), Arc::clone(&world.others));
    let drafted = tokio::select! {
        drafted = save(plan, secrets, world, &place) => drafted,
        () = world.cancel.token().cancelled() => Err(SnapshotError::Refused("the run was ended".to_owned())),
    };
    let seen = witness.testify().await;
    let ours = seen.stacks.iter().filter(|one| answers_for(plan, &[], &one.name, one.run.as_deref(), Came::Otherwise));
    let deploys = ours.count();
    let drafted = drafted.and_then(|saved| match (deploys, seen.gaps) {
        (0, 0) => Ok(saved),
        (0, _) => {
            Err(SnapshotError::Refused("the engine's events broke off, so nobody counted the deploys".to_owned()))
        }
        (more, _) => Err(SnapshotError::Refused(format!("{more} stacks of the run came up meanwhile"))),
    });
    match drafted {
        Ok(Saved { secrets, data, new_key }) => {
            let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            Some(Draft { version: version.clone(), secrets, data, new_key, deploys, ms })
        }
        Err(error) => {
            refused(error.to_string());
            None
        }
    }
}

struct Saved {
    secrets: BTreeSet<Object>,
    data: Option<SavedVolumes>,
    new_key: Option<String>,
}

async fn save(plan: &Plan, secrets: &BTreeSet<String>, world: &World, place: &Place) -> Result<Saved, SnapshotError> {
    stopping::stop_all(&world.doors, &plan.stack).await?;
    let secrets = own_secrets(plan, secrets, world).await?;
    let volumes = world.doors.observe.volumes(&plan.stack).await?;
    if volumes.is_empty() {
        return Ok(Saved { secrets, data: None, new_key: None });
    }
    let tags = [plan.recipe.to_string(), plan.run.to_string()];
    let snapshot::Saved { data, new_key } = snapshot::save(&Hands::of(world, &plan.run), volumes, place, &tags).await?;
    Ok(Saved { secrets, data: Some(data), new_key })
}

/// Those secrets as objects, if each is there, this run's by its label, and in its ledger.
async fn own_secrets(plan: &Plan, names: &BTreeSet<String>, world: &World) -> Result<BTreeSet<Object>, SnapshotError> {
    let entries = ledger::read(world.ledger.path()).map_err(WorkError::from)?;
    let mut own = BTreeSet::new();
    // A secret that has no value of the run's was made from a file of the recipe, with the stack, and will be again.
    for name in names.iter().filter(|name| world.secrets.value(name).is_some()) {
        let secret = Object::new(ObjectKind::Secret, name);
        let label = world.doors.observe.labels(&secret).await?;
        let labelled = label.is_some_and(|all| all.get(labels::RUN).is_some_and(|run| *run == plan.run.as_str()));
        let noted = entries.contains(&LedgerEntry::Making { object: secret.clone() });
        if !labelled || !noted {
            return Err(SnapshotError::Refused(format!("the secret {name} is not this run's own any more")));
        }
        own.insert(secret);
    }
    Ok(own)
}
