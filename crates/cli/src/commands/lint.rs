//! `cc-ci lint`: what is wrong with a recipe's files at one commit, without network and without Docker (VER-5).

use super::json;
use cc_ci_args::environment;
use cc_ci_args::lint::{LintArgs, LintFormat};
use cc_ci_model::exit;
use cc_ci_recipe::lint::{LintReport, sarif, text};
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::lint::{self, Linted};
use cc_ci_runner::prepare::Looking;
use cc_ci_runner::prepare::warmth::Warmth;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// Lints and prints. The exit code says whether anything of severity error was found.
pub async fn exec(state: &StateFolder, args: &LintArgs) -> Result<u8, RunnerError> {
    let (places, cancel) = (environment::places(), CancellationToken::new());
    let looking = Looking { state, places: &places, warmth: Warmth::Never, cancel: &cancel };
    let linted = lint::lint(args.wanted()?, &looking).await?;
    for note in &linted.notes {
        terminal::note(&format!("note: {note}"));
    }
    terminal::out(&drawn(&linted, args.format)?);
    Ok(if linted.report.passed() { exit::GREEN } else { exit::RED })
}

/// The report with what it is about.
#[derive(Serialize)]
struct Told<'a> {
    recipe: &'a str,
    commit: &'a str,
    passed: bool,
    #[serde(flatten)]
    report: &'a LintReport,
}

fn drawn(linted: &Linted, format: LintFormat) -> Result<String, RunnerError> {
    let Linted { recipe, commit, report, .. } = linted;
    match format {
        LintFormat::Text => Ok(text::render(report)),
        LintFormat::Json => json(&Told { recipe: recipe.as_str(), commit, passed: report.passed(), report }),
        LintFormat::Sarif => json(&sarif::render(report, env!("CARGO_PKG_VERSION"))),
    }
}
