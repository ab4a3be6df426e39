//! What programs are told, as types: the schema that is published is made from them.

use crate::board::Intake;
use crate::board::job::{EndedRow, Job, JobEnd, JobId, Lane, Phase, QueuedRow, RunningRow, WaitsFor};
use crate::board::request::{JobState, RequestRow, RequestState};
use crate::history::History;
use crate::rows::{KnownRun, Scope};
use cc_ci_model::report::life::Life;
use cc_ci_model::report::results::Results;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use chrono::{DateTime, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The number of the schema, raised when a reader of the old one would misread the new one.
pub const SCHEMA: u32 = 1;

/// The answer of each address by its name.
#[must_use]
pub fn schemas() -> BTreeMap<&'static str, Schema> {
    BTreeMap::from([
        ("recipes", schema_for!(RecipesAnswer)),
        ("recipes/<name>/runs", schema_for!(RunsAnswer)),
        ("runs/<id>", schema_for!(Results)),
        ("queue", schema_for!(QueueAnswer)),
        ("requests/<comment>", schema_for!(RequestsAnswer)),
    ])
}

/// `/api/v1/recipes`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RecipesAnswer {
    /// The number of this schema.
    pub(crate) schema: u32,
    /// Every recipe that has a stored run, by name.
    pub(crate) recipes: Vec<RecipeEntry>,
}

/// One recipe.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RecipeEntry {
    name: String,
    /// The last complete run of the recipe itself, no pull request's, that came to a verdict; what the badge shows.
    standing: Option<RunEntry>,
    /// The last such run that was green.
    last_green: Option<RunEntry>,
    /// Commits about which complete runs disagree.
    flaky: Vec<String>,
}

impl RecipeEntry {
    pub(crate) fn of(history: &History) -> Self {
        Self {
            name: history.recipe.to_string(),
            standing: history.standing().map(|run| RunEntry::of(run)),
            last_green: history.last_green().map(|run| RunEntry::of(run)),
            flaky: history.flaky().into_iter().map(ToString::to_string).collect(),
        }
    }
}

/// `/api/v1/recipes/<name>/runs`: `?limit=` up to 100, `?after=` the `next` of the answer before.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunsAnswer {
    /// The number of this schema.
    pub(crate) schema: u32,
    pub(crate) recipe: String,
    /// The latest first.
    pub(crate) runs: Vec<RunEntry>,
    /// Where to go on; `null` at the end.
    pub(crate) next: Option<String>,
}

/// One run, in short; `/api/v1/runs/<id>` has all of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunEntry {
    run: String,
    recipe: String,
    life: Life,
    /// `null` until the run is over.
    verdict: Option<Color>,
    /// 0 to 5; `null` where a level says nothing.
    level: Option<u8>,
    blame: Option<Blame>,
    /// Why it is not green, in one line.
    reason: Option<String>,
    version: Option<String>,
    /// The commit, 40 digits.
    #[serde(rename = "ref")]
    commit: String,
    pr: Option<u64>,
    scope: Scope,
    /// RFC 3339, UTC.
    started: String,
    /// Milliseconds from the start to the verdict.
    verdict_ms: Option<u64>,
    /// Milliseconds from the start to the end, teardown included.
    end_ms: Option<u64>,
}

impl RunEntry {
    pub(crate) fn of(run: &KnownRun) -> Self {
        Self {
            run: run.run.to_string(),
            recipe: run.recipe.to_string(),
            life: run.life,
            verdict: (run.life == Life::Over).then_some(run.color),
            level: run.level,
            blame: run.blame,
            reason: run.reason.clone(),
            version: run.version.clone(),
            commit: run.head.to_string(),
            pr: run.pr,
            scope: run.scope,
            started: run.started.clone(),
            verdict_ms: run.due_ms,
            end_ms: run.end_ms,
        }
    }
}

/// `/api/v1/queue`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct QueueAnswer {
    /// The number of this schema.
    pub(crate) schema: u32,
    /// Whether new runs are started.
    pub(crate) intake: Intake,
    /// How many runs may go on at once.
    pub(crate) slots: usize,
    pub(crate) running: Vec<RunningEntry>,
    /// In the order in which they will be started.
    pub(crate) queued: Vec<QueuedEntry>,
    /// The latest first.
    pub(crate) ended: Vec<EndedEntry>,
}

