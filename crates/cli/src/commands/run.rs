//! `cc-ci run`: starts one run in this process, passes signals on to it, and prints how it ended.

use crate::signals::Signals;
use cc_ci_args::environment;
use cc_ci_args::machine;
use cc_ci_args::registries::RegistryArgs;
use cc_ci_args::run::RunArgs;
use cc_ci_model::event::Listener;
use cc_ci_model::ids::RunId;
use cc_ci_model::redact::Vault;
use cc_ci_model::report::{ReportView, results, summary};
use cc_ci_runner::clock;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::error::shown::shown;
use cc_ci_runner::outcome::RunOutcome;
use cc_ci_runner::request::{Deps, Reaper, Request, Retention};
use cc_ci_runner::session::{Ending, Session};
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal::harmless_json;
use cc_ci_terminal::{self as terminal, Paint, Style, Terminal};
use std::sync::{Arc, Mutex, PoisonError};

/// How a run is performed, beside what is asked for.
pub struct Terms<'a> {
    /// Credentials for registries.
    pub registries: &'a RegistryArgs,
    /// Whether nobody watches over it.
    pub no_reaper: bool,
    /// Whether results are printed in place of the summary.
    pub json: bool,
    /// What becomes of old runs.
    pub retention: Retention,
    /// The run's id; `None`: one is made of the time.
    pub id: Option<RunId>,
}

/// Runs and prints the summary. The outcome's exit code is that of the verdict, or says how the run was ended.
pub async fn exec(state: StateFolder, args: &RunArgs) -> Result<RunOutcome, RunnerError> {
    let request = args.request()?;
    args.recipe.from_environment(&environment::given()).iter().for_each(|told| terminal::note(told));
    // Whoever wants the outcome as a file sees to old runs, too.
    let retention = if args.outcome.is_some() { Retention::Leave } else { usual() };
    let RunArgs { registries, no_reaper, json, run_id, .. } = args;
    let terms = Terms { registries, no_reaper: *no_reaper, json: *json, retention, id: run_id.clone() };
    perform(state, request, terms).await
}

/// What usually becomes of old runs.
#[must_use]
pub fn usual() -> Retention {
    Retention::Apply(RetentionPolicy::default())
}

/// The same for whatever is asked for.
pub async fn perform(state: StateFolder, request: Request, terms: Terms<'_>) -> Result<RunOutcome, RunnerError> {
    let signals = Signals::listen()?;
    let run = terms.id.clone().map_or_else(clock::new_run, Ok)?;
    let (screen, json) = (Screen::default(), terms.json);
    let handle = Session::start(run, request, deps(state, &terms, &screen)?);
    let canceller = handle.canceller();
    let _watch = signals.pass_on(move |name| canceller.cancel(name));
    let finished = handle.finished().await;
    screen.finish();
    for note in &finished.notes {
        terminal::note(note);
    }
    match &finished.ended {
        Ending::Judged { view, folder, .. } => {
            show(view, json)?;
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

fn deps(state: StateFolder, terms: &Terms<'_>, screen: &Screen) -> Result<Deps, RunnerError> {
    let screen = screen.clone();
    Ok(Deps {
        state,
        engine: terms.registries.engine()?,
        places: environment::places(),
        reaper: reaper(terms.no_reaper),
        retention: terms.retention,
        lent: None,
        listeners: Box::new(move |vault| vec![screen.start(vault)]),
        say: Arc::new(terminal::note),
        providers: None,
        cores: machine::cores()?,
    })
}

/// Who watches over a run: the program as it was when it started, also if another one lies in its place by now.
pub(super) fn reaper(nobody: bool) -> Reaper {
    match nobody {
        true => Reaper::None,
        false => {
            Reaper::Program { program: "/proc/self/exe".into(), words: ["reap", "--run"].map(Into::into).to_vec() }
        }
    }
}

fn show(view: &ReportView, json: bool) -> Result<(), RunnerError> {
    if json {
        let text = results::render(view);
        let text = text.map_err(|error| RunnerError::internal(format!("cannot draw the report: {error}")))?;
        terminal::out(&harmless_json(&text));
    } else {
        terminal::summary(&summary::render(view), &environment::wishes());
    }
    Ok(())
}

/// The terminal, from the first event of the record on.
#[derive(Clone, Default)]
pub struct Screen {
    terminal: Arc<Mutex<Option<Terminal>>>,
}

impl Screen {
    pub(super) fn start(&self, vault: &Vault) -> Box<dyn Listener + Send> {
        let wishes = environment::wishes();
        let terminal = Terminal::start(Style::for_stderr(&wishes), Paint::for_stderr(&wishes));
        let ear = terminal.ear(vault.clone());
        *self.terminal.lock().unwrap_or_else(PoisonError::into_inner) = Some(terminal);
        Box::new(ear)
    }

    /// Gives the line back, so that something else can be printed.
    pub(super) fn finish(&self) {
        let terminal = self.terminal.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(terminal) = terminal {
            terminal.finish();
        }
    }
}
