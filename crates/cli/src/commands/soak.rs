//! `cc-ci soak`: many runs of the same commit, and what is flaky about it.

use super::series::{RunsShown, ended, listened, print};
use crate::commands::run::{Screen, usual};
use cc_ci_args::environment;
use cc_ci_args::soak::SoakArgs;
use cc_ci_model::soak::report::SoakReport;
use cc_ci_pages::soak as page;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::soak::{self, SoakNews};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::path::Path;
use std::sync::Arc;

/// Runs as often as asked for, tells of each run, and prints what they say together.
pub async fn exec(state: &StateFolder, args: &SoakArgs) -> Result<u8, RunnerError> {
    let shown = if args.jobs == 1 { RunsShown::On(Screen::default()) } else { RunsShown::Not };
    let (series, _watch) = listened(state.clone(), &args.registries, args.series.no_reaper, &shown)?;
    args.recipe.from_environment(&environment::given()).iter().for_each(|told| terminal::note(told));
    let series = Arc::new(series);
    let tell = |news: SoakNews<'_>| {
        // Nothing is written beside a line that moves.
        shown.finish();
        match news {
            SoakNews::Planned(plan) => plan.lines().iter().for_each(|line| terminal::note(line)),
            SoakNews::Over(run) => terminal::note(run.line(args.runs).trim()),
            SoakNews::Note(note) => terminal::note(note),
        }
    };
    let report = match Box::pin(soak::soak(&args.wanted()?, &series, tell)).await {
        Ok(report) => report,
        Err(error) => return ended(error, &series.stop),
    };
    print(args.series.json, &report.document(), &report.text())?;
    if let Some(file) = &args.page {
        write(file, &report)?;
    }
    series.retain(usual());
    Ok(report.exit_code())
}

fn write(file: &Path, report: &SoakReport) -> Result<(), RunnerError> {
    let page =
        page::document(report).map_err(|error| RunnerError::internal(format!("cannot draw the page: {error}")))?;
    std::fs::write(file, page).map_err(|error| {
        RunnerError::new(ErrorKind::Usage, format!("cannot write the page {}: {error}", file.display()))
    })?;
    terminal::note(&format!("page: {}", file.display()));
    Ok(())
}
