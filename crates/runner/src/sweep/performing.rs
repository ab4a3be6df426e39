//! Makes the runs of a sweep, so many at a time. Before each, what it is lent is asked whether it is healthy.

use super::deciding::Candidate;
use super::facts::{self, Ground};
use super::standing::Standing;
use crate::clock;
use crate::error::chain;
use crate::providers::{LentProviders, Record};
use crate::series::{MadeOf, MadeRun, Series};
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::warm;
use cc_ci_model::exit;
use cc_ci_model::ids::{NameError, RecipeName, RunId};
use cc_ci_model::sweep::facts::{ANSWER_FORMAT, AnswerFacts, LastAnswer};
use cc_ci_model::sweep::permits::SweptRunPermit;
use cc_ci_model::sweep::plan::{PlannedRecipe, SweepPlan};
use cc_ci_model::sweep::rows::{ProviderCame, RanRow, RowEnd, SweepRow};
use cc_ci_model::verdict::Color;
use cc_ci_store::replay::Judged;
use cc_ci_store::sweeps::Sweeps;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long something that is lent may be unhealthy before it counts as dead, and how often it is asked meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(250);

/// A run that is to be made, with the permit for it.
pub(super) struct Job {
    pub(super) permit: SweptRunPermit,
    pub(super) run: Result<RunId, NameError>,
    pub(super) planned: PlannedRecipe,
    pub(super) candidate: Candidate,
}

/// What all runs of a sweep have in common.
pub(super) struct Desk {
    series: Arc<Series>,
    doors: Doors,
    sweep: RunId,
    lent: Arc<LentProviders>,
    /// What may be lent no more, with the reason.
    dead: Mutex<BTreeMap<RecipeName, String>>,
    notes: Mutex<Vec<String>>,
}

impl Desk {
    /// What did not come up is dead from the beginning.
    pub(super) fn new(
        series: &Arc<Series>,
        ground: &Ground,
        lent: LentProviders,
        plan: &SweepPlan,
        standing: &[Standing],
    ) -> Arc<Self> {
        let dead = standing.iter().filter_map(|one| match &one.row.came {
            ProviderCame::NotUp { why, .. } => Some((one.row.recipe.clone(), why.clone())),
            ProviderCame::Up { .. } | ProviderCame::Died { .. } | ProviderCame::NotReached => None,
        });
        Arc::new(Self {
            series: Arc::clone(series),
            doors: ground.doors.clone(),
            sweep: plan.sweep.clone(),
            lent: Arc::new(lent),
            dead: Mutex::new(dead.collect()),
            notes: Mutex::default(),
        })
    }

    /// What died, with the reason.
    pub(super) fn dead(&self) -> BTreeMap<RecipeName, String> {
        lock(&self.dead).clone()
    }

    /// What is worth a word.
    pub(super) fn notes(&self) -> Vec<String> {
        lock(&self.notes).clone()
    }
}

fn lock<T>(one: &Mutex<T>) -> MutexGuard<'_, T> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes all runs; `over` hears of each row as it comes. When somebody ended the sweep, none begins any more.
pub(super) async fn all(desk: &Arc<Desk>, jobs: Vec<Job>, most: u32, over: &mut (dyn FnMut(SweepRow) + Send)) {
    let (mut waiting, mut going) = (VecDeque::from(jobs), JoinSet::new());
    let most = usize::try_from(most.max(1)).unwrap_or(1);
    loop {
        while going.len() < most && desk.series.stop.ended_by().is_none() {
            let Some(job) = waiting.pop_front() else { break };
            let desk = Arc::clone(desk);
            going.spawn(async move { Box::pin(one(&desk, job)).await });
        }
        match going.join_next().await {
            Some(Ok(row)) => over(row),
            // The row is missing then, and the report says so.
            Some(Err(panic)) => lock(&desk.notes).push(format!("a run of the sweep stopped with a bug: {panic}")),
            None => return,
        }
    }
}

/// One recipe.
async fn one(desk: &Desk, job: Job) -> SweepRow {
    let Job { permit, run, planned, candidate } = job;
    if let Some(end) = missing(desk, &candidate).await {
        return SweepRow::of_run(&planned, end);
    }
    let end = match run {
        Ok(run) => lend(desk, permit, run, &candidate).await,
        Err(error) => RowEnd::NotBegun { why: error.to_string(), exit_code: exit::BUG },
    };
    SweepRow::of_run(&planned, end)
}

