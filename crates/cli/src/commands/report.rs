//! `cc-ci report RUN`: the reports of a stored run, drawn again from its events.

use crate::args::{Format, ReportArgs};
use crate::commands::pictures;
use crate::error::{Kind, UserError};
use crate::terminal;
use cc_ci_model::exit;
use cc_ci_model::ids::RunId;
use cc_ci_model::report::{ReportView, junit, results, summary, timeline};
use cc_ci_pages::comment::{self, Published};
use cc_ci_store::run_dir::{EVENTS, RunDir};
use cc_ci_store::state::StateFolder;
use cc_ci_store::{replay, stored};
use std::io::IsTerminal;
use std::path::Path;

/// Draws one report and prints it. The exit code says only whether it could be drawn.
pub fn exec(state: &StateFolder, args: &ReportArgs) -> Result<u8, UserError> {
    let dir = open(state, &args.run)?;
    let judged = replay::judged(&dir)?;
    let view = judged.view();
    let text = match args.format {
        Format::Text => {
            terminal::summary(&summary::render(&view));
            return Ok(exit::GREEN);
        }
        Format::Json => json(&view)?,
        Format::Junit => junit::render(&view).map_err(|error| failed(&error))?,
        Format::Timeline => timeline::render(&view).map_err(|error| failed(&error))?,
        Format::Html => pictures::page(&dir, &judged)?,
        Format::Badge => pictures::badge(&judged)?,
        Format::Markdown => comment::render(&view, &args.published.clone().map_or(Published::Nowhere, Published::At)),
        Format::Card if std::io::stdout().is_terminal() => {
            return Err(UserError::new(Kind::Usage, "a terminal cannot show a picture")
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

/// The results as JSON.
pub(crate) fn json(view: &ReportView) -> Result<String, UserError> {
    results::render(view).map_err(|error| failed(&error))
}

fn failed(what: &dyn std::fmt::Display) -> UserError {
    UserError::internal(format!("cannot draw the report: {what}"))
}

/// A stored run, by its id, its folder, or `latest`.
pub(crate) fn open(state: &StateFolder, run: &str) -> Result<RunDir, UserError> {
    if Path::new(run).join(EVENTS).is_file() {
        return Ok(RunDir::at(run));
    }
    if run == "latest" {
        return latest(state);
    }
    let hint = format!("`ls {}` shows the stored runs; `latest` is the last one", state.runs().display());
    let id = RunId::parse(run).map_err(|_| {
        UserError::new(Kind::Usage, format!("`{run}` is neither a run's id nor its folder")).hint(hint.clone())
    })?;
    RunDir::open(state, &id).map_err(|error| UserError::new(Kind::Usage, error.to_string()).hint(hint))
}

/// The run whose record began last: ids may come from outside, and say nothing.
fn latest(state: &StateFolder) -> Result<RunDir, UserError> {
    let none = || UserError::new(Kind::Usage, format!("there is no run in {}", state.runs().display()));
    stored::latest(state)?.ok_or_else(none)
}
