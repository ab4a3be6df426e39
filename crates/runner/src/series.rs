//! Several runs that one command makes: started one by one or at once, ended by one word, and judged from what is on disk.

use crate::clock;
use crate::closing;
use crate::error::{ErrorKind, RunnerError};
use crate::providers::LentProviders;
use crate::request::{Cores, Deps, EngineChoice, Heard, Places, Reaper, Request, Retention, Say};
use crate::session::{Canceller, Ending, Finished, Session};
use cc_ci_model::ids::RunId;
use cc_ci_model::redact::Vault;
use cc_ci_model::upgrades::plan::RunPermit;
use cc_ci_store::replay::{self, Judged};
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// What runs of one command work with.
pub struct Series {
    /// Where everything is kept.
    pub state: StateFolder,
    /// The engine that they happen on.
    pub engine: EngineChoice,
    /// Folders outside of the state folder.
    pub places: Places,
    /// Who cleans up if this process is killed.
    pub reaper: Reaper,
    /// Told what is worth a word and belongs to no record.
    pub say: Say,
    /// Who else hears what happens in a run; asked once for each.
    pub listeners: SeriesListeners,
    /// Ends them all.
    pub stop: SeriesStop,
    /// How many cores they share, with all others of this machine.
    pub cores: Cores,
}

/// Makes the listeners of one run.
pub type SeriesListeners = Arc<dyn Fn(&Vault) -> Heard + Send + Sync>;

/// A run of a series that is over.
#[derive(Debug)]
pub struct MadeRun {
    /// The run.
    pub run: RunId,
    /// What came of it.
    pub came: MadeOf,
    /// What is worth a word and changes nothing.
    pub notes: Vec<String>,
}

/// What came of the request for a run.
#[derive(Debug)]
pub enum MadeOf {
    /// A record, judged from the disk.
    Judged(Box<Judged>),
    /// No run could begin.
    Refused(RunnerError),
}

/// What one run of a series is given beside what all have.
#[derive(Default)]
struct Given {
    lent: Option<RunPermit>,
    providers: Option<Arc<LentProviders>>,
}

impl Series {
    /// Makes one run under an id of its own, made of the time.
    pub async fn make(&self, request: Request) -> Result<MadeRun, RunnerError> {
        self.make_as(clock::new_run()?, request).await
    }

    /// Makes one run. When the series was ended before, none begins.
    pub async fn make_as(&self, run: RunId, request: Request) -> Result<MadeRun, RunnerError> {
        self.start(run, request, Given::default()).await
    }

    /// Makes one run with what it is lent; one that would do anything else is refused before it deploys.
    pub async fn make_lent(&self, permit: RunPermit, request: Request) -> Result<MadeRun, RunnerError> {
        let run = permit.run().clone();
        self.start(run, request, Given { lent: Some(permit), ..Given::default() }).await
    }

    /// Makes one run that is given what a sweep brought up, and may bring nothing else up than its app.
    pub(crate) async fn make_swept(
        &self,
        run: RunId,
        request: Request,
        providers: Arc<LentProviders>,
    ) -> Result<MadeRun, RunnerError> {
        self.start(run, request, Given { providers: Some(providers), ..Given::default() }).await
    }

    async fn start(&self, run: RunId, request: Request, given: Given) -> Result<MadeRun, RunnerError> {
        if let Some(by) = self.stop.ended_by() {
            return Err(ended_by(&by));
        }
        let Given { lent, providers } = given;
        let handle = Session::start(run.clone(), request, Deps { lent, providers, ..self.deps() });
        self.stop.watch(&run, handle.canceller());
        let finished = handle.finished().await;
        self.stop.forget(&run);
        self.made(finished)
    }

    /// Removes the old runs that are to go. Not after each run: those of the series are read once more at its end.
    pub fn retain(&self, retention: Retention) {
        if let Some(note) = closing::retain(&self.state, retention) {
            (self.say)(&note);
        }
    }

    fn made(&self, finished: Finished) -> Result<MadeRun, RunnerError> {
        let Finished { run, ended, notes, .. } = finished;
        let came = match ended {
            // What is on disk is what anybody can judge again.
            Ending::Judged { .. } => MadeOf::Judged(Box::new(replay::judged(&RunDir::open(&self.state, &run)?)?)),
            Ending::Refused(error) => MadeOf::Refused(error),
        };
        Ok(MadeRun { run, came, notes })
    }

    fn deps(&self) -> Deps {
        let listeners = Arc::clone(&self.listeners);
        Deps {
            state: self.state.clone(),
            engine: self.engine.clone(),
            places: self.places.clone(),
            reaper: self.reaper.clone(),
            retention: Retention::Leave,
            lent: None,
            listeners: Box::new(move |vault| listeners(vault)),
            say: Arc::clone(&self.say),
            providers: None,
            cores: self.cores,
        }
    }
}

/// What a command answers that was ended before it had anything to say.
pub(crate) fn ended_by(by: &str) -> RunnerError {
    RunnerError::new(ErrorKind::Cancelled, format!("ended by {by}"))
}

/// Ends a series from outside: the runs that go on, and those that would come. Cheap to clone.
#[derive(Clone, Default)]
pub struct SeriesStop {
    going: Arc<Mutex<Going>>,
    token: CancellationToken,
}

#[derive(Default)]
struct Going {
    by: Option<String>,
    runs: Vec<(RunId, Canceller)>,
}

impl SeriesStop {
    /// Ends the series; who comes later is passed on to the runs, which note it.
    pub fn end(&self, by: &str) {
        let mut going = self.going();
        going.by.get_or_insert_with(|| by.to_owned());
        for (_, canceller) in &going.runs {
            canceller.cancel(by);
        }
        self.token.cancel();
    }

    /// Who ended it.
    #[must_use]
    pub fn ended_by(&self) -> Option<String> {
        self.going().by.clone()
    }

    /// Ends what is done beside the runs.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    fn watch(&self, run: &RunId, canceller: Canceller) {
        let mut going = self.going();
        // Whoever ended the series a moment ago did not see this run.
        if let Some(by) = &going.by {
            canceller.cancel(by);
        }
        going.runs.push((run.clone(), canceller));
    }

    fn forget(&self, run: &RunId) {
        self.going().runs.retain(|(one, _)| one != run);
    }

    fn going(&self) -> std::sync::MutexGuard<'_, Going> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
