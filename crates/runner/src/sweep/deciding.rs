//! What becomes of each recipe of a sweep: it is run, its last answer stands, or it cannot be run.

use super::facts::{self, About, Ground};
use super::finding::Wish;
use super::{EarlierAnswers, SweepRequest};
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::dependencies::{self, DependencyTree, Stay};
use crate::prepare::find;
use crate::prepare::warmth::{Warm, Warmth};
use crate::prepare::{self, Looking, Prepared};
use crate::request::Request;
use crate::series::Series;
use cc_ci_model::ids::{Commit, RecipeName, RunId};
use cc_ci_model::plan::promotion::Promotion;
use cc_ci_model::sweep::facts::{AnswerFacts, LastAnswer, WantedCanonical, stands};
use cc_ci_model::sweep::plan::{Decision, PlannedProvider, PlannedRecipe, SweepPlan};
use cc_ci_recipe::version;
use cc_ci_store::canonicals::Canonicals;
use cc_ci_store::sweeps::{KeptAnswer, Sweeps};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A recipe that is run, with what its run is compared with afterwards.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) recipe: RecipeName,
    pub(super) version: String,
    pub(super) commit: Commit,
    pub(super) request: Request,
    pub(super) facts: AnswerFacts,
    pub(super) last: Option<LastAnswer>,
    /// Warm providers that it uses, borrowed for as long as the sweep goes on.
    pub(super) warm: Vec<Warm>,
    /// All recipes that it needs.
    pub(super) uses: Vec<RecipeName>,
}

/// What a provider is deployed from, and the catalogue's folder for it.
pub(super) type Needed = (DependencyTree, Option<PathBuf>);

/// A plan and what it is performed with.
pub(super) struct Planned {
    pub(super) plan: SweepPlan,
    /// By name.
    pub(super) candidates: BTreeMap<String, Candidate>,
    pub(super) needed: BTreeMap<RecipeName, Needed>,
}

/// Plans a sweep. A recipe that cannot be planned is a row of it; an error is one of all.
pub(super) async fn plan(
    asked: &SweepRequest,
    series: &Series,
    ground: &Ground,
    sweep: &RunId,
    wishes: Vec<Wish>,
) -> Result<Planned, RunnerError> {
    let warmth = Warmth::Probed(Some(&ground.doors));
    let looking = Looking { state: &series.state, places: &series.places, warmth, cancel: series.stop.token() };
    let deciding = Deciding { asked, ground, sweep, looking: &looking };
    let (mut recipes, mut candidates) = (Vec::new(), BTreeMap::new());
    for Wish { name, found } in wishes {
        let decided = match found {
            Ok((recipe, text)) => Box::pin(deciding.decided(&recipe, &text)).await,
            Err(error) => Err(error),
        };
        let (planned, candidate) = match decided {
            Ok(Decided { planned, candidate }) => (planned, candidate),
            Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
            Err(error) => (unaccounted(name, &error), None),
        };
        candidates.extend(candidate.map(|candidate| (planned.name.clone(), candidate)));
        recipes.push(planned);
    }
    let (providers, needed) = deciding.providers(&recipes).await?;
    let plan = SweepPlan { sweep: sweep.clone(), expect: asked.expect, jobs: asked.jobs, recipes, providers };
    Ok(Planned { plan, candidates, needed })
}

fn unaccounted(name: String, error: &RunnerError) -> PlannedRecipe {
    let decision = Decision::Unaccounted { why: error.in_one_line(), exit_code: error.kind.exit_code() };
    PlannedRecipe { name, version: None, commit: None, decision }
}

struct Decided {
    planned: PlannedRecipe,
    candidate: Option<Candidate>,
}

struct Deciding<'a> {
    asked: &'a SweepRequest,
    ground: &'a Ground,
    sweep: &'a RunId,
    looking: &'a Looking<'a>,
}

