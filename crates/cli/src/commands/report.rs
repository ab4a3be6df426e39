//! `cc-ci report RUN`: the reports of a stored run, drawn again from its events.

use cc_ci_args::environment;
use cc_ci_args::stored::{Format, ReportArgs};
use cc_ci_model::exit;
use cc_ci_model::report::{junit, results, summary, timeline};
use cc_ci_pages::comment::{self, PublishedAt};
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::pictures;
use cc_ci_runner::stored;
use cc_ci_store::replay;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use cc_ci_terminal::harmless_json;
use std::io::IsTerminal;

/// Draws one report and prints it. The exit code says only whether it could be drawn.
pub fn exec(state: &StateFolder, args: &ReportArgs) -> Result<u8, RunnerError> {
    let dir = stored::open(state, &args.run)?;
    let judged = replay::judged(&dir)?;
    let view = judged.view();
    let text = match args.format {
        Format::Text => {
            terminal::summary(&summary::render(&view), &environment::wishes());
            return Ok(exit::GREEN);
        }
        Format::Json => harmless_json(&results::render(&view).map_err(|error| failed(&error))?).into_owned(),
        Format::Junit => junit::render(&view).map_err(|error| failed(&error))?,
        Format::Timeline => harmless_json(&timeline::render(&view).map_err(|error| failed(&error))?).into_owned(),
        Format::Html => pictures::page(&dir, &judged)?,
        Format::Badge => pictures::badge(&judged)?,
        Format::Markdown => {
            comment::render(&view, &args.published.clone().map_or(PublishedAt::Nowhere, PublishedAt::At))
        }
        Format::Card if std::io::stdout().is_terminal() => {
            return Err(RunnerError::new(ErrorKind::Usage, "a terminal cannot show a picture")
                .hint("send it to a file: cc-ci report RUN --format card > card.png"));
        }
        Format::Card => {
            terminal::out_bytes(&pictures::card(&judged)?);
            return Ok(exit::GREEN);
        }
    };
    terminal::out(&text);
    Ok(exit::GREEN)
}

fn failed(what: &dyn std::fmt::Display) -> RunnerError {
    RunnerError::internal(format!("cannot draw the report: {what}"))
}
