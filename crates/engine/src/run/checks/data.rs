//! The app's data is what it was: markers, and what its volumes hold (DATA-1, DATA-2).

use super::Look;
use crate::data::{self, Expected, Seeded, index};
use crate::run::conductor::{Answer, Fault, failed_if, passed};
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::{DataIndex, compare};
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::tier::Tier;

/// The seeded state is there.
pub(in crate::run) async fn markers(look: &mut Look<'_>, tier: Tier, seeded: &Seeded) -> Result<Answer<()>, Fault> {
    let (cause, well) = match tier {
        Tier::Restore => (Cause::RestoreIncomplete, "markers are back"),
        Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Custom => (Cause::DataLost, "markers are there"),
    };
    let bench = look.bench().await?;
    let missing = data::verify(&bench, &look.plan.stack, seeded, Expected::Seeded).await?;
    Ok(match data::finding(&missing, cause) {
        Some(finding) => Outcome::Failed(finding),
        None => passed(well),
    }
    .into())
}

/// Every volume holds what it held before.
pub(in crate::run) async fn volumes(look: &mut Look<'_>, before: &DataIndex) -> Result<Answer<()>, Fault> {
    let bench = look.bench().await?;
    let now = index::take(&bench, &look.plan.stack).await?;
    let losses = compare::compare(before, &now, &Churn::with(&look.plan.demands.churn));
    Ok(failed_if(compare::finding(&losses)).into())
}
