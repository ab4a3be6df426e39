//! `cc-ci run --from`: head upgraded from each of several published versions, one run for each, planned and judged together.
//!
//! Which versions, what each run may deploy and what they come to is decided in [`cc_ci_model::upgrades`]; here are git, the runs,
//! and one witness over all of them.

mod kept;
mod planned;
mod watched;

use crate::clock;
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::Looking;
use crate::prepare::warmth::Warmth;
use crate::request::Request;
use crate::series::{MadeOf, MadeRun, Series, ended_by};
use cc_ci_model::exit;
use cc_ci_model::ids::RunId;
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::choose::FromWish;
use cc_ci_model::upgrades::plan::{ApprovedUpgrades, PlannedUpgrade, RunPermit, UpgradesPlan};
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_model::upgrades::tried::TriedUpgrade;
use cc_ci_model::verdict::blame::Blame;
use kept::KeptSeries;
use std::collections::BTreeSet;
use watched::SeriesWitness;

/// Which upgrades are tried.
#[derive(Debug, Clone)]
pub struct UpgradesRequest {
    /// What every run asks for; its base and its tiers are chosen here.
    pub run: Request,
    /// The versions.
    pub from: FromWish,
    /// What is looked at from each of them.
    pub looks: Looks,
    /// What the ids of all runs begin with; `None`: it is made of the time.
    pub series: Option<RunId>,
}

/// What is looked at from each version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looks {
    /// From the newest version everything, from older ones what depends on where the app comes from.
    Usual,
    /// These tiers, from every version.
    Each(BTreeSet<Tier>),
}

impl Looks {
    /// The tiers for a version. A backup of head and its restore are the same from wherever the app was upgraded, and the
    /// data that the upgrade left is compared before them; what the recipe's own tests see may depend on it.
    fn tiers(&self, is_newest: bool) -> BTreeSet<Tier> {
        match self {
            Self::Usual if is_newest => BTreeSet::from(Tier::ALL),
            Self::Usual => BTreeSet::from([Tier::Install, Tier::Upgrade, Tier::Custom]),
            Self::Each(tiers) => tiers.iter().copied().chain([Tier::Install]).collect(),
        }
    }
}

/// What is told while it goes on.
#[derive(Debug)]
pub enum UpgradesNews<'a> {
    /// What is tried and what it costs; nothing was deployed yet.
    Planned(&'a UpgradesPlan),
    /// A run is about to be made.
    Trying(&'a PlannedUpgrade),
    /// A version was tried.
    Over(&'a TriedUpgrade),
    /// Something else is worth a word.
    Note(&'a str),
}

/// The plan of the series, without touching an engine.
pub async fn plan(asked: &UpgradesRequest, looking: &Looking<'_>) -> Result<UpgradesPlan, RunnerError> {
    let series = asked.series.clone().map_or_else(clock::new_run, Ok)?;
    Ok(Box::pin(planned::planned(asked, series, looking)).await?.approved.plan)
}

/// Tries them all, one after the other. An error is one of what was asked for, or no run at all could begin; everything else is in
/// the report, which is also kept in the folder that comes with it.
pub async fn upgrades(
    asked: &UpgradesRequest,
    series: &Series,
    mut tell: impl FnMut(UpgradesNews<'_>),
) -> Result<(UpgradesReport, Option<KeptSeries>), RunnerError> {
    let id = asked.series.clone().map_or_else(clock::new_run, Ok)?;
    let doors = series.engine.open().await;
    let warmth = Warmth::Probed(doors.as_ref().ok());
    let looking = Looking { state: &series.state, places: &series.places, warmth, cancel: series.stop.token() };
    let planned = Box::pin(planned::planned(asked, id, &looking)).await;
    if let Some(by) = series.stop.ended_by() {
        return Err(ended_by(&by));
    }
    let planned::PlannedSeries { approved: ApprovedUpgrades { plan, permits }, requests } = planned?;
    let observe = doors?.observe;
    tell(UpgradesNews::Planned(&plan));
    let (kept, note) = KeptSeries::begin(&series.state, &plan)?;
    note.iter().for_each(|note| tell(UpgradesNews::Note(note)));
    let started = clock::now();
    let witness = SeriesWitness::start(observe);
    let lent = permits.into_iter().zip(requests);
    let tried = Box::pin(tries(&plan, lent, series, &mut tell)).await;
    let seen = witness.testify().await;
    let Tries { tried, first_error } = tried;
    if let Some(error) = first_error
        && tried.iter().all(|one| one.run.is_none())
    {
        return Err(error);
    }
    let report = UpgradesReport::new(plan, &tried, Some(&seen), started, series.stop.ended_by());
    let notes = kept.iter().flat_map(|kept| kept.finish(&report)).collect::<Vec<_>>();
    notes.iter().for_each(|note| tell(UpgradesNews::Note(note)));
    Ok((report, kept))
}

/// What was tried.
struct Tries {
    tried: Vec<TriedUpgrade>,
    /// Why the first run that could not begin could not.
    first_error: Option<RunnerError>,
}

async fn tries(
    plan: &UpgradesPlan,
    lent: impl Iterator<Item = (RunPermit, Request)>,
    series: &Series,
    tell: &mut impl FnMut(UpgradesNews<'_>),
) -> Tries {
    let mut tries = Tries { tried: Vec::new(), first_error: None };
    for (permit, request) in lent {
        let Some(planned) = plan.upgrades.iter().find(|one| one.run == *permit.run()) else { continue };
        if series.stop.ended_by().is_some() {
            break;
        }
        tell(UpgradesNews::Trying(planned));
        let tried = match series.make_lent(permit, request).await {
            Ok(MadeRun { came: MadeOf::Judged(judged), notes, .. }) => {
                notes.iter().for_each(|note| tell(UpgradesNews::Note(note)));
                let end = judged.evidence.end.as_ref().map(|(end, _)| end);
                let code = exit::of_process(&judged.verdict, end);
                TriedUpgrade::of(&planned.version, &judged.view(), &judged.evidence, code)
            }
            // Whoever ended the series kept it from beginning; that says nothing about the version.
            Ok(MadeRun { came: MadeOf::Refused(_), .. }) | Err(_) if series.stop.ended_by().is_some() => break,
            Ok(MadeRun { came: MadeOf::Refused(error), .. }) | Err(error) => {
                let tried = not_begun(planned, &error);
                tries.first_error.get_or_insert(error);
                tried
            }
        };
        tell(UpgradesNews::Over(&tried));
        tries.tried.push(tried);
    }
    tries
}

fn not_begun(planned: &PlannedUpgrade, error: &RunnerError) -> TriedUpgrade {
    let why = format!("no run can begin: {}", error.in_one_line());
    let blame = match error.kind {
        // It could be planned, so head and version can be read.
        ErrorKind::Usage | ErrorKind::Settings | ErrorKind::Recipe | ErrorKind::Refused => Some(Blame::Base),
        ErrorKind::NoSwarm | ErrorKind::Infrastructure => Some(Blame::Infrastructure),
        ErrorKind::Cancelled => Some(Blame::Cancelled),
        ErrorKind::Internal => Some(Blame::Harness),
    };
    TriedUpgrade::not_made(planned, &why, blame, error.kind.exit_code())
}
