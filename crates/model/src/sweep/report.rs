//! What a sweep came to, and why it is not green.

use super::guards::{SweepCounts, SweepGuards};
use super::plan::{PlannedRecipe, SweepPlan};
use super::rows::{ProviderCame, ProviderRow, RanRow, RowEnd, SweepRow};
use crate::exit;
use crate::ids::RecipeName;
use crate::report::text::{count, first_line};
use crate::verdict::budget::Agreement;
use serde::Serialize;
use std::collections::BTreeMap;

/// A sweep that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepReport {
    /// What was to be done.
    pub plan: SweepPlan,
    /// The recipes, in the order of the plan.
    pub rows: Vec<SweepRow>,
    /// What was brought up for them.
    pub providers: Vec<ProviderRow>,
    /// The three counts of the deploys.
    pub guards: SweepGuards,
    /// What would not go at the end.
    pub left: Vec<String>,
    /// When it began, RFC 3339, UTC.
    pub began: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Who ended it, where somebody did.
    pub ended_by: Option<String>,
}

/// Why a sweep is not green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// In words.
    pub what: String,
    /// The exit code of it.
    pub exit_code: u8,
}

impl Reason {
    fn new(what: impl Into<String>, exit_code: u8) -> Self {
        Self { what: what.into(), exit_code }
    }
}

/// What a sweep was, as far as it is measured and not decided.
#[derive(Debug, Clone, Default)]
pub struct SweepEnd {
    /// What was counted.
    pub counts: SweepCounts,
    /// What would not go at the end.
    pub left: Vec<String>,
    /// When it began, RFC 3339, UTC.
    pub began: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Who ended it, where somebody did.
    pub ended_by: Option<String>,
}

impl SweepReport {
    /// From what was made. Rows that have no end yet were not reached.
    #[must_use]
    pub fn new(plan: SweepPlan, made: Vec<SweepRow>, providers: Vec<ProviderRow>, end: SweepEnd) -> Self {
        let mut made: BTreeMap<String, SweepRow> = made.into_iter().map(|row| (row.name.clone(), row)).collect();
        let row = |one: &PlannedRecipe| {
            let made = made.remove(&one.name);
            SweepRow::planned(one).or(made).unwrap_or_else(|| SweepRow::of_run(one, RowEnd::NotReached))
        };
        let rows: Vec<SweepRow> = plan.recipes.iter().map(row).collect();
        let guards = SweepGuards::judge(&plan, &rows, &providers, &end.counts);
        let SweepEnd { left, began, ms, ended_by, .. } = end;
        Self { plan, rows, providers, guards, left, began, ms, ended_by }
    }

    /// The runs that were made.
    pub fn ran(&self) -> impl Iterator<Item = (&SweepRow, &RanRow)> {
        self.rows.iter().filter_map(|row| Some((row, row.end.ran()?)))
    }

    /// How many recipes are as they were, with evidence.
    #[must_use]
    pub fn unchanged(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.end, RowEnd::Unchanged { .. })).count()
    }

    /// Recipes that were given a provider, by its name.
    pub fn users<'a>(&'a self, provider: &'a RecipeName) -> impl Iterator<Item = &'a str> {
        self.ran().filter(move |(_, run)| run.given.contains(provider)).map(|(row, _)| row.name.as_str())
    }

    /// Why it is not green, the cause first; empty exactly when it is.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.rows.is_empty() {
            reasons.push(Reason::new("no recipe was found", exit::RED));
        }
        reasons.extend(self.providers.iter().filter_map(|provider| self.of_provider(provider)));
        if self.guards.agreement == Agreement::Disagreed {
            let why = self.guards.words.first().map(String::as_str).unwrap_or_default();
            let what = format!("the guards of the budget do not agree: {}: {why}", self.guards.line());
            reasons.push(Reason::new(what, exit::RED));
        }
        reasons.extend(self.rows.iter().filter_map(|row| self.of_row(row)));
        reasons.extend(self.too_few());
        if let Some(first) = self.left.first() {
            let what = format!("{} left behind: {first}", count(self.left.len(), "object"));
            reasons.push(Reason::new(what, exit::INFRASTRUCTURE));
        }
        if reasons.is_empty() && self.guards.agreement == Agreement::Unknown {
            let why = self.guards.words.first().map(String::as_str).unwrap_or_default();
            reasons.push(Reason::new(format!("{}: {why}", self.guards.line()), exit::BUG));
        }
        reasons
    }

    /// What is wrong with something that was brought up.
    fn of_provider(&self, provider: &ProviderRow) -> Option<Reason> {
        let recipe = &provider.recipe;
        match &provider.came {
            ProviderCame::NotUp { why, exit_code, .. } => {
                Some(Reason::new(format!("{recipe} did not come up: {}", first_line(why)), *exit_code))
            }
            ProviderCame::Died { why, .. } => {
                Some(Reason::new(format!("{recipe} died: {}", first_line(why)), exit::RED))
            }
            ProviderCame::Up { .. } if self.users(recipe).next().is_none() && self.ended_by.is_none() => {
                Some(Reason::new(format!("{recipe} was brought up, and no run used it"), exit::RED))
            }
            ProviderCame::Up { .. } | ProviderCame::NotReached => None,
        }
    }

    /// What is wrong with the answer about a recipe.
    fn of_row(&self, row: &SweepRow) -> Option<Reason> {
        let name = &row.name;
        match &row.end {
            RowEnd::Ran(run) if run.is_green() => None,
            RowEnd::Ran(run) => {
                let cause = run.cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
                let blame = run.blame.map(|blame| format!(" (blame: {blame})")).unwrap_or_default();
                Some(Reason::new(format!("{name} is {}{blame}{cause}", run.color), run.exit_code))
            }
            RowEnd::Unaccounted { why, .. } => {
                Some(Reason::new(format!("{name} is unaccounted for: {}", first_line(why)), exit::RED))
            }
            RowEnd::NotBegun { why, exit_code } => {
                Some(Reason::new(format!("no run of {name} could begin: {}", first_line(why)), *exit_code))
            }
            RowEnd::Unverified { by, why } => {
                let what = format!("{name} has no answer (blame: dependency): {by}: {}", first_line(why));
                Some(Reason::new(what, exit::RED))
            }
            RowEnd::NotReached if self.ended_by.is_none() => {
                Some(Reason::new(format!("{name} was not reached"), exit::BUG))
            }
            RowEnd::Unchanged { .. } | RowEnd::Skipped { .. } | RowEnd::NotReached => None,
        }
    }

    /// Whether fewer recipes have an answer than somebody said, or none has.
    fn too_few(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let answered = self.rows.iter().filter(|row| row.has_answer()).count();
        if let Some(expected) = self.plan.expect.filter(|expected| answered < *expected) {
            let what = format!("{} expected, {answered} with an answer", count(expected, "recipe"));
            reasons.push(Reason::new(what, exit::RED));
        }
        let skipped = |row: &SweepRow| matches!(row.end, RowEnd::Skipped { .. });
        if !self.rows.is_empty() && self.rows.iter().all(skipped) {
            let all = count(self.rows.len(), "recipe");
            reasons.push(Reason::new(format!("nothing was learnt: {all}, all skipped"), exit::RED));
        }
        reasons
    }

    /// The exit code: 0 when every recipe has a good answer, within the budget.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if let Some(by) = &self.ended_by {
            return exit::of_cancelled_by(by);
        }
        let codes: Vec<u8> = self.reasons().into_iter().map(|reason| reason.exit_code).collect();
        if codes.contains(&exit::RED) { exit::RED } else { codes.first().copied().unwrap_or(exit::GREEN) }
    }
}
