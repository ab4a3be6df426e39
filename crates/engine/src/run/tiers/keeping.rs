//! Data across the upgrade: markers and volume indexes before the redeploy, and the same looked for after it (DATA-1, DATA-2).

use super::{Deployable, Done, Fault, Stage};
use crate::backup::{self, Promise};
use crate::data::files::Folder;
use crate::data::{self, Expected, Phase, Place, Seeded, index};
use crate::run::conductor::{failed_if, passed};
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::{DataIndex, Mounted};
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::recipe::Recipe;
use cc_ci_model::recipe::backup::Backup;
use cc_ci_model::tier::Tier;
use std::collections::BTreeSet;

/// What the app held before the redeploy.
pub(super) struct Kept {
    seeded: Seeded,
    index: DataIndex,
}

impl Stage<'_> {
    /// Seeds the app at base and looks at its volumes.
    pub(super) async fn seed_before_upgrade(&mut self, kept: &mut Option<Kept>) -> Done {
        let conductor = self.conductor.clone();
        let work = async {
            let bench = self.bench().await?;
            let stack = &self.plan.stack;
            let (_, mounts) = index::mounts(bench.docker(), stack).await?;
            let places = upgrade_places(self.app.first(), &mounts, bench.volumes());
            let seeding = data::seed(&bench, stack, Phase::Upgrade, &places).await?;
            let index = index::take(&bench, stack).await?;
            let outcome = seeding.outcome();
            *kept = Some(Kept { seeded: seeding.seeded, index });
            Ok(outcome)
        };
        conductor.step(Tier::Upgrade, "seed", work).await
    }

    /// Looks for what was there before the redeploy.
    pub(super) async fn kept(&mut self, kept: &Kept) {
        let conductor = self.conductor.clone();
        let work = async {
            let bench = self.bench().await?;
            let missing = data::verify(&bench, &self.plan.stack, &kept.seeded, Expected::Seeded).await?;
            Ok(match data::finding(&missing, Cause::DataLost) {
                Some(finding) => Outcome::Failed(finding),
                None => passed("markers are there"),
            })
        };
        conductor.step(Tier::Upgrade, "markers", work).await;
        let work = async {
            let bench = self.bench().await?;
            let now = index::take(&bench, &self.plan.stack).await?;
            let losses = cc_ci_model::data::compare::compare(&kept.index, &now, &Churn::with(&self.plan.demands.churn));
            Ok(failed_if(cc_ci_model::data::compare::finding(&losses)))
        };
        conductor.step(Tier::Upgrade, "volumes", work).await;
    }

    /// Says which recognised databases take no markers yet, so that nobody takes their silence for proof.
    pub(super) fn note_unmarked(&self, tier: Tier, recipe: &Recipe) -> Result<(), Fault> {
        let step = cc_ci_model::ids::StepId::new(tier, "seed");
        for database in &recipe.databases {
            if data::postgres::Login::to(database).is_none() {
                let kind = serde_json::to_value(database.kind).map_err(|error| Fault::harness(error.to_string()))?;
                let text = format!("{}: no markers are put into {kind} databases yet", database.service);
                self.world.voice.note(Some(&step), text);
            }
        }
        Ok(())
    }
}

/// Where markers prove an upgrade: what the recipe promises to back up and its databases; where there is neither, the root of
/// each of the stack's volumes.
fn upgrade_places(tree: &Deployable, mounts: &BTreeSet<Mounted>, volumes: &BTreeSet<String>) -> Vec<Place> {
    let promises = promised(&tree.recipe);
    let places = backup::places(&promises, mounts, &tree.recipe.databases);
    if !places.is_empty() {
        return places;
    }
    let own = mounts.iter().filter(|mount| volumes.contains(&mount.volume));
    let mut seen = BTreeSet::new();
    own.filter(|mount| seen.insert(&mount.volume))
        .map(|mount| {
            let (service, target) = (mount.service.clone(), mount.target.clone());
            Place::Folder(Folder { service, target, path: String::new() })
        })
        .collect()
}

/// The paths a recipe promises to back up; none where its labels are wrong, which the backup tier reports.
fn promised(recipe: &Recipe) -> Vec<Promise> {
    match &recipe.backup {
        Backup::Capable(spec) => backup::promises(spec).unwrap_or_default(),
        Backup::NotCapable(_) => Vec::new(),
    }
}
