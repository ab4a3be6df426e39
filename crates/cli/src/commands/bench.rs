//! `cc-ci bench floor`: real runs beside the same engine operations with perfect knowledge, in turn (PERF-1).

use super::json;
use crate::signals::Signals;
use cc_ci_args::bench::FloorArgs;
use cc_ci_args::environment;
use cc_ci_engine::run::Cancel;
use cc_ci_model::event::RunEnd;
use cc_ci_model::exit;
use cc_ci_runner::clock;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::floor::real::RealRun;
use cc_ci_runner::floor::{self, figures, real, table};
use cc_ci_runner::prepare::Looking;
use cc_ci_runner::prepare::warmth::Warmth;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;

/// Measures both in turn and prints the comparison. A run that is not green ends it: its time would say nothing.
pub async fn exec(state: &StateFolder, args: &FloorArgs) -> Result<u8, RunnerError> {
    let cancel = Cancel::default();
    let ending = cancel.clone();
    let _watch = Signals::listen()?.pass_on(move |name| ending.end(RunEnd::Cancelled { by: name.to_owned() }));
    let (request, places, engine) = (args.recipe.request()?, environment::places(), args.registries.engine()?);
    let looking = Looking { state, places: &places, warmth: Warmth::Never, cancel: cancel.token() };
    let program = RealRun {
        program: "/proc/self/exe".into(),
        words: args.recipe.words(),
        state,
        engine: engine.address(),
        credentials: args.registries.file(),
    };
    let (mut floors, mut runs) = (Vec::new(), Vec::new());
    for number in 1..=args.runs {
        let floor = Box::pin(floor::measure(&request, &clock::new_run()?, &looking, &engine, &cancel)).await?;
        terminal::note(&format!("{number} of {}: floor {}", args.runs, table::seconds(floor.total())));
        let run = real::measure(&program, cancel.token()).await?;
        terminal::note(&format!("{number} of {}: run   {}", args.runs, table::seconds(run.total())));
        floors.push(floor);
        runs.push(run);
    }
    let comparison = figures::compare(&floors, &runs);
    terminal::out(&if args.json { json(&comparison)? } else { table::text(&args.recipe.recipe, &comparison) });
    Ok(exit::GREEN)
}
