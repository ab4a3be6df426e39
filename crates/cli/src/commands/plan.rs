//! `cc-ci plan`: what a run would do, why, within which limits and with which permits (RUN-4).

use super::json;
use cc_ci_args::environment;
use cc_ci_args::run::PlanArgs;
use cc_ci_model::exit;
use cc_ci_model::report::plan;
use cc_ci_runner::clock;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::prepare::warmth::Warmth;
use cc_ci_runner::prepare::{Looking, prepare};
use cc_ci_runner::upgrades::{self, UpgradesRequest};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use tokio_util::sync::CancellationToken;

/// Plans and prints.
pub async fn exec(state: &StateFolder, args: &PlanArgs) -> Result<u8, RunnerError> {
    if let Some(asked) = args.upgrades()? {
        return of_upgrades(state, args, &asked).await;
    }
    let run = args.run_id.clone().map_or_else(clock::new_run, Ok)?;
    let (places, cancel) = (environment::places(), CancellationToken::new());
    let looking = Looking { state, places: &places, warmth: Warmth::Said, cancel: &cancel };
    let request = args.speed.request(&args.recipe)?;
    args.recipe.from_environment(&environment::given()).iter().for_each(|told| terminal::note(told));
    let prepared = prepare(&request, &run, &looking).await?;
    let plan = &prepared.approved.plan;
    terminal::out(&if args.json { json(plan)? } else { plan::render(plan) });
    Ok(exit::GREEN)
}

/// The same for a series of upgrades.
async fn of_upgrades(state: &StateFolder, args: &PlanArgs, asked: &UpgradesRequest) -> Result<u8, RunnerError> {
    let (places, cancel) = (environment::places(), CancellationToken::new());
    let looking = Looking { state, places: &places, warmth: Warmth::Said, cancel: &cancel };
    args.recipe.from_environment(&environment::given()).iter().for_each(|told| terminal::note(told));
    let plan = Box::pin(upgrades::plan(asked, &looking)).await?;
    terminal::out(&if args.json { json(&plan)? } else { plan.text() });
    Ok(exit::GREEN)
}