/// Whether something that the recipe needs is not there; nothing is brought up in its place.
async fn missing(desk: &Desk, candidate: &Candidate) -> Option<RowEnd> {
    for recipe in &candidate.uses {
        let known = lock(&desk.dead).get(recipe).cloned();
        let why = match (known, desk.lent.providers.get(recipe)) {
            (Some(why), _) => why,
            (None, None) => "it was not brought up".to_owned(),
            (None, Some(record)) => match healthy(desk, record).await {
                Ok(()) => continue,
                Err(why) => why,
            },
        };
        lock(&desk.dead).entry(recipe.clone()).or_insert_with(|| why.clone());
        return Some(RowEnd::Unverified { by: recipe.clone(), why });
    }
    None
}

/// Asks until it is healthy, or until it has not been for some time.
async fn healthy(desk: &Desk, record: &Record) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let health = warm::health(&desk.doors, &record.run, &record.provider, &record.authority).await;
        if health.is_ok() || began.elapsed() >= PATIENCE || desk.series.stop.ended_by().is_some() {
            return health;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Spends the permit on one run.
async fn lend(desk: &Desk, permit: SweptRunPermit, run: RunId, candidate: &Candidate) -> RowEnd {
    if permit.spend() != candidate.recipe.as_str() {
        return RowEnd::NotBegun { why: "the permit is for another recipe".to_owned(), exit_code: exit::BUG };
    }
    let made = desk.series.make_swept(run, candidate.request.clone(), Arc::clone(&desk.lent)).await;
    match made {
        Ok(MadeRun { came: MadeOf::Judged(judged), notes, .. }) => {
            lock(&desk.notes).extend(notes);
            RowEnd::Ran(Box::new(over(desk, candidate, &judged).await))
        }
        Ok(MadeRun { came: MadeOf::Refused(error), .. }) | Err(error) => {
            if desk.series.stop.ended_by().is_some() {
                return RowEnd::NotReached;
            }
            // What was healthy a moment ago may have died since.
            match missing(desk, candidate).await {
                Some(end) => end,
                None => RowEnd::NotBegun { why: error.in_one_line(), exit_code: error.kind.exit_code() },
            }
        }
    }
}

/// What is kept of a run that is over, and remembered about its recipe.
async fn over(desk: &Desk, candidate: &Candidate, judged: &Judged) -> RanRow {
    let end = judged.evidence.end.as_ref().map(|(end, _)| end);
    let view = judged.view();
    let row = RanRow::of(&view, &judged.evidence, exit::of_process(&judged.verdict, end));
    let references: Vec<String> = candidate.facts.images().map(str::to_owned).collect();
    let now = facts::images(desk.doors.node.as_ref(), &references).await;
    let facts = candidate.facts.clone().after_run(&now, &judged.evidence.images);
    let same = |last: &LastAnswer| {
        let version = (&last.version, &last.commit) == (&candidate.version, &candidate.commit);
        version && facts.unknown.is_empty() && last.facts == facts
    };
    let row = row.after(candidate.last.as_ref(), same);
    remember(desk, candidate, &row, facts);
    row
}

/// Remembers what a run said about its recipe. One without an answer says nothing, and replaces nothing.
fn remember(desk: &Desk, candidate: &Candidate, row: &RanRow, facts: AnswerFacts) {
    match row.color {
        Color::Green | Color::Red => {}
        Color::Unverified | Color::Cancelled => return,
    }
    let answer = LastAnswer {
        format: ANSWER_FORMAT,
        recipe: candidate.recipe.clone(),
        version: candidate.version.clone(),
        commit: candidate.commit.clone(),
        run: row.run.clone(),
        sweep: desk.sweep.clone(),
        at: clock::now(),
        color: row.color,
        level: row.level,
        exit_code: row.exit_code,
        ms: row.ms,
        facts,
    };
    if let Err(error) = Sweeps::of(&desk.series.state).put_answer(&answer) {
        lock(&desk.notes).push(format!("the answer about {} is not remembered: {}", candidate.recipe, chain(&error)));
    }
}
