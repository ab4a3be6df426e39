//! `cc-ci bisect`: the first commit between a good and a bad one at which a tier fails, each probe one run.
//!
//! What is tried next is decided in [`cc_ci_model::bisect`]; here are the commits, the runs, and what stored runs say.

mod line;
mod stored;

use crate::error::{ErrorKind, RunnerError};
use crate::prepare::warmth::Warmth;
use crate::prepare::{self, Looking, Prepared};
use crate::request::{BaseWish, Request};
use crate::series::{MadeOf, MadeRun, Series, ended_by};
use cc_ci_engine::git::Repository;
use cc_ci_model::bisect::answer::{ProbeAnswer, TierQuestion};
use cc_ci_model::bisect::report::{BisectPlan, BisectReport, CommitProbe, LineCommit, ProbeSource};
use cc_ci_model::bisect::{self, BisectSearch, GoodEnd, NextProbe};
use cc_ci_model::exit;
use cc_ci_model::ids::Commit;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::{Disposition, Plan};
use cc_ci_model::tally::DeployTally;
use cc_ci_model::tier::Tier;
use cc_ci_store::replay::Judged;
use std::collections::BTreeSet;
use stored::Stored;

/// What is searched for.
#[derive(Debug, Clone)]
pub struct BisectRequest {
    /// What every probe asks for; its commit, tiers and base are chosen here.
    pub probe: Request,
    /// A commit at which the tier passes.
    pub good: String,
    /// A later one at which it fails.
    pub bad: String,
    /// The tier.
    pub tier: Tier,
    /// The version that every probe begins at; `None`: for the upgrade tier the base of BAD, for others none.
    pub base: Option<String>,
    /// What becomes of what stored runs say.
    pub stored: StoredRuns,
}

/// What becomes of what stored runs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredRuns {
    /// One that is the same as a run would be now stands for it.
    Count,
    /// Nothing: every probe is a run.
    Ignored,
}

