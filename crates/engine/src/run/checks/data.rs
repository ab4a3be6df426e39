//! The app's data is what it was: markers, and the rows of its databases (DATA-1, DATA-3).

use super::Look;
use crate::data::{self, Expected, Seeded, counting, index};
use crate::run::after::After;
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::parts::Holdings;
use crate::voice::Voice;
use crate::workbench::{BenchUse, WorkError, Workbench};
use cc_ci_model::data::rows;
use cc_ci_model::data::rows::{Fleeting, RowCounts};
use cc_ci_model::ids::{StackName, StepId};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;

/// Looks at what volumes and databases hold, both at once. A database that cannot be counted is named.
pub(in crate::run) async fn take(
    bench: &Workbench,
    stack: &StackName,
    seeded: &Seeded,
    (voice, step): (&Voice, &StepId),
) -> Result<Holdings, WorkError> {
    let (index, rows) = tokio::try_join!(index::take(bench, stack), counting::count(bench, stack, seeded.places()))?;
    name_uncounted(&rows, voice, step);
    Ok(Holdings { index, rows })
}

fn name_uncounted(rows: &RowCounts, voice: &Voice, step: &StepId) {
    for (server, why) in &rows.uncounted {
        voice.note(Some(step), format!("the rows of {server} are not compared: {why}"));
    }
}

/// The seeded state is there, and no database holds less than it did. The volumes are looked at meanwhile, for the check that
/// follows.
pub(in crate::run) async fn markers(
    look: &mut Look<'_>,
    after: After,
    seeded: &Seeded,
    before: &RowCounts,
) -> Result<Answer<Holdings>, Fault> {
    let (cause, well) = match after {
        After::Restore => (Cause::RestoreIncomplete, "markers and rows are back"),
        After::Upgrade | After::Restart => (Cause::DataLost, "markers and rows are there"),
    };
    let bench = look.bench(BenchUse::Look).await?;
    let stack = &look.plan.stack;
    // A file that a restore brings, or that is made while one goes on, replaces nothing.
    let came = async {
        match after {
            After::Upgrade => counting::newcomers(&bench, stack, seeded.places()).await,
            After::Restore | After::Restart => Ok(RowCounts::default()),
        }
    };
    let (missing, mut now, came, index) = tokio::try_join!(
        data::verify(&bench, stack, seeded, Expected::Seeded),
        counting::count(&bench, stack, seeded.places()),
        came,
        index::take(&bench, stack)
    )?;
    name_uncounted(&now, look.voice, look.step);
    now.servers.extend(came.servers);
    let fleeting = fleeting(look.plan);
    let losses = match after {
        After::Restore => rows::compare_restored(before, &now, &fleeting),
        After::Upgrade | After::Restart => rows::compare(before, &now, &fleeting),
    };
    let lost = rows::finding(&losses, cause);
    let told = match after {
        After::Upgrade => rows::notes(before, &now, &fleeting),
        After::Restore | After::Restart => Vec::new(),
    };
    for note in told {
        look.voice.note(Some(look.step), note);
    }
    let outcome = match both(data::finding(&missing, cause), lost) {
        Some(finding) => Outcome::Failed(after.told(finding)),
        // All that was seeded may be in what a restart may cost.
        None if seeded.places().is_empty() => passed("nothing here has to outlive it"),
        None => passed(well),
    };
    Ok(Answer::new(outcome, Holdings { index, rows: now }))
}

/// Tables that the settings say come and go, or may lose rows.
pub(super) fn fleeting(plan: &Plan) -> Fleeting {
    let demands = &plan.demands;
    let declared: Vec<String> = demands.churn.iter().chain(&demands.expected_losses).cloned().collect();
    Fleeting::with(&declared)
}

/// One finding of two, led by the first.
pub(super) fn both(first: Option<Finding>, second: Option<Finding>) -> Option<Finding> {
    match (first, second) {
        (Some(mut first), Some(second)) => {
            first.details.extend(second.details);
            Some(first)
        }
        (one, other) => one.or(other),
    }
}
