//! `cc-ci bench floor`: real runs beside the same engine operations with perfect knowledge, in turn (PERF-1).

mod figures;
mod floor;
mod real;
mod table;

use crate::args::FloorArgs;
use crate::error::{Kind, UserError};
use crate::terminal;
use cc_ci_engine::run::Cancel;
use cc_ci_engine::voice::Voice;
use cc_ci_model::exit;
use std::time::Duration;

use crate::commands::run::signals;
use cc_ci_store::state::StateFolder;

/// A measurement may take this long in all.
const LIMIT: Duration = Duration::from_hours(12);

/// Measures both in turn and prints the comparison. A run that is not green ends it: its time would say nothing.
pub async fn exec(state: &StateFolder, args: &FloorArgs) -> Result<u8, UserError> {
    let cancel = Cancel::default();
    let watch = signals::watch(cancel.clone(), Voice::new(Vec::new()), LIMIT)?;
    let (mut floors, mut runs) = (Vec::new(), Vec::new());
    for number in 1..=args.runs {
        let floor = Box::pin(floor::measure(state, args, &cancel)).await?;
        terminal::note(&format!("{number} of {}: floor {}", args.runs, table::seconds(floor.total())));
        let run = real::measure(state, args, cancel.token()).await?;
        terminal::note(&format!("{number} of {}: run   {}", args.runs, table::seconds(run.total())));
        floors.push(floor);
        runs.push(run);
    }
    watch.abort();
    let comparison = figures::compare(&floors, &runs);
    if args.json {
        let text = serde_json::to_string_pretty(&comparison)
            .map_err(|source| UserError::internal(format!("cannot write the figures: {source}")))?;
        terminal::out(&text);
    } else {
        terminal::out(&table::text(&args.recipe.recipe, &comparison));
    }
    Ok(exit::GREEN)
}

fn ended() -> UserError {
    UserError::new(Kind::Cancelled, "the measurement was ended").hint("`cc-ci clean` removes what it left, if anything")
}
