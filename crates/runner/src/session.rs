//! One run, from a request to its end. Several may go on in one process: nothing here belongs to the process as a whole.

mod early;
mod last_word;
mod perform;
mod setup;

use crate::error::{ErrorKind, RunnerError};
use crate::outcome::RunOutcome;
use crate::request::{Deps, Request};
use cc_ci_engine::run::Cancel;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::RunEnd;
use cc_ci_model::exit;
use cc_ci_model::ids::RunId;
use cc_ci_model::report::ReportView;
use cc_ci_store::replay;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::task::JoinHandle;

/// Starts runs.
#[derive(Debug)]
pub struct Session;

/// A run under way. Dropping it ends nothing.
#[derive(Debug)]
pub struct RunHandle {
    run: RunId,
    state: StateFolder,
    canceller: Canceller,
    performing: JoinHandle<Finished>,
}

/// Ends a run from outside; cheap to clone.
#[derive(Clone, Default)]
pub struct Canceller {
    cancel: Cancel,
    voice: Arc<OnceLock<Voice>>,
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub ended: Ending,
    /// Who ended it, where somebody did.
    pub ended_by: Option<String>,
    /// What is worth a word and changes nothing.
    pub notes: Vec<String>,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// With a record, and a verdict on it.
    Judged {
        /// How it came to its end.
        end: RunEnd,
        /// What the reports show.
        view: Box<ReportView>,
        /// The run's folder.
        folder: PathBuf,
    },
    /// No run came of the request; there is no folder either.
    Refused(RunnerError),
}

impl Session {
    /// Starts a run under an id that no other run has. To be called on a runtime with worker threads: programs that the run
    /// starts die with the thread that started them.
    #[must_use]
    pub fn start(run: RunId, request: Request, deps: Deps) -> RunHandle {
        let (canceller, state) = (Canceller::default(), deps.state.clone());
        let performing = tokio::spawn({
            let (run, canceller) = (run.clone(), canceller.clone());
            async move { Box::pin(perform::perform(run, request, deps, canceller)).await }
        });
        RunHandle { run, state, canceller, performing }
    }
}

impl RunHandle {
    /// The run.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Ends the run, with everything it made removed; `by` says who wants that.
    pub fn cancel(&self, by: &str) {
        self.canceller.cancel(by);
    }

    /// What ends the run from elsewhere.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Waits for the end.
    pub async fn finished(self) -> Finished {
        let Self { run, state, canceller, performing } = self;
        match performing.await {
            Ok(finished) => finished,
            Err(panic) => {
                let error = RunnerError::internal(format!("the run stopped with a bug: {panic}"));
                let (ended, notes) = match recorded(&state, &run) {
                    Some(judged) => (judged, vec![format!("note: {error}")]),
                    None => (Ending::Refused(error), Vec::new()),
                };
                Finished { run, ended, ended_by: canceller.ended_by(), notes }
            }
        }
    }
}

/// What the disk says of a run that stopped with a bug; `None` when it had not come to a record that can be judged.
fn recorded(state: &StateFolder, run: &RunId) -> Option<Ending> {
    let dir = RunDir::open(state, run).ok()?;
    let judged = replay::judged(&dir).ok()?;
    let (end, _) = judged.evidence.end.clone()?;
    Some(Ending::Judged { end, view: Box::new(judged.view()), folder: dir.path().to_owned() })
}

impl Finished {
    /// The same for whoever started the run as a child and may have been away meanwhile.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        match (&self.ended, &self.ended_by) {
            (Ending::Judged { end, view, folder }, _) => RunOutcome::judged(view, end, folder),
            (Ending::Refused(error), Some(by)) if error.kind == ErrorKind::Cancelled => {
                RunOutcome { exit_code: exit::of_cancelled_by(by), ..RunOutcome::refused(Some(&self.run), error) }
            }
            (Ending::Refused(error), _) => RunOutcome::refused(Some(&self.run), error),
        }
    }
}

impl Canceller {
    /// Ends the run once; who comes later is noted and changes nothing, so that teardown always comes to its end.
    pub fn cancel(&self, by: &str) {
        match self.voice.get() {
            Some(voice) if self.cancel.token().is_cancelled() => {
                voice.note(None, format!("{by}: noted; the run is ending already"));
            }
            Some(_) | None => self.cancel.end(RunEnd::Cancelled { by: by.to_owned() }),
        }
    }

    /// Who ended the run.
    fn ended_by(&self) -> Option<String> {
        match self.cancel.reason()? {
            RunEnd::Cancelled { by } => Some(by),
            RunEnd::Deadline | RunEnd::Completed | RunEnd::Infrastructure { .. } | RunEnd::Broken { .. } => None,
        }
    }

    /// What a run answers that was ended before its record began.
    fn ended_early(&self) -> RunnerError {
        let by = self.ended_by().unwrap_or_else(|| "somebody".to_owned());
        RunnerError::new(ErrorKind::Cancelled, format!("the run was ended by {by} before it began"))
    }
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canceller").field("reason", &self.cancel.reason()).finish_non_exhaustive()
    }
}
