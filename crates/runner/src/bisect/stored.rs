//! Stored runs that say what a run made now would say.

use crate::error::RunnerError;
use crate::prepare::Prepared;
use crate::readiness;
use crate::series::Series;
use cc_ci_engine::host;
use cc_ci_model::bisect::report::BisectPlan;
use cc_ci_model::bisect::reuse::{ENGINE, WantedRun};
use cc_ci_model::report::life::Life;
use cc_ci_model::tier::Tier;
use cc_ci_store::replay::{self, Judged};
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored;

/// The stored runs of one commit of the line, the oldest first.
pub(super) struct Stored {
    pub(super) place: usize,
    pub(super) runs: Vec<Judged>,
}

/// Every run that is over and was about the recipe at a commit of the line. One that cannot be read says nothing.
pub(super) fn runs(state: &StateFolder, plan: &BisectPlan) -> Result<Vec<Stored>, RunnerError> {
    let mut found: Vec<Stored> = (0..plan.line.len()).map(|place| Stored { place, runs: Vec::new() }).collect();
    for (_, dir) in stored::folders(state)? {
        let Ok(judged) = replay::judged(&dir) else { continue };
        let of_recipe = judged.plan.recipe == plan.recipe && judged.life == Life::Over;
        let place = plan.line.iter().position(|one| one.commit == judged.plan.head).filter(|_| of_recipe);
        if let Some(stored) = place.and_then(|place| found.get_mut(place)) {
            stored.runs.push(judged);
        }
    }
    Ok(found.into_iter().filter(|stored| !stored.runs.is_empty()).collect())
}

/// What records say about the engine that this process speaks to.
pub(super) async fn engine(series: &Series) -> Result<String, RunnerError> {
    let opened = series.engine.open().await;
    let node = (series.engine.address(), readiness::node(&opened));
    let adaptations = readiness::ready(&host::look(series.state.root(), node, series.stop.token()).await)?;
    let fact = adaptations.facts.into_iter().find(|(name, _)| name == ENGINE);
    Ok(fact.map(|(_, seen)| seen).unwrap_or_default())
}

/// Whether the stored run is the same as the prepared one would be. Tests and settings of the operator are in no record, so where
/// there are any, no stored run is the same.
pub(super) fn is_same(prepared: &Prepared, tier: Tier, engine: &str, judged: &Judged) -> bool {
    let operators = prepared.tests.given.is_some() || prepared.tests.catalogue.is_some();
    let wanted = WantedRun { plan: &prepared.approved.plan, tier, engine, program: env!("CARGO_PKG_VERSION") };
    !operators && wanted.is_stored_as(&judged.plan, &judged.evidence)
}
