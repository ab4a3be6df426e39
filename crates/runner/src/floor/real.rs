//! One real run: the program started anew, as a user starts it; its record says where the time went.

use super::ended;
use super::figures::{Sample, TimedPart};
use crate::clock;
use crate::credentials::CredentialsFile;
use crate::error::{ErrorKind, RunnerError, chain};
use crate::outcome::RunOutcome;
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::process::{self, Command, ProcessError, Stream};
use cc_ci_model::exit::EndKind;
use cc_ci_model::report::ReportView;
use cc_ci_store::replay;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::ffi::OsString;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A run keeps its own time limit; this is for one that does not.
const LIMIT: Duration = Duration::from_hours(2);

/// What the run needs of our environment: where recipes are found.
const ENVIRONMENT: [&str; 2] = ["ABRA_DIR", "XDG_STATE_HOME"];

/// How the program is started for a run.
pub struct RealRun<'a> {
    /// The program.
    pub program: OsString,
    /// What is asked for, as words of its command line.
    pub words: Vec<OsString>,
    /// Where its run is kept.
    pub state: &'a StateFolder,
    /// The engine it runs on.
    pub engine: &'a EngineAddress,
    /// What it tells registries of images. It is not led to the user's own Docker configuration.
    pub credentials: Option<CredentialsFile>,
}

/// Measures once, from the start of the process to the verdict.
pub async fn measure(real: &RealRun<'_>, cancel: &CancellationToken) -> Result<Sample, RunnerError> {
    let (run, state) = (clock::new_run()?, real.state);
    let folder = tempfile::tempdir()
        .map_err(|error| RunnerError::new(ErrorKind::Infrastructure, format!("cannot make a folder: {error}")))?;
    let outcome = folder.path().join("outcome.json");
    let credentials = real.credentials.as_ref().filter(|file| file.read().is_ok());
    let command = Command::new(&real.program)
        .args(["run", "--state"])
        .arg(state.root())
        .args(["--run-id", run.as_str(), "--outcome"])
        .arg(&outcome)
        .args(&real.words)
        .inherit(&ENVIRONMENT)
        .envs(real.engine.env())
        .envs(credentials.map(|file| ("CC_CI_REGISTRY_AUTH", file.path().clone())))
        .deadline(LIMIT);
    let started = Instant::now();
    let mut record_began = None;
    // The first line a run shows is that its record has begun: until then it read and planned.
    let mut said = |stream: Stream, _: &str| {
        if stream == Stream::Err {
            record_began.get_or_insert_with(|| started.elapsed());
        }
    };
    match process::run_lines(&command, cancel, &mut said).await {
        Ok(_) => {}
        Err(ProcessError::Cancelled { .. }) => return Err(ended()),
        Err(error) => return Err(RunnerError::new(ErrorKind::Infrastructure, chain(&error))),
    }
    let outcome = RunOutcome::read(&outcome)?;
    if outcome.kind != EndKind::Green {
        let text = format!("the run {run} is not green, so its time says nothing: {}", outcome.message);
        return Err(RunnerError::new(ErrorKind::Recipe, text).hint("`cc-ci run` on the same recipe says more"));
    }
    let view = replay::judged(&RunDir::open(state, &run)?)?.view();
    sample(&view, record_began.unwrap_or_default()).ok_or_else(|| {
        RunnerError::internal(format!("the record of {run} does not say when its tiers began and ended"))
    })
}

/// Splits the time from the start of the process to the verdict; the tiers follow each other without a gap.
fn sample(view: &ReportView, unrecorded: Duration) -> Option<Sample> {
    let ran = || view.tiers.iter().filter(|row| row.span.began_ms.is_some());
    let began = ran().filter_map(|row| row.span.began_ms).min()?;
    let ended = ran().filter_map(|row| row.span.ended_ms).max()?;
    let steps = ran().flat_map(|row| row.steps.iter().map(|step| (row.tier, step)));
    let parts = steps.filter_map(|(tier, step)| {
        let what = step.id.as_str().split_once('/').map_or(step.id.as_str(), |(_, what)| what);
        Some(TimedPart { tier, what: what.to_owned(), ms: step.ms? })
    });
    Some(Sample {
        before: u64::try_from(unrecorded.as_millis()).ok()?.saturating_add(began),
        tiers: ran().filter_map(|row| Some((row.tier, row.span.ms()?))).collect(),
        after: view.due_ms?.saturating_sub(ended),
        parts: parts.collect(),
    })
}
