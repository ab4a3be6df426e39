//! A sweep, for programs.

use super::guards::SweepGuards;
use super::plan::SweepPlan;
use super::report::{Reason, SweepReport};
use super::rows::{ProviderRow, SweepRow};
use serde::Serialize;

/// The version of the report's form as JSON.
pub const SWEEP_SCHEMA: u32 = 1;

impl SweepReport {
    /// What a program reads.
    #[must_use]
    pub fn document(&self) -> impl Serialize + '_ {
        let named = |rows: Vec<&str>| rows.into_iter().map(str::to_owned).collect();
        SweepDocument {
            schema: SWEEP_SCHEMA,
            plan: &self.plan,
            began: &self.began,
            ms: self.ms,
            answers: &self.rows,
            brought_up: &self.providers,
            ran: self.ran().count(),
            green: self.ran().filter(|(_, run)| run.is_green()).count(),
            unchanged: self.unchanged(),
            changed: named(self.ran().filter(|(_, run)| run.changed().is_some()).map(|(row, _)| &*row.name).collect()),
            flaky: named(self.ran().filter(|(_, run)| run.is_flaky()).map(|(row, _)| &*row.name).collect()),
            guards: &self.guards,
            left: &self.left,
            ended_by: self.ended_by.as_deref(),
            reasons: self.reasons(),
            message: self.headline(),
            exit_code: self.exit_code(),
        }
    }
}

/// The report as JSON has it.
#[derive(Serialize)]
struct SweepDocument<'a> {
    schema: u32,
    #[serde(flatten)]
    plan: &'a SweepPlan,
    began: &'a str,
    ms: u64,
    answers: &'a [SweepRow],
    brought_up: &'a [ProviderRow],
    ran: usize,
    green: usize,
    unchanged: usize,
    changed: Vec<String>,
    flaky: Vec<String>,
    guards: &'a SweepGuards,
    left: &'a [String],
    ended_by: Option<&'a str>,
    reasons: Vec<Reason>,
    message: String,
    exit_code: u8,
}
