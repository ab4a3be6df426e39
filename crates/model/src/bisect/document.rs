//! A search that is over, for programs.

use super::report::{BisectPlan, BisectReport, CommitProbe, LineCommit};
use super::{Before, BisectEnd};
use crate::ids::{Commit, RecipeName};
use crate::tally::DeployTally;
use crate::tier::Tier;
use serde::Serialize;

/// The version of the report's form as JSON.
pub const BISECT_SCHEMA: u32 = 1;

impl BisectReport {
    /// What a program reads.
    #[must_use]
    pub fn document(&self) -> impl Serialize + '_ {
        let BisectPlan { line, .. } = &self.plan;
        let commits = |from: usize, to: usize| line.get(from..=to).unwrap_or_default().iter().collect();
        let (result, named, before) = match &self.end {
            BisectEnd::First { at, before } => ("first", commits(*at, *at), Some(*before)),
            BisectEnd::Among { from, to, .. } => ("among", commits(*from, *to), None),
            BisectEnd::BadPasses => ("bad-passes", Vec::new(), None),
            BisectEnd::BadUnknown { .. } => ("bad-unknown", Vec::new(), None),
            BisectEnd::GoodFails => ("good-fails", Vec::new(), None),
        };
        BisectDocument {
            schema: BISECT_SCHEMA,
            recipe: &self.plan.recipe,
            tier: self.plan.tier,
            good: line.first().map(|one| &one.commit),
            bad: line.last().map(|one| &one.commit),
            commits: line.len().saturating_sub(1),
            base: self.plan.base.as_deref(),
            most_runs: self.plan.most_runs,
            most_deploys: self.plan.most_deploys,
            probes: &self.probes,
            deploys: &self.deploys,
            result,
            named,
            before,
            message: self.headline(),
            contradiction: self.contradiction.is_some(),
            ended_by: self.ended_by.as_deref(),
            exit_code: self.exit_code(),
        }
    }
}

/// The report as JSON has it.
#[derive(Serialize)]
struct BisectDocument<'a> {
    schema: u32,
    recipe: &'a RecipeName,
    tier: Tier,
    good: Option<&'a Commit>,
    bad: Option<&'a Commit>,
    commits: usize,
    base: Option<&'a str>,
    most_runs: usize,
    most_deploys: usize,
    probes: &'a [CommitProbe],
    deploys: &'a DeployTally,
    result: &'static str,
    named: Vec<&'a LineCommit>,
    before: Option<Before>,
    message: String,
    contradiction: bool,
    ended_by: Option<&'a str>,
    exit_code: u8,
}
