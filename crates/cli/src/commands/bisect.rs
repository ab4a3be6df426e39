//! `cc-ci bisect`: names the first commit at which a tier fails, with as few runs as halving takes.

use super::series::{RunsShown, ended, listened, print};
use crate::commands::run::{Screen, usual};
use cc_ci_args::bisect::BisectArgs;
use cc_ci_runner::bisect::{self, BisectNews};
use cc_ci_runner::error::RunnerError;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;

/// Searches, tells how it goes, and prints what came of it.
pub async fn exec(state: &StateFolder, args: &BisectArgs) -> Result<u8, RunnerError> {
    let shown = RunsShown::On(Screen::default());
    let (series, _watch) = listened(state.clone(), &args.operator.registries, args.series.no_reaper, &shown)?;
    let mut commits = 0;
    let tell = |news: BisectNews<'_>| {
        // Nothing is written beside a line that moves.
        shown.finish();
        match news {
            BisectNews::Planned(plan) => {
                commits = plan.line.len().saturating_sub(1);
                plan.lines().iter().for_each(|line| terminal::note(line));
            }
            BisectNews::Trying(place) => terminal::note(&format!("trying commit {place} of {commits}")),
            BisectNews::Answered(probe) => terminal::note(probe.line(commits).trim()),
            BisectNews::Note(note) => terminal::note(note),
        }
    };
    let report = match Box::pin(bisect::bisect(&args.wanted(), &series, tell)).await {
        Ok(report) => report,
        Err(error) => return ended(error, &series.stop),
    };
    print(args.series.json, &report.document(), &report.text())?;
    series.retain(usual());
    Ok(report.exit_code())
}
