//! One real run: this program started anew, as a user starts it; its record says where the time went.

use super::ended;
use super::figures::{Part, Sample};
use crate::args::{self, FloorArgs};
use crate::error::{Kind, UserError, chain};
use cc_ci_engine::process::{self, Command, Output, ProcessError, Stream};
use cc_ci_model::ids::RunId;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::results::Results;
use cc_ci_model::verdict::Color;
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
) -> Result<Sample, UserError> {
    let program = std::env::current_exe()
        .map_err(|source| UserError::internal(format!("cannot find this program to start it again: {source}")))?;
    let address = args::engine()?;
    let command = Command::new(program)
        .args(["run", "--json", "--state"])
        .arg(state.root())
        .args(floor.recipe.words())
        .inherit(&ENVIRONMENT)
        .envs(address.env())
        .deadline(LIMIT);
    let started = Instant::now();
    let mut record_began = None;
    // The first line a run shows is that its record has begun: until then it read and planned.
    let mut said = |stream: Stream, _: &str| {
        if stream == Stream::Err {
            record_began.get_or_insert_with(|| started.elapsed());
        }
    };
    let output = match process::run_lines(&command, cancel, &mut said).await {
        Ok(output) => output,
        Err(ProcessError::Cancelled { .. }) => return Err(ended()),
        Err(error) => return Err(UserError::new(Kind::Infrastructure, chain(&error))),
    };
    let results = results(&output)?;
    let run = RunId::parse(&results.run_id).map_err(|error| UserError::internal(error.to_string()))?;
    if results.verdict != Color::Green {
        let why = results.reasons.first().map_or("no reason was given", String::as_str);
        let text = format!("the run {run} is not green, so its time says nothing: {why}");
        return Err(UserError::new(Kind::Recipe, text).hint(format!("`cc-ci report {run}` says more")));
    }
    let view = replay::judged(&RunDir::open(state, &run)?)?.view();
    sample(&view, record_began.unwrap_or_default())
        .ok_or_else(|| UserError::internal(format!("the record of {run} does not say when its tiers began and ended")))
}

fn results(output: &Output) -> Result<Results, UserError> {
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let text = format!("the run gave no results: {}", output.last_words());
        UserError::new(Kind::Infrastructure, text).hint("`cc-ci run` on the same recipe says why")
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
        Some(Part { tier, what: what.to_owned(), ms: step.ms? })
    });
    Some(Sample {
        before: u64::try_from(unrecorded.as_millis()).ok()?.saturating_add(began),
        tiers: ran().filter_map(|row| Some((row.tier, row.span.ms()?))).collect(),
        after: view.due_ms?.saturating_sub(ended),
        parts: parts.collect(),
    })
}
