//! What commands of several runs have in common: what the runs work with, and the signals that end them.

use crate::commands::run::{Screen, reaper};
use crate::signals::{Signals, Watch};
use cc_ci_args::environment;
use cc_ci_args::machine;
use cc_ci_args::registries::RegistryArgs;
use cc_ci_model::exit;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::error::shown::shown;
use cc_ci_runner::series::{Series, SeriesListeners, SeriesStop};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use serde::Serialize;
use std::sync::Arc;

/// Whether what happens in a run is shown while it goes on.
#[derive(Clone)]
pub enum RunsShown {
    /// It is, one run at a time.
    On(Screen),
    /// It is not: several go on at once.
    Not,
}

/// A series of runs that a signal ends, for as long as the watch is held.
pub fn listened(
    state: StateFolder,
    registries: &RegistryArgs,
    no_reaper: bool,
    show: &RunsShown,
) -> Result<(Series, Watch), RunnerError> {
    let listeners: SeriesListeners = match show.clone() {
        RunsShown::On(screen) => Arc::new(move |vault| vec![screen.start(vault)]),
        RunsShown::Not => Arc::new(|_| Vec::new()),
    };
    let stop = SeriesStop::default();
    let ending = stop.clone();
    let watch = Signals::listen()?.pass_on(move |name| ending.end(name));
    let series = Series {
        state,
        engine: registries.engine()?,
        places: environment::places(),
        reaper: reaper(no_reaper),
        say: Arc::new(terminal::note),
        listeners,
        stop,
        cores: machine::cores()?,
    };
    Ok((series, watch))
}

/// What a command answers that has nothing to report: the signal that ended it, else why.
pub fn ended(error: RunnerError, stop: &SeriesStop) -> Result<u8, RunnerError> {
    let Some(by) = stop.ended_by() else { return Err(error) };
    terminal::note(&shown(&error));
    Ok(exit::of_cancelled_by(&by))
}

/// Prints what a series came to: its document, or its text.
pub fn print(as_json: bool, document: &impl Serialize, text: &str) -> Result<(), RunnerError> {
    if as_json {
        terminal::out(&super::json(document)?);
    } else {
        terminal::summary(text, &environment::wishes());
    }
    Ok(())
}

impl RunsShown {
    /// Gives the line back, so that something else can be printed.
    pub fn finish(&self) {
        match self {
            Self::On(screen) => screen.finish(),
            Self::Not => {}
        }
    }
}
