//! What many runs of one commit come to.

use super::rate::{CheckRate, Steadiness, rates};
use super::{NoiseBand, ObservedRun, noise};
use crate::exit;
use crate::ids::{Commit, RecipeName};
use crate::tally::DeployTally;
use serde::Serialize;

/// What is run how often, known before anything is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SoakPlan {
    /// The recipe.
    pub recipe: RecipeName,
    /// The commit.
    pub head: Commit,
    /// The version that every run begins at; `None` where that is no published one.
    pub base: Option<String>,
    /// How many runs.
    pub runs: u32,
    /// How many of them at the same time.
    pub jobs: u32,
    /// Deploys of each, by its plan: the app, and each cold dependency.
    pub deploys_each: usize,
}

impl SoakPlan {
    /// Deploys of all.
    #[must_use]
    pub fn deploys(&self) -> usize {
        usize::try_from(self.runs).unwrap_or(usize::MAX).saturating_mul(self.deploys_each)
    }
}

/// A run that could not begin; none was begun after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotBegun {
    /// Its number.
    pub number: u32,
    /// Why.
    pub why: String,
    /// The exit code of that.
    pub exit_code: u8,
}

/// Many runs of one commit that are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoakReport {
    /// What was asked for.
    pub plan: SoakPlan,
    /// The runs, by their numbers.
    pub runs: Vec<ObservedRun>,
    /// How often each check passes.
    pub rates: Vec<CheckRate>,
    /// How far times lie apart.
    pub noise: Vec<NoiseBand>,
    /// The deploys that were made.
    pub deploys: DeployTally,
    /// The run that could not begin, where there was one.
    pub not_begun: Option<NotBegun>,
    /// Who ended it, where somebody did.
    pub ended_by: Option<String>,
}

impl SoakReport {
    /// From the runs that were made.
    #[must_use]
    pub fn new(
        plan: SoakPlan,
        mut runs: Vec<ObservedRun>,
        not_begun: Option<NotBegun>,
        ended_by: Option<String>,
    ) -> Self {
        runs.sort_by_key(|run| run.number);
        let mut deploys = DeployTally::default();
        runs.iter().for_each(|run| deploys.add(&run.run, &run.budget));
        Self { rates: rates(&runs), noise: noise(&runs), plan, runs, deploys, not_begun, ended_by }
    }

    /// Runs that are not green.
    pub fn not_green(&self) -> impl Iterator<Item = &ObservedRun> {
        self.runs.iter().filter(|run| !run.is_green())
    }

    /// Checks that give different answers.
    pub fn flaky(&self) -> impl Iterator<Item = &CheckRate> {
        self.rates.iter().filter(|rate| rate.steadiness == Steadiness::Flaky)
    }

    /// Whether every run that was asked for was made.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        usize::try_from(self.plan.runs).is_ok_and(|asked| asked == self.runs.len())
    }

    /// Deploys that the runs which were made were stated to make.
    #[must_use]
    pub fn stated(&self) -> usize {
        self.runs.len() * self.plan.deploys_each
    }

    /// Whether as many deploys were made as were stated, by every count.
    #[must_use]
    pub fn keeps_its_budget(&self) -> bool {
        let DeployTally { planned, ledger, witness, .. } = self.deploys;
        self.deploys.agrees() && [planned, ledger, witness] == [self.stated(); 3]
    }

    /// Whether every run began at the same commit.
    #[must_use]
    pub fn has_one_base(&self) -> bool {
        self.runs.windows(2).all(|pair| pair[0].base == pair[1].base)
    }

    /// The exit code: 0 when every run that was asked for was made and is green, on one base and within the budget.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if let Some(by) = &self.ended_by {
            return exit::of_cancelled_by(by);
        }
        let codes: Vec<u8> = self.not_green().map(|run| run.exit_code).collect();
        let disproven = self.flaky().next().is_some() || codes.contains(&exit::RED);
        match (disproven, codes.first().copied().or(self.not_begun.as_ref().map(|one| one.exit_code))) {
            (true, _) => exit::RED,
            (false, Some(code)) => code,
            (false, None) if !self.is_whole() => exit::BUG,
            (false, None) if !self.has_one_base() || !self.keeps_its_budget() => exit::RED,
            (false, None) => exit::GREEN,
        }
    }
}
