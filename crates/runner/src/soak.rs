//! `cc-ci soak`: many runs of the same commit, some of them at the same time, and what they say together.
//!
//! All run in this process: a run has a reaper, a lock, a ledger and a domain of its own, and a bug in one is caught in it
//! ([`crate::session`]).

use crate::clock;
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::warmth::Warmth;
use crate::prepare::{self, Looking};
use crate::request::{BaseWish, Request};
use crate::series::{MadeOf, MadeRun, Series, ended_by};
use cc_ci_model::exit;
use cc_ci_model::ids::RunId;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::scrutiny::TreeState;
use cc_ci_model::soak::ObservedRun;
use cc_ci_model::soak::report::{NotBegun, SoakPlan, SoakReport};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What is run how often.
#[derive(Debug, Clone)]
pub struct SoakRequest {
    /// What every run asks for.
    pub run: Request,
    /// How many runs.
    pub runs: u32,
    /// How many of them at the same time.
    pub jobs: u32,
}

/// What is told while it goes on.
#[derive(Debug)]
pub enum SoakNews<'a> {
    /// What is run and what it costs; nothing was deployed yet.
    Planned(&'a SoakPlan),
    /// A run is over.
    Over(&'a ObservedRun),
    /// Something else is worth a word.
    Note(&'a str),
}

/// Runs as often as asked for. An error is one of what was asked for, or the first run could not begin; everything else is in the
/// report.
pub async fn soak(
    asked: &SoakRequest,
    series: &Arc<Series>,
    mut tell: impl FnMut(SoakNews<'_>),
) -> Result<SoakReport, RunnerError> {
    let (plan, request) = Box::pin(planned(asked, series)).await?;
    tell(SoakNews::Planned(&plan));
    let (sender, mut made) = mpsc::channel(1);
    let line = Arc::new(Line { name: clock::new_run()?, next: AtomicU32::new(1), last: plan.runs, request });
    let mut workers = JoinSet::new();
    for _ in 0..plan.jobs {
        workers.spawn(work(Arc::clone(series), Arc::clone(&line), sender.clone()));
    }
    drop(sender);
    let (mut runs, mut refused) = (Vec::new(), Vec::new());
    while let Some((number, made)) = made.recv().await {
        match made {
            Ok(MadeRun { came: MadeOf::Judged(judged), notes, .. }) => {
                notes.iter().for_each(|note| tell(SoakNews::Note(note)));
                let end = judged.evidence.end.as_ref().map(|(end, _)| end);
                let run = ObservedRun::of(number, &judged.view(), exit::of_process(&judged.verdict, end));
                tell(SoakNews::Over(&run));
                runs.push(run);
            }
            Ok(MadeRun { came: MadeOf::Refused(error), .. }) | Err(error) => refused.push((number, error)),
        }
    }
    // They are over: each has given its sender back.
    while workers.join_next().await.is_some() {}
    refused.sort_by_key(|(number, _)| *number);
    match refused.into_iter().next() {
        Some((_, error)) if runs.is_empty() => Err(error),
        first => {
            let ended = series.stop.ended_by();
            // Whoever ended it is why others did not begin.
            let not_begun = first.filter(|_| ended.is_none()).map(|(number, error)| NotBegun {
                number,
                why: error.message,
                exit_code: error.kind.exit_code(),
            });
            Ok(SoakReport::new(plan, runs, not_begun, ended))
        }
    }
}

/// The runs that are still to be made.
struct Line {
    /// What the ids of all begin with.
    name: RunId,
    next: AtomicU32,
    last: u32,
    request: Request,
}

impl Line {
    /// The next number, if there is one.
    fn next(&self) -> Option<u32> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number <= self.last).then_some(number)
    }

    /// No run after this one.
    fn close(&self) {
        self.next.store(u32::MAX / 2, Ordering::Relaxed);
    }

    /// The id of a run: that of the whole, and its number.
    fn id(&self, number: u32) -> Result<RunId, RunnerError> {
        let digits = self.last.to_string().len();
        RunId::parse(&format!("{}-{number:0digits$}", self.name))
            .map_err(|error| RunnerError::internal(error.to_string()))
    }
}

/// Makes one run after the other. A run that cannot begin ends it: the next could not either.
async fn work(series: Arc<Series>, line: Arc<Line>, sender: mpsc::Sender<(u32, Result<MadeRun, RunnerError>)>) {
    while let (Some(number), None) = (line.next(), series.stop.ended_by()) {
        let made = match line.id(number) {
            Ok(id) => series.make_as(id, line.request.clone()).await,
            Err(error) => Err(error),
        };
        let began = matches!(&made, Ok(MadeRun { came: MadeOf::Judged(_), .. }));
        if !began {
            line.close();
        }
        if sender.send((number, made)).await.is_err() || !began {
            return;
        }
    }
}

/// What is run, and the request for each: at this very commit, from this very base, whatever is pushed, published or promoted
/// meanwhile.
async fn planned(asked: &SoakRequest, series: &Series) -> Result<(SoakPlan, Request), RunnerError> {
    if asked.run.state == TreeState::Uncommitted {
        let what = "a folder may change between two runs: soak is about one commit";
        return Err(RunnerError::new(ErrorKind::Usage, what).hint("commit what lies there, and leave --worktree out"));
    }
    let cancel = series.stop.token();
    let looking = Looking { state: &series.state, places: &series.places, warmth: Warmth::Said, cancel };
    let prepared = Box::pin(prepare::prepare(&asked.run, &clock::new_run()?, &looking)).await;
    if let Some(by) = series.stop.ended_by() {
        return Err(ended_by(&by));
    }
    let plan = prepared?.approved.plan;
    let version = match &plan.base {
        Base::Published { version, .. } => Some(version.clone()),
        Base::Commit { .. } | Base::Head { .. } => None,
    };
    let base = match (&asked.run.base, &version) {
        (BaseWish::Automatic, Some(version)) => BaseWish::Version(version.clone()),
        (wish @ (BaseWish::Automatic | BaseWish::Version(_) | BaseWish::NoUpgrade { .. }), _) => wish.clone(),
    };
    let request = Request { revision: Some(plan.head.to_string()), base, ..asked.run.clone() };
    let (runs, jobs) = (asked.runs.max(1), asked.jobs.clamp(1, asked.runs.max(1)));
    let deploys_each = plan.deploys_expected();
    Ok((SoakPlan { recipe: plan.recipe, head: plan.head, base: version, runs, jobs, deploys_each }, request))
}
