//! Brings what a canonical kept into an empty place: its volumes from the repository, its secrets where they are (WARM-3).
//!
//! The repository is only read, and the secrets are only looked at: whatever becomes of the run, the canonical is as it was.

use crate::labels;
use crate::promotion::{self, Lent};
use crate::run::conductor::{Answer, Fault, StepEnd, passed};
use crate::run::parts::Known;
use crate::run::tiers::Run;
use crate::snapshot::{self, Hands};
use crate::swarm::SwarmError;
use crate::workbench::WorkError;
use cc_ci_model::canonical::{Canonical, SavedVolumes};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::step::Step;
use cc_ci_model::report::text::{count, size};

/// Why the canonical is not there.
enum Missing {
    /// What is kept of it is not what it was, or there is no place for it.
    Lost(String),
    /// Something else went wrong.
    Fault(Fault),
}

impl From<SwarmError> for Missing {
    fn from(error: SwarmError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<WorkError> for Missing {
    fn from(error: WorkError) -> Self {
        let finding = error.finding();
        match (&error, finding.cause) {
            // Restic could not read what it was given; a full disk is not the canonical's fault.
            (WorkError::Failed { .. } | WorkError::Answer { .. }, Cause::Harness) => Self::Lost(finding.summary),
            _ => Self::Fault(error.into()),
        }
    }
}

impl Run<'_> {
    /// Brings the canonical of the plan back, before anything is deployed.
    pub(in crate::run) async fn bring_back(&mut self, step: &Step) -> StepEnd {
        let known = &self.known;
        known.conductor.step(step, bring_back(known)).await.end
    }
}

async fn bring_back(known: &Known<'_>) -> Result<Answer<()>, Fault> {
    let Some(canonical) = known.plan.kind.canonical() else {
        return Err(Fault::harness("the plan names no canonical"));
    };
    match brought(known, canonical).await {
        Ok(seen) => Ok(passed(seen).into()),
        Err(Missing::Fault(fault)) => Err(fault),
        Err(Missing::Lost(why)) => {
            let Canonical { version, run, .. } = canonical;
            let text = format!("the canonical {version} of run {run} cannot be brought back: {why}");
            Err(Fault::unanswered(Finding::new(Cause::CanonicalLost, text)))
        }
    }
}

/// Does it, and says what was brought.
async fn brought(known: &Known<'_>, canonical: &Canonical) -> Result<String, Missing> {
    is_empty(known, canonical).await?;
    let lend = known.world.canonical.as_ref().ok_or_else(|| Missing::Lost("nobody lends it".to_owned()))?;
    // Nobody forgets a snapshot before it is given back.
    let lent = lend().await.map_err(Missing::Lost)?;
    secrets(known, canonical).await?;
    let secrets = count(canonical.secrets.len(), "secret");
    match &canonical.data {
        None => Ok(format!("no volumes, {secrets}")),
        Some(data) => {
            volumes(known, canonical, data, &lent).await?;
            let SavedVolumes { volumes, files, bytes, .. } = data;
            let (volumes, files) = (count(volumes.len(), "volume"), count(*files, "file"));
            Ok(format!("{volumes}, {files}, {}, {secrets}", size(*bytes)))
        }
    }
}

/// Refuses a place in which something is already: what it would come to is nobody's app.
async fn is_empty(known: &Known<'_>, canonical: &Canonical) -> Result<(), Missing> {
    let (observe, stack) = (known.world.observe(), &canonical.stack);
    let (volumes, view) = tokio::try_join!(observe.volumes(stack), observe.stack(stack))?;
    let volume = |name: &String| Object::new(ObjectKind::Volume, name);
    let service = |name: &String| Object::new(ObjectKind::Service, format!("{stack}_{name}"));
    let mut there: Vec<Object> = volumes.iter().map(volume).collect();
    there.extend(view.services.iter().map(|one| service(&one.name)));
    // A volume of such a name that is nobody's would be taken for a new one, and removed with it.
    for volume in canonical.data.iter().flat_map(|data| data.volumes.iter().map(volume)) {
        there.extend(observe.labels(&volume).await?.map(|_| volume));
    }
    match there.first() {
        Some(object) => Err(Missing::Lost(format!("its place is not empty: {object} is there"))),
        None => Ok(()),
    }
}

/// Looks whether its secrets are there and kept for it; from then on they are not made anew.
async fn secrets(known: &Known<'_>, canonical: &Canonical) -> Result<(), Missing> {
    let (observe, recipe) = (known.world.observe(), known.plan.recipe.as_str());
    for name in &canonical.secrets {
        match observe.labels(&Object::new(ObjectKind::Secret, name)).await? {
            None => return Err(Missing::Lost(format!("its secret {name} is gone"))),
            Some(labels) if promotion::is_kept_for(&labels, recipe) => known.world.secrets.is_in_swarm(name),
            Some(_) => return Err(Missing::Lost(format!("the secret {name} is not kept for {recipe}"))),
        }
    }
    Ok(())
}

/// Makes its volumes as those of the run, fills them, and counts what is in them.
async fn volumes(known: &Known<'_>, canonical: &Canonical, data: &SavedVolumes, lent: &Lent) -> Result<(), Missing> {
    let (world, run) = (known.world, &known.plan.run);
    let place = lent.place.as_ref().ok_or_else(|| Missing::Lost("its data is gone".to_owned()))?;
    let key = place.key.as_ref().ok_or_else(|| Missing::Lost("nothing opens its data".to_owned()))?;
    let repository = Object::new(ObjectKind::Volume, place.volume());
    if world.doors.observe.labels(&repository).await?.is_none() {
        return Err(Missing::Lost(format!("its data is gone: there is no {repository}")));
    }
    for volume in &data.volumes {
        world.ledger.making(Object::new(ObjectKind::Volume, volume)).map_err(SwarmError::from)?;
        let mut labels = labels::of_run(run);
        labels.insert(labels::STACK.to_owned(), canonical.stack.to_string());
        world.doors.node.make_volume(volume, labels).await?;
    }
    let put_back = snapshot::put_back(&Hands::of(world, run), data, (&place.volume(), key)).await?;
    put_back.map_err(Missing::Lost)
}
