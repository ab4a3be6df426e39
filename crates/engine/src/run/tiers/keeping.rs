//! Data across the upgrade: markers and volume indexes before the redeploy, and the same looked for after it (DATA-1, DATA-2).

use super::{Stage, StepEnd};
use crate::backup::places::{self, Stock};
use crate::backup::{self, Promise};
use crate::data::{self, Expected, MarkerPhase, Seeded, index, sqlite};
use crate::run::conductor::{failed_if, passed};
use cc_ci_model::data::DataIndex;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::Backup;

/// What the app held before the redeploy.
pub(super) struct Kept {
    seeded: Seeded,
    index: DataIndex,
}

impl Stage<'_> {
    /// Seeds the app at base and looks at its volumes.
    pub(super) async fn seed_before_upgrade(&mut self, kept: &mut Option<Kept>) -> StepEnd {
        let conductor = self.conductor.clone();
        let work = async {
            let bench = self.bench().await?;
            let stack = &self.plan.stack;
            let mounts = self.observe.mounts(stack).await?.volumes;
            let files = sqlite::find(&bench, &mounts).await?;
            let recipe = &self.app.first().recipe;
            let stock = Stock { mounts: &mounts, databases: &recipe.databases, files: &files };
            let chosen = places::for_upgrade(&promised(recipe), bench.volumes(), stock);
            let seeding = data::seed(&bench, stack, MarkerPhase::Upgrade, &chosen.places).await?;
            self.note_left_out(Tier::Upgrade, chosen.left_out);
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

    /// Says which databases take no markers, so that nobody takes their silence for proof.
    pub(super) fn note_left_out(&self, tier: Tier, left_out: Vec<String>) {
        let step = StepId::new(tier, "seed");
        for text in left_out {
            self.world.voice.note(Some(&step), text);
        }
    }
}

/// The paths a recipe promises to back up; none where its labels are wrong, which the backup tier reports.
fn promised(recipe: &Recipe) -> Vec<Promise> {
    match &recipe.backup {
        Backup::Capable(spec) => backup::promises(spec).unwrap_or_default(),
        Backup::NotCapable(_) => Vec::new(),
    }
}
