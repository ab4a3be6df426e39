//! Lends what is kept of a recipe to a run that begins with it: to one at a time, since it takes over the stack and the domain of
//! the run that was promoted (WARM-3).

use crate::canonicals;
use crate::error::{ErrorKind, RunnerError, chain};
use crate::prepare::find;
use crate::request::{BaseWish, KindWish, Places, Request, Say};
use cc_ci_engine::promotion::{Lend, Lent};
use cc_ci_engine::swarm::Doors;
use cc_ci_model::canonical::Canonical;
use cc_ci_model::ids::RecipeName;
use cc_ci_model::plan::Plan;
use cc_ci_model::tier::Tier;
use cc_ci_store::canonicals::{Canonicals, Loan};
use cc_ci_store::state::StateFolder;
use cc_ci_store::whole::StateFileError;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long to wait for a run that has the canonical.
const PATIENCE: Duration = Duration::from_secs(1800);

/// How often it is asked for: the system tells nobody when it is free.
const LOOK: Duration = Duration::from_millis(250);

/// What is asked of a run that shows whether the canonical of a recipe comes back; the recipe, and what it is read with, stay as
/// they are.
pub fn verifying(state: &StateFolder, places: &Places, request: Request) -> Result<Request, RunnerError> {
    let name = find::name_of(state, places, &request.recipe)?;
    let shelf = Canonicals::of(state).shelf(&name)?;
    let newest = shelf.newest().ok_or_else(|| canonicals::none(&name))?;
    Ok(Request {
        kind: KindWish::Verify,
        revision: Some(newest.commit.to_string()),
        stages: BTreeSet::from([Tier::Install]),
        base: BaseWish::NoUpgrade { why: "the canonical is brought back as it was kept".to_owned() },
        ..request
    })
}

/// What to do about a canonical that does not come back.
pub const ADVICE: &str = "hint: the next green, complete run of the newest published version makes another canonical; \
     `cc-ci canonical show` says what is kept, `cc-ci canonical drop` takes it away";

/// Takes what a plan begins with, for as long as its run goes on; `None` where it begins with nothing.
pub(crate) async fn borrow(state: &StateFolder, plan: &Plan, say: &Say) -> Result<Option<Loan>, RunnerError> {
    if plan.kind.is_cold() {
        return Ok(None);
    }
    let (canonicals, began) = (Canonicals::of(state), Instant::now());
    let mut told = false;
    loop {
        if let Some(loan) = canonicals.try_lend(&plan.recipe)? {
            return Ok(Some(loan));
        }
        if !std::mem::replace(&mut told, true) {
            say(&format!("waiting: another run has the canonical of {}", plan.recipe));
        }
        if began.elapsed() >= PATIENCE {
            let what = format!("another run has had the canonical of {} for {} s", plan.recipe, PATIENCE.as_secs());
            return Err(RunnerError::new(ErrorKind::Infrastructure, what));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the engine asks before it brings the canonical of a plan back; `None` where the plan has none.
pub(crate) fn lend(state: &StateFolder, plan: &Plan, doors: &Doors) -> Option<Lend> {
    let canonical = plan.kind.canonical()?.clone();
    let (canonicals, recipe, doors) = (Canonicals::of(state), plan.recipe.clone(), doors.clone());
    Some(Arc::new(move || {
        let (canonicals, recipe, canonical, doors) =
            (canonicals.clone(), recipe.clone(), canonical.clone(), doors.clone());
        Box::pin(async move { lent(&canonicals, &recipe, &canonical, &doors).await })
    }))
}

/// Holds the repository, after what a killed process left half done was put right.
async fn lent(
    canonicals: &Canonicals,
    recipe: &RecipeName,
    canonical: &Canonical,
    doors: &Doors,
) -> Result<Lent, String> {
    let lock = canonicals::lock(canonicals).await.map_err(|error| error.message)?;
    let in_words = |error: StateFileError| chain(&error);
    if !canonicals.shelf(recipe).map_err(in_words)?.kept.contains(canonical) {
        return Err("it is not kept any more".to_owned());
    }
    canonicals::heal(canonicals, &lock, doors, &|_| false).await.map_err(|error| error.message)?;
    let record = canonicals.repository().map_err(in_words)?;
    let place = record.map(|record| canonicals::place(&record, BTreeSet::new())).transpose();
    Ok(Lent { place: place.map_err(|error| error.message)?, held: Box::new(lock) })
}
