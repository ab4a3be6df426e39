//! `cc-ci sweep`: many recipes at their newest published versions, with what several of them need brought up once: R + D deploys
//! (DEP-5, WARM-4).
//!
//! The runs are runs like any other, each with a record, a ledger, a witness and a reaper of its own; what is lent to them has a
//! folder, a ledger and a reaper, too, and no record. One witness watches over all of it.

mod deciding;
mod facts;
mod finding;
mod performing;
mod standing;

use crate::clock;
use crate::error::RunnerError;
use crate::others;
use crate::providers::LentProviders;
use crate::request::Request;
use crate::series::{Series, ended_by};
use cc_ci_engine::witness::Witness;
use cc_ci_model::ids::RunId;
use cc_ci_model::sweep::guards::SweepCounts;
use cc_ci_model::sweep::permits::approve;
use cc_ci_model::sweep::plan::SweepPlan;
use cc_ci_model::sweep::report::{SweepEnd, SweepReport};
use cc_ci_model::sweep::rows::{ProviderRow, SweepRow};
use deciding::{Candidate, Planned};
use facts::Ground;
use performing::{Desk, Job};
use standing::Standing;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// What is swept, and how.
#[derive(Debug, Clone)]
pub struct SweepRequest {
    /// Which recipes.
    pub wanted: WantedRecipes,
    /// What the operator says about all of them.
    pub operator: Request,
    /// How many recipes have to have an answer.
    pub expect: Option<usize>,
    /// How many runs at the same time.
    pub jobs: u32,
    /// Whether an answer of an earlier sweep counts.
    pub answers: EarlierAnswers,
    /// This program, as evidence that it is the same.
    pub program: PathBuf,
}

/// Which recipes are swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedRecipes {
    /// These: folders, URLs, names.
    Named(Vec<String>),
    /// Those that the operator's catalogue enrols.
    Enrolled,
}

/// Whether an answer of an earlier sweep counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlierAnswers {
    /// It does, where nothing that it hangs on has changed.
    Count,
    /// Every recipe is run.
    Ignored,
}

/// What is told while it goes on.
#[derive(Debug)]
pub enum SweepNews<'a> {
    /// What is run and what it costs; nothing was deployed yet.
    Planned(&'a SweepPlan),
    /// What becomes of something that is brought up for the runs.
    BroughtUp(&'a ProviderRow),
    /// A recipe has come to its end.
    Over(&'a SweepRow),
    /// Something else is worth a word.
    Note(&'a str),
}

/// Hears what is told.
pub type SweepTeller<'a> = &'a mut (dyn FnMut(SweepNews<'_>) + Send);

/// Sweeps. An error is one of what was asked for, or of the machine before anything was planned; everything else is in the report.
pub async fn sweep(
    asked: &SweepRequest,
    series: &Arc<Series>,
    tell: SweepTeller<'_>,
) -> Result<SweepReport, RunnerError> {
    let (sweep, began, clock) = (clock::new_run()?, clock::now(), Instant::now());
    let wishes = finding::wishes(asked, series)?;
    let over = |counts, left, ended_by| {
        let ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        SweepEnd { counts, left, began: began.clone(), ms, ended_by }
    };
    if wishes.is_empty() {
        let plan =
            SweepPlan { sweep, expect: asked.expect, jobs: asked.jobs, recipes: Vec::new(), providers: Vec::new() };
        let counts = SweepCounts { unbroken: true, ..SweepCounts::default() };
        return Ok(SweepReport::new(plan, Vec::new(), Vec::new(), over(counts, Vec::new(), None)));
    }
    let ground = Ground::of(series).await?;
    let planned = Box::pin(deciding::plan(asked, series, &ground, &sweep, wishes)).await?;
    if let Some(by) = series.stop.ended_by() {
        return Err(ended_by(&by));
    }
    tell(SweepNews::Planned(&planned.plan));
    let own = planned.plan.clone();
    let others = others::beside(&series.state, move |run| own.is_label(run.as_str()));
    let witness = Witness::start(Arc::clone(&ground.doors.observe), others);
    let made = Box::pin(perform(asked, series, &ground, planned, tell)).await;
    let seen = witness.testify().await;
    let Made { plan, rows, providers, ledger, left } = made;
    let counts = SweepCounts {
        ledger,
        seen: seen.stacks.into_iter().map(|seen| (seen.name, seen.run)).collect(),
        unbroken: seen.gaps == 0,
    };
    Ok(SweepReport::new(plan, rows, providers, over(counts, left, series.stop.ended_by())))
}

/// What came of a plan.
struct Made {
    plan: SweepPlan,
    rows: Vec<SweepRow>,
    providers: Vec<ProviderRow>,
    /// Deploys in the ledgers of what was brought up.
    ledger: Vec<cc_ci_model::ids::StackName>,
    left: Vec<String>,
}

/// Brings up what is needed, makes the runs, and takes everything down again, the last one first.
async fn perform(
    asked: &SweepRequest,
    series: &Arc<Series>,
    ground: &Ground,
    planned: Planned,
    tell: SweepTeller<'_>,
) -> Made {
    let Planned { plan, candidates, mut needed } = planned;
    let approved = approve(plan);
    let (plan, mut permits) = (approved.plan, approved.permits);
    let (mut standing, mut rows) = (Vec::new(), Vec::new());
    for provider in &plan.providers {
        let Some(permit) = permits.take_provider(&provider.recipe) else { continue };
        let one = Standing::bring_up(provider, needed.remove(&provider.recipe), permit, ground, series).await;
        tell(SweepNews::BroughtUp(&one.row));
        standing.push(one);
    }
    let lent = lent(&plan.sweep, &standing, &candidates);
    let desk = Desk::new(series, ground, lent, &plan, &standing);
    let mut jobs = Vec::new();
    for (at, one) in plan.runs().enumerate() {
        if let (Some(permit), Some(candidate)) = (permits.take_run(&one.name), candidates.get(&one.name)) {
            let run = RunId::parse(&format!("{}-{:02}", plan.sweep, at + 1));
            jobs.push(Job { permit, run, planned: one.clone(), candidate: candidate.clone() });
        }
    }
    performing::all(&desk, jobs, asked.jobs, &mut |row| {
        tell(SweepNews::Over(&row));
        rows.push(row);
    })
    .await;
    desk.notes().iter().for_each(|note| tell(SweepNews::Note(note)));
    let (mut ledger, mut left, mut providers) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(one) = standing.pop() {
        let down = one.take_down(ground, &desk.dead()).await;
        ledger.extend(down.deploys);
        left.extend(down.left);
        providers.push(down.row);
    }
    providers.reverse();
    Made { plan, rows, providers, ledger, left }
}

/// What the runs are given: what stands, and warm providers that were there before.
fn lent(sweep: &RunId, standing: &[Standing], candidates: &BTreeMap<String, Candidate>) -> LentProviders {
    let warm = candidates.values().flat_map(|candidate| candidate.warm.iter().map(|warm| &warm.record));
    let own = standing.iter().filter_map(|one| one.record.as_ref());
    let providers = warm.chain(own).map(|record| (record.provider.recipe.clone(), record.clone()));
    LentProviders { by: sweep.clone(), providers: providers.collect() }
}
