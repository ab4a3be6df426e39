//! Many runs of one commit, for programs.

use super::rate::CheckRate;
use super::report::{NotBegun, SoakPlan, SoakReport};
use super::{NoiseBand, ObservedRun};
use crate::ids::RunId;
use crate::tally::DeployTally;
use crate::verdict::blame::Blame;
use serde::Serialize;

/// The version of the report's form as JSON.
pub const SOAK_SCHEMA: u32 = 1;

impl SoakReport {
    /// What a program reads.
    #[must_use]
    pub fn document(&self) -> impl Serialize + '_ {
        let row = |run: &'_ ObservedRun| SoakRow {
            number: run.number,
            run: run.run.clone(),
            verdict: run.color.word(),
            blame: run.blame,
            cause: run.cause.clone(),
            exit_code: run.exit_code,
        };
        SoakDocument {
            schema: SOAK_SCHEMA,
            plan: &self.plan,
            green: self.runs.iter().filter(|run| run.is_green()).count(),
            runs: self.runs.iter().map(row).collect(),
            flaky: self.flaky().map(|rate| rate.check.to_string()).collect(),
            checks: &self.rates,
            noise: &self.noise,
            deploys: &self.deploys,
            deploys_stated: self.plan.deploys(),
            within_budget: self.keeps_its_budget(),
            not_begun: self.not_begun.as_ref(),
            ended_by: self.ended_by.as_deref(),
            message: self.headline(),
            exit_code: self.exit_code(),
        }
    }
}

/// The report as JSON has it.
#[derive(Serialize)]
struct SoakDocument<'a> {
    schema: u32,
    #[serde(flatten)]
    plan: &'a SoakPlan,
    green: usize,
    #[serde(rename = "made")]
    runs: Vec<SoakRow>,
    flaky: Vec<String>,
    checks: &'a [CheckRate],
    noise: &'a [NoiseBand],
    deploys: &'a DeployTally,
    deploys_stated: usize,
    within_budget: bool,
    not_begun: Option<&'a NotBegun>,
    ended_by: Option<&'a str>,
    message: String,
    exit_code: u8,
}

#[derive(Serialize)]
struct SoakRow {
    number: u32,
    run: RunId,
    verdict: &'static str,
    blame: Option<Blame>,
    cause: Option<String>,
    exit_code: u8,
}
