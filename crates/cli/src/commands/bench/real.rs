//! One real run: this program started anew, as a user starts it; its record says where the time went.

use crate::args::{self, FloorArgs};
use cc_ci_engine::process::{self, Command, ProcessError, Stream};
use cc_ci_model::report::ReportView;
use cc_ci_runner::clock;
use cc_ci_runner::error::{ErrorKind, RunnerError, chain};
use cc_ci_runner::floor::ended;
use cc_ci_runner::floor::figures::{Sample, TimedPart};
use cc_ci_runner::outcome::{EndKind, Outcome};
use cc_ci_store::replay;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A run keeps its own time limit; this is for one that does not.
const LIMIT: Duration = Duration::from_hours(2);

/// What the run needs of our environment: where recipes are found.
const ENVIRONMENT: [&str; 2] = ["ABRA_DIR", "XDG_STATE_HOME"];

/// Measures once, from the start of the process to the verdict.
pub(super) async fn measure(
    state: &StateFolder,
    floor: &FloorArgs,
    cancel: &CancellationToken,
) -> Result<Sample, RunnerError> {
    let run = clock::new_run()?;
    let folder = tempfile::tempdir()
        .map_err(|error| RunnerError::new(ErrorKind::Infrastructure, format!("cannot make a folder: {error}")))?;
    let outcome = folder.path().join("outcome.json");
    // It is not led to the user's own Docker configuration, so what that holds is named.
    let credentials = floor.registries.file().filter(|file| file.read().is_ok());
    let command = Command::new("/proc/self/exe")
        .args(["run", "--state"])
        .arg(state.root())
        .args(["--run-id", run.as_str(), "--outcome"])
        .arg(&outcome)
        .args(floor.recipe.words())
        .inherit(&ENVIRONMENT)
        .envs(args::address()?.env())
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
    let outcome = Outcome::read(&outcome)?;
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
