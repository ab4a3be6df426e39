//! `cc-ci run --from`: head upgraded from several published versions, and the grid of what came of it.

use super::series::{RunsShown, ended, listened, print};
use crate::commands::run::{Screen, usual};
use cc_ci_args::environment;
use cc_ci_args::run::RunArgs;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::upgrades::{self, UpgradesNews, UpgradesRequest};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;

/// Tries each version, tells how it goes, and prints what they come to.
pub async fn exec(state: &StateFolder, args: &RunArgs, asked: &UpgradesRequest) -> Result<u8, RunnerError> {
    let shown = RunsShown::On(Screen::default());
    let (series, _watch) = listened(state.clone(), &args.registries, args.no_reaper, &shown)?;
    args.recipe.from_environment(&environment::given()).iter().for_each(|told| terminal::note(told));
    let mut left = 0;
    let tell = |news: UpgradesNews<'_>| {
        // Nothing is written beside a line that moves.
        shown.finish();
        match news {
            UpgradesNews::Planned(plan) => {
                left = plan.runs();
                plan.lines().iter().for_each(|line| terminal::note(line));
            }
            UpgradesNews::Trying(planned) => {
                terminal::note(&format!("from {} ({left} to go)", planned.version));
                left -= 1;
            }
            UpgradesNews::Over(tried) => terminal::note(&tried.line()),
            UpgradesNews::Note(note) => terminal::note(note),
        }
    };
    let (report, kept) = match Box::pin(upgrades::upgrades(asked, &series, tell)).await {
        Ok(report) => report,
        Err(error) => return ended(error, &series.stop),
    };
    print(args.json, &report.document(), &report.text())?;
    if let Some(kept) = kept {
        terminal::note(&format!("folder of the series: {}", kept.path().display()));
    }
    series.retain(usual());
    Ok(report.exit_code())
}