/// What a job is about.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct JobEntry {
    job: JobId,
    recipe: String,
    #[serde(rename = "ref")]
    commit: String,
    lane: Lane,
    /// `owner/repo#7`.
    pull: Option<String>,
}

impl JobEntry {
    fn of(job: &Job) -> Self {
        Self {
            job: job.id,
            recipe: job.recipe.to_string(),
            commit: job.commit.to_string(),
            lane: job.lane,
            pull: job.pull.as_ref().map(|page| format!("{}/{}#{}", page.owner, page.repo, page.number)),
        }
    }
}

/// A job that goes on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunningEntry {
    #[serde(flatten)]
    job: JobEntry,
    run: String,
    attempt: u32,
    phase: Phase,
    since: String,
}

impl RunningEntry {
    pub(crate) fn of(row: &RunningRow) -> Self {
        let (job, run) = (JobEntry::of(&row.job), row.run.to_string());
        Self { job, run, attempt: row.attempt, phase: row.phase, since: rfc3339(row.since) }
    }
}

/// A job that waits.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct QueuedEntry {
    #[serde(flatten)]
    job: JobEntry,
    /// How many jobs go before it.
    before: usize,
    waits: WaitsFor,
    since: String,
}

impl QueuedEntry {
    pub(crate) fn of(row: &QueuedRow) -> Self {
        let job = JobEntry::of(&row.job);
        Self { job, before: row.before, waits: row.waits.clone(), since: rfc3339(row.since) }
    }
}

/// A job that ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EndedEntry {
    #[serde(flatten)]
    job: JobEntry,
    /// `null` when it never started.
    run: Option<String>,
    at: String,
    #[serde(flatten)]
    end: JobEnd,
}

impl EndedEntry {
    pub(crate) fn of(row: &EndedRow) -> Self {
        let run = row.run.as_ref().map(ToString::to_string);
        Self { job: JobEntry::of(&row.job), run, at: rfc3339(row.at), end: row.end.clone() }
    }
}

/// `/api/v1/requests/<comment>`: a comment's id is unique on its forge; of several forges there may be several.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RequestsAnswer {
    /// The number of this schema.
    pub(crate) schema: u32,
    pub(crate) requests: Vec<RequestEntry>,
}

/// What was asked for in a comment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RequestEntry {
    comment: String,
    /// `owner/repo#7`.
    pull: String,
    author: String,
    command: String,
    written: String,
    state: RequestWord,
    /// Why it was refused, or how its job ended.
    why: Option<String>,
    /// How its job ended.
    end: Option<JobEnd>,
    #[serde(rename = "ref")]
    commit: Option<String>,
    answer: Option<String>,
    /// The first attempt first.
    runs: Vec<String>,
}

/// How a request stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RequestWord {
    Delivered,
    Refused,
    Withdrawn,
    Answered,
    Queued,
    Running,
    Cancelling,
    Ended,
}

impl RequestEntry {
    pub(crate) fn of(row: &RequestRow) -> Self {
        let (state, why, end) = match &row.state {
            RequestState::Delivered => (RequestWord::Delivered, None, None),
            RequestState::Refused { why } => (RequestWord::Refused, Some(why.clone()), None),
            RequestState::Withdrawn => (RequestWord::Withdrawn, None, None),
            RequestState::Answered => (RequestWord::Answered, None, None),
            RequestState::Accepted { state: JobState::Queued { .. }, .. } => (RequestWord::Queued, None, None),
            RequestState::Accepted { state: JobState::Running, .. } => (RequestWord::Running, None, None),
            RequestState::Accepted { state: JobState::Cancelling, .. } => (RequestWord::Cancelling, None, None),
            RequestState::Accepted { state: JobState::Ended(end), .. } => (RequestWord::Ended, None, Some(end.clone())),
        };
        Self {
            comment: row.comment.clone(),
            pull: format!("{}/{}#{}", row.pull.owner, row.pull.repo, row.pull.number),
            author: row.author.clone(),
            command: row.command.clone(),
            written: rfc3339(row.written),
            state,
            why,
            end,
            commit: row.commit.as_ref().map(ToString::to_string),
            answer: row.answer.clone(),
            runs: row.runs.iter().map(ToString::to_string).collect(),
        }
    }
}

fn rfc3339(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}