/// What a search tells while it goes on.
#[derive(Debug)]
pub enum BisectNews<'a> {
    /// What is searched and what it costs at most; nothing was deployed yet.
    Planned(&'a BisectPlan),
    /// A run is about to be made for a place.
    Trying(usize),
    /// Something is known about a commit.
    Answered(&'a CommitProbe),
    /// Something else is worth a word.
    Note(&'a str),
}

/// Searches. An error is one of what was asked for; what the search comes to, found or not, is in the report.
pub async fn bisect(
    asked: &BisectRequest,
    series: &Series,
    mut tell: impl FnMut(BisectNews<'_>),
) -> Result<BisectReport, RunnerError> {
    let searching = Searching::set_up(asked, series).await?;
    tell(BisectNews::Planned(&searching.plan));
    let stored = match asked.stored {
        StoredRuns::Count => searching.stored().await?,
        StoredRuns::Ignored => Vec::new(),
    };
    searching.search(stored, &mut tell).await
}

/// A search that can begin.
struct Searching<'a> {
    asked: &'a BisectRequest,
    series: &'a Series,
    plan: BisectPlan,
    /// The base's commit.
    base: Option<Commit>,
}

impl<'a> Searching<'a> {
    async fn set_up(asked: &'a BisectRequest, series: &'a Series) -> Result<Self, RunnerError> {
        if let (Tier::Install, Some(base)) = (asked.tier, &asked.base) {
            let what = format!("every app would be installed at `{base}`, whatever its commit: nothing could be found");
            return Err(RunnerError::new(ErrorKind::Usage, what)
                .hint("leave --base out: the app is then installed at each commit; or ask for --tier upgrade"));
        }
        let looking = looking(series);
        let (recipe, repository) = prepare::find::repository(&asked.probe.recipe, &looking).await?;
        let (good, bad) = (repository.resolve(&asked.good).await?, repository.resolve(&asked.bad).await?);
        let line = line::line(&repository, asked, &good, &bad).await?;
        let prepared = plan_of(asked, probe_request(asked, &bad, asked.base.as_deref()), &looking).await?;
        let planned = &prepared.approved.plan;
        can_be_seen(asked.tier, planned)?;
        let version = base_for_all(asked, planned, &repository, &line).await?;
        let plan = BisectPlan {
            recipe,
            tier: asked.tier,
            most_runs: bisect::most_runs(line.len() - 1),
            most_deploys: bisect::most_runs(line.len() - 1) * planned.deploys_expected(),
            line,
            base: version,
        };
        Ok(Self { asked, series, plan, base: planned.base.commit().cloned() })
    }

    /// What stored runs say about commits of the line.
    async fn stored(&self) -> Result<Vec<CommitProbe>, RunnerError> {
        let looking = looking(self.series);
        let engine = stored::engine(self.series).await?;
        let mut found = Vec::new();
        for Stored { place, runs } in stored::runs(&self.series.state, &self.plan)? {
            let request = self.request(place);
            // A commit that cannot be planned is told of when it is its turn.
            let Ok(prepared) = plan_of(self.asked, request, &looking).await else { continue };
            let same = runs.into_iter().filter(|judged| stored::is_same(&prepared, self.asked.tier, &engine, judged));
            let answered = same
                .map(|judged| (self.question(place).answered(&judged.plan, &judged.evidence, &judged.verdict), judged));
            // Runs that contradict each other say nothing together.
            let said: Vec<_> = answered.filter(|(answer, _)| answer.says_something()).collect();
            if let Some((answer, judged)) = said.last().filter(|(last, _)| said.iter().all(|(one, _)| one == last)) {
                found.push(self.probe(place, answer.clone(), ProbeSource::Stored, judged));
            }
        }
        Ok(found)
    }

    async fn search(
        self,
        stored: Vec<CommitProbe>,
        tell: &mut impl FnMut(BisectNews<'_>),
    ) -> Result<BisectReport, RunnerError> {
        let good = self.plan.line.first().map(|one| &one.commit);
        let is_base = self.base.is_some() && self.base.as_ref() == good;
        let good = if is_base { GoodEnd::IsTheBase } else { GoodEnd::CanBeTried };
        let mut search = BisectSearch::new(self.plan.line.len() - 1, good);
        let (mut probes, mut deploys) = (Vec::new(), DeployTally::default());
        for probe in stored {
            tell(BisectNews::Answered(&probe));
            search.known(probe.place, probe.answer.clone());
            probes.push(probe);
        }
        while let (NextProbe::Try(place), None) = (search.next(), self.series.stop.ended_by()) {
            tell(BisectNews::Trying(place));
            let made = self.series.make(self.request(place)).await;
            let ended = self.series.stop.ended_by().is_some();
            let (probe, goes_on) = match made {
                Ok(MadeRun { came: MadeOf::Judged(judged), notes, .. }) => {
                    notes.iter().for_each(|note| tell(BisectNews::Note(note)));
                    deploys.add(&judged.plan.run, &judged.verdict.budget);
                    let answer = self.question(place).answered(&judged.plan, &judged.evidence, &judged.verdict);
                    search.tried(place, answer.clone());
                    (self.probe(place, answer, ProbeSource::Made, &judged), true)
                }
                // Whoever ended the search kept it from beginning; that says nothing about the commit.
                Ok(MadeRun { came: MadeOf::Refused(_), .. }) | Err(_) if ended => break,
                Ok(MadeRun { came: MadeOf::Refused(error), .. }) | Err(error) => {
                    let probe = self.refused(place, &error);
                    search.known(place, probe.answer.clone());
                    (probe, is_about_the_commit(error.kind))
                }
            };
            tell(BisectNews::Answered(&probe));
            probes.push(probe);
            if !goes_on {
                break;
            }
        }
        let (end, contradiction) = (search.so_far(), search.contradiction());
        let ended_by = self.series.stop.ended_by();
        Ok(BisectReport { plan: self.plan, probes, deploys, end, contradiction, ended_by })
    }

    fn commit(&self, place: usize) -> &Commit {
        &self.plan.line[place].commit
    }

    fn request(&self, place: usize) -> Request {
        probe_request(self.asked, self.commit(place), self.plan.base.as_deref())
    }

    fn question(&self, place: usize) -> TierQuestion {
        TierQuestion { tier: self.plan.tier, head: self.commit(place).clone(), base: self.base.clone() }
    }

    fn probe(&self, place: usize, answer: ProbeAnswer, source: ProbeSource, judged: &Judged) -> CommitProbe {
        let Judged { plan, evidence, verdict, .. } = judged;
        let objects = evidence.left.iter().map(ToString::to_string);
        let leaks =
            evidence.leaks.iter().map(|leak| format!("the value of secret {} in {}", leak.secret, leak.artifact));
        CommitProbe {
            place,
            commit: self.commit(place).clone(),
            reason: verdict
                .tier(self.plan.tier)
                .and_then(|tier| tier.reason.clone())
                .filter(|_| answer == ProbeAnswer::Fails),
            answer,
            run: Some(plan.run.clone()),
            source,
            ms: evidence.due_ms,
            exit_code: exit::of_verdict(verdict),
            left: objects.chain(evidence.namespaces_left.iter().cloned()).chain(leaks).collect(),
        }
    }

    fn refused(&self, place: usize, error: &RunnerError) -> CommitProbe {
        let problem = error.problems.first().map(|problem| format!(": {problem}")).unwrap_or_default();
        CommitProbe {
            place,
            commit: self.commit(place).clone(),
            answer: ProbeAnswer::None { why: format!("no run can begin: {}{problem}", error.message) },
            reason: None,
            run: None,
            source: ProbeSource::Refused,
            ms: None,
            exit_code: error.kind.exit_code(),
            left: Vec::new(),
        }
    }
}

fn looking(series: &Series) -> Looking<'_> {
    Looking { state: &series.state, places: &series.places, warmth: Warmth::Said, cancel: series.stop.token() }
}

/// The run for one commit: the tier and what it cannot do without. A base that is named for a tier behind the upgrade has the
/// app upgraded first.
fn probe_request(asked: &BisectRequest, commit: &Commit, base: Option<&str>) -> Request {
    let upgrades = asked.tier == Tier::Upgrade || base.is_some();
    let upgrade = upgrades.then_some(Tier::Upgrade);
    Request {
        revision: Some(commit.to_string()),
        stages: upgrade.into_iter().chain([asked.tier]).collect::<BTreeSet<_>>(),
        base: base.map_or(BaseWish::Automatic, |version| BaseWish::Version(version.to_owned())),
        ..asked.probe.clone()
    }
}

async fn plan_of(asked: &BisectRequest, request: Request, looking: &Looking<'_>) -> Result<Prepared, RunnerError> {
    let planned = Box::pin(prepare::prepare(&request, &crate::clock::new_run()?, looking)).await;
    match looking.cancel.is_cancelled() {
        true => Err(ended_by("a signal")),
        false => planned.map_err(|error| {
            let message = format!("cannot bisect {}: no run can begin: {}", asked.probe.recipe, error.message);
            RunnerError { message, ..error }
        }),
    }
}

/// Whether another commit may fare better than one at which no run could begin. A machine that carries none carries none of the
/// others.
fn is_about_the_commit(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Usage | ErrorKind::Settings | ErrorKind::Recipe | ErrorKind::Refused => true,
        ErrorKind::NoSwarm | ErrorKind::Infrastructure | ErrorKind::Cancelled | ErrorKind::Internal => false,
    }
}

/// A tier that BAD skips cannot fail there.
fn can_be_seen(tier: Tier, plan: &Plan) -> Result<(), RunnerError> {
    match plan.tier(tier).map(|planned| &planned.disposition) {
        Some(Disposition::Run) => Ok(()),
        Some(Disposition::Skip { reason, .. }) => {
            Err(RunnerError::new(ErrorKind::Usage, format!("nothing to find: {tier} is skipped at BAD: {reason}")))
        }
        None => Err(RunnerError::internal(format!("the plan has no tier {tier}"))),
    }
}

/// The version that every probe begins at, so that all that differs between two of them is their commit. One that comes after
/// GOOD cannot be it: the commits before it would be moved backwards.
async fn base_for_all(
    asked: &BisectRequest,
    planned: &Plan,
    repository: &Repository,
    line: &[LineCommit],
) -> Result<Option<String>, RunnerError> {
    let good = &line[0].commit;
    match &planned.base {
        Base::Head { .. } => Ok(None),
        Base::Commit { commit, reason } => {
            let what = format!("the base of BAD, {}, is no published version ({reason})", commit.short());
            Err(RunnerError::new(ErrorKind::Usage, what)
                .hint("name the version that every run begins at with --base VERSION"))
        }
        Base::Published { version, commit, .. } if asked.base.is_some() => {
            let first = line.get(1).map_or(good, |first| &first.commit);
            match repository.descends(commit, first).await? {
                false => Ok(Some(version.clone())),
                true => {
                    let what = format!("`{version}` comes after {}, the first commit that may be tried", first.short());
                    Err(RunnerError::new(ErrorKind::Usage, what)
                        .hint(format!("name an older version with --base, or give {version} as GOOD")))
                }
            }
        }
        Base::Published { version, commit, .. } => match repository.descends(good, commit).await? {
            true => Ok(Some(version.clone())),
            false => {
                let what = format!(
                    "the base of BAD, {version}, does not come before GOOD: earlier commits would be moved backwards"
                );
                Err(RunnerError::new(ErrorKind::Usage, what).hint(format!(
                    "give {version} as GOOD, or name an older version that every run begins at with --base VERSION"
                )))
            }
        },
    }
}