impl Deciding<'_> {
    async fn decided(&self, recipe: &RecipeName, text: &str) -> Result<Decided, RunnerError> {
        let (_, repository) = find::repository(text, self.looking).await?;
        let published = version::published(&repository.tags().await?);
        let Some(newest) = published.versions.last() else {
            let decision = Decision::Skipped { why: "no version is published".to_owned() };
            let planned = PlannedRecipe { name: recipe.to_string(), version: None, commit: None, decision };
            return Ok(Decided { planned, candidate: None });
        };
        let commit = Commit::parse(&newest.commit).map_err(|error| RunnerError::internal(error.to_string()))?;
        let request =
            Request { recipe: text.to_owned(), revision: Some(commit.to_string()), ..self.asked.operator.clone() };
        let prepared = Box::pin(prepare::prepare(&request, self.sweep, self.looking)).await?;
        let address = find::address(text, self.looking, &repository).await?.shown().to_string();
        let (state, program) = (self.looking.state, self.asked.program.as_path());
        let about = About { state, request: &request, recipe, prepared: &prepared, address, program };
        let facts = facts::gather(&about, self.ground).await;
        let (last, unreadable) = match Sweeps::of(state).answer(recipe) {
            KeptAnswer::None => (None, None),
            KeptAnswer::Some(answer) => (Some(*answer), None),
            KeptAnswer::Unreadable { why } => (None, Some(why)),
        };
        let stands = match (self.asked.answers, unreadable) {
            (EarlierAnswers::Ignored, _) => Err("--fresh".to_owned()),
            (EarlierAnswers::Count, Some(why)) => Err(format!("its last answer cannot be read: {why}")),
            (EarlierAnswers::Count, None) => {
                let wanted = self.canonical(recipe, &prepared)?;
                stands(last.as_ref(), &facts, (&newest.tag, &commit), &wanted)
            }
        };
        let decision = match stands {
            Ok(last) => Decision::Unchanged { run: last.run.clone(), at: last.at.clone(), level: last.level },
            Err(why) => Decision::Run { why, needs: cold(&prepared) },
        };
        let (version, name) = (newest.tag.clone(), recipe.to_string());
        let planned = PlannedRecipe { name, version: Some(version.clone()), commit: Some(commit.clone()), decision };
        let warm = prepared.needed.iter().filter_map(|one| one.warm.clone()).collect();
        let uses = prepared.needed.iter().map(|one| one.planned.recipe.clone()).collect();
        let recipe = recipe.clone();
        let candidate = Candidate { recipe, version, commit, request, facts, last, warm, uses };
        Ok(Decided { candidate: planned.is_run().then_some(candidate), planned })
    }

    /// The canonical that a green run would leave.
    fn canonical(&self, recipe: &RecipeName, prepared: &Prepared) -> Result<WantedCanonical, RunnerError> {
        match &prepared.approved.plan.promotion {
            Promotion::NotEnrolled | Promotion::No { .. } => Ok(WantedCanonical::None),
            Promotion::IfGreen { .. } => {
                let shelf = Canonicals::of(self.looking.state).shelf(recipe)?;
                let kept = shelf.newest().map(|newest| (newest.version.clone(), newest.commit.clone()));
                Ok(WantedCanonical::Newest { kept })
            }
        }
    }

    /// What is brought up for the recipes that are run, in the order in which it is first needed.
    async fn providers(
        &self,
        recipes: &[PlannedRecipe],
    ) -> Result<(Vec<PlannedProvider>, BTreeMap<RecipeName, Needed>), RunnerError> {
        let (mut providers, mut needed) = (Vec::new(), BTreeMap::new());
        for recipe in recipes.iter().flat_map(PlannedRecipe::needs) {
            if needed.contains_key(recipe) {
                continue;
            }
            let run = RunId::parse(&format!("{}-d{}", self.sweep, providers.len() + 1))
                .map_err(|error| RunnerError::internal(error.to_string()))?;
            let stay = Stay::Sweep(&run);
            let shared = dependencies::shared(&self.asked.operator, recipe, self.looking, &stay).await?;
            let planned = &shared.0.planned;
            providers.push(PlannedProvider {
                recipe: recipe.clone(),
                version: planned.shown().to_owned(),
                stack: planned.stack.clone(),
                run,
            });
            needed.insert(recipe.clone(), shared);
        }
        Ok((providers, needed))
    }
}

fn cold(prepared: &Prepared) -> Vec<RecipeName> {
    prepared.approved.plan.cold().map(|dependency| dependency.recipe.clone()).collect()
}
