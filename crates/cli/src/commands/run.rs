//! `cc-ci run`: starts one run in this process, passes signals on to it, and prints how it ended.

use crate::args::{self, RunArgs};
use crate::signals::Signals;
use cc_ci_model::event::Listener;
use cc_ci_model::redact::Vault;
use cc_ci_model::report::{ReportView, results, summary};
use cc_ci_runner::clock;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::error::shown::shown;
use cc_ci_runner::outcome::RunOutcome;
use cc_ci_runner::request::{Deps, Reaper, Retention};
use cc_ci_runner::session::{Ending, Session};
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal::harmless_json;
use cc_ci_terminal::{self as terminal, Paint, Style, Terminal};
use std::sync::{Arc, Mutex, PoisonError};

/// Runs and prints the summary. The outcome's exit code is that of the verdict, or says how the run was ended.
pub async fn exec(state: StateFolder, args: &RunArgs) -> Result<RunOutcome, RunnerError> {
    let signals = Signals::listen()?;
    let request = args.request()?;
    args.recipe.from_environment(&args::given()).iter().for_each(|told| terminal::note(told));
    let run = args.run_id.clone().map_or_else(clock::new_run, Ok)?;
    let screen = Screen::default();
    let handle = Session::start(run, request, deps(state, args, &screen)?);
    let canceller = handle.canceller();
    let _watch = signals.pass_on(move |name| canceller.cancel(name));
    let finished = handle.finished().await;
    screen.finish();
    for note in &finished.notes {
        terminal::note(note);
    }
    match &finished.ended {
        Ending::Judged { view, folder, .. } => {
            show(view, args)?;
            terminal::note(&format!("run folder: {}", folder.display()));
            // A full disk leaves a run without one.
            let page = folder.join("index.html");
            if page.exists() {
                terminal::note(&format!("page: {}", page.display()));
            }
        }
        Ending::Refused(error) => terminal::note(&shown(error)),
    }
    Ok(finished.outcome())
}

fn deps(state: StateFolder, args: &RunArgs, screen: &Screen) -> Result<Deps, RunnerError> {
    // The program as it was when it started, also if another one lies in its place by now.
    let words = ["reap", "--run"].map(Into::into).to_vec();
    let reaper =
        if args.no_reaper { Reaper::None } else { Reaper::Program { program: "/proc/self/exe".into(), words } };
    // Whoever wants the outcome as a file sees to old runs, too.
    let usual = Retention::Apply(RetentionPolicy::default());
    let retention = if args.outcome.is_some() { Retention::Leave } else { usual };
    let screen = screen.clone();
    Ok(Deps {
        state,
        engine: args.registries.engine()?,
        places: args::places(),
        reaper,
        retention,
        listeners: Box::new(move |vault| vec![screen.start(vault)]),
        say: Arc::new(terminal::note),
    })
}

fn show(view: &ReportView, args: &RunArgs) -> Result<(), RunnerError> {
    if args.json {
        let text = results::render(view);
        let text = text.map_err(|error| RunnerError::internal(format!("cannot draw the report: {error}")))?;
        terminal::out(&harmless_json(&text));
    } else {
        terminal::summary(&summary::render(view), &args::wishes());
    }
    Ok(())
}

/// The terminal, from the first event of the record on.
#[derive(Clone, Default)]
struct Screen {
    terminal: Arc<Mutex<Option<Terminal>>>,
}

impl Screen {
    fn start(&self, vault: &Vault) -> Box<dyn Listener + Send> {
        let wishes = args::wishes();
        let terminal = Terminal::start(Style::for_stderr(&wishes), Paint::for_stderr(&wishes));
        let ear = terminal.ear(vault.clone());
        *self.terminal.lock().unwrap_or_else(PoisonError::into_inner) = Some(terminal);
        Box::new(ear)
    }

    /// Gives the line back, so that something else can be printed.
    fn finish(&self) {
        let terminal = self.terminal.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(terminal) = terminal {
            terminal.finish();
        }
    }
}
