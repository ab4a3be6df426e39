//! `cc-ci sweep`: many recipes at their newest published versions, with what several need brought up once.

use super::json;
use super::series::{RunsShown, ended, listened};
use crate::commands::run::{Screen, usual};
use cc_ci_args::environment;
use cc_ci_args::sweep::SweepArgs;
use cc_ci_model::sweep::report::SweepReport;
use cc_ci_pages::sweep as page;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::sweep::{self, SweepNews};
use cc_ci_store::state::StateFolder;
use cc_ci_store::sweeps::Sweeps;
use cc_ci_terminal as terminal;
use std::sync::Arc;

/// Sweeps, tells of each recipe, keeps a record and a page, and prints what it came to.
pub async fn exec(state: &StateFolder, args: &SweepArgs) -> Result<u8, RunnerError> {
    let shown = if args.jobs == 1 { RunsShown::On(Screen::default()) } else { RunsShown::Not };
    let (series, _watch) = listened(state.clone(), &args.operator.registries, args.series.no_reaper, &shown)?;
    let series = Arc::new(series);
    let mut tell = |news: SweepNews<'_>| {
        // Nothing is written beside a line that moves.
        shown.finish();
        match news {
            SweepNews::Planned(plan) => plan.lines().iter().for_each(|line| terminal::note(line)),
            SweepNews::BroughtUp(row) => terminal::note(row.line().trim()),
            SweepNews::Over(row) => terminal::note(row.line().trim()),
            SweepNews::Note(note) => terminal::note(note),
        }
    };
    let report = match Box::pin(sweep::sweep(&args.wanted()?, &series, &mut tell)).await {
        Ok(report) => report,
        Err(error) => return ended(error, &series.stop),
    };
    let record = json(&report.document())?;
    keep(state, &report, &record)?;
    if args.series.json {
        terminal::out(&record);
    } else {
        terminal::summary(&report.text(), &environment::wishes());
    }
    series.retain(usual());
    Ok(report.exit_code())
}

fn keep(state: &StateFolder, report: &SweepReport, record: &str) -> Result<(), RunnerError> {
    let page =
        page::document(report).map_err(|error| RunnerError::internal(format!("cannot draw the page: {error}")))?;
    let path = Sweeps::of(state).put_report(&report.plan.sweep, record, &page)?;
    terminal::note(&format!("page: {}", path.display()));
    Ok(())
}
