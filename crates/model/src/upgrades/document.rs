//! The upgrades from several versions, for programs.

use super::count::SeriesCounts;
use super::plan::UpgradesPlan;
use super::report::UpgradesReport;
use super::tried::{TierCell, TriedUpgrade, UpgradeAnswer};
use crate::ids::RunId;
use crate::verdict::blame::Blame;
use serde::Serialize;

/// The version of the report's form as JSON.
pub const UPGRADES_SCHEMA: u32 = 1;

impl UpgradesReport {
    /// What a program reads.
    #[must_use]
    pub fn document(&self) -> impl Serialize + '_ {
        UpgradesDocument {
            schema: UPGRADES_SCHEMA,
            plan: &self.plan,
            verdict: self.color.word(),
            blame: self.blame,
            answered: self.answered(),
            upgrades: self.tried.iter().map(row).collect(),
            deploys: &self.counts,
            started: &self.started,
            ended_by: self.ended_by.as_deref(),
            message: self.headline(),
            exit_code: self.exit_code(),
        }
    }
}

fn row(tried: &TriedUpgrade) -> UpgradeRow<'_> {
    let TriedUpgrade { version, run, answer, cells, ms, level, exit_code, counted: _ } = tried;
    UpgradeRow { version, run: run.as_ref(), answer, tiers: cells, ms: *ms, level: *level, exit_code: *exit_code }
}

/// The report as JSON has it.
#[derive(Serialize)]
struct UpgradesDocument<'a> {
    schema: u32,
    plan: &'a UpgradesPlan,
    verdict: &'static str,
    blame: Option<Blame>,
    answered: usize,
    upgrades: Vec<UpgradeRow<'a>>,
    deploys: &'a SeriesCounts,
    started: &'a str,
    ended_by: Option<&'a str>,
    message: String,
    exit_code: u8,
}

#[derive(Serialize)]
struct UpgradeRow<'a> {
    version: &'a str,
    run: Option<&'a RunId>,
    #[serde(flatten)]
    answer: &'a UpgradeAnswer,
    tiers: &'a [TierCell],
    ms: Option<u64>,
    level: Option<u8>,
    exit_code: u8,
}
