//! A sweep in words.

use super::plan::{Decision, PlannedRecipe, SweepPlan};
use super::report::SweepReport;
use super::rows::{AnswerBefore, ProviderCame, ProviderRow, RanRow, RowEnd, SweepRow, answer};
use crate::exit;
use crate::report::text::{count, first_line, seconds, whole};

impl SweepPlan {
    /// What is swept and what it costs, before it starts.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let (runs, rest) = (self.runs().count(), self.recipes.len() - self.runs().count());
        let jobs = if self.jobs > 1 { format!(", {} at a time", self.jobs) } else { String::new() };
        let mut lines = vec![
            format!("sweep {}: {}, {runs} to run{jobs}", self.sweep, count(self.recipes.len(), "recipe")),
            self.budget(),
        ];
        for provider in &self.providers {
            let users: Vec<&str> = self.users(&provider.recipe).map(|one| one.name.as_str()).collect();
            let (recipe, version) = (&provider.recipe, &provider.version);
            lines.push(format!("  {recipe} {version} is brought up once, for {}", users.join(", ")));
        }
        lines.extend(self.runs().filter_map(PlannedRecipe::line));
        if rest > 0 {
            lines.extend(self.recipes.iter().filter(|one| !one.is_run()).filter_map(PlannedRecipe::line));
        }
        lines
    }

    /// `6 runs + 1 dependency = 7 deploys`.
    #[must_use]
    pub fn budget(&self) -> String {
        let shared = match self.providers.len() {
            1 => "1 dependency".to_owned(),
            number => format!("{number} dependencies"),
        };
        format!("{} + {shared} = {}", count(self.runs().count(), "run"), count(self.deploys(), "deploy"))
    }
}

impl PlannedRecipe {
    fn line(&self) -> Option<String> {
        let shown = self.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let name = &self.name;
        Some(match &self.decision {
            Decision::Run { why, .. } => format!("  {name}{shown} is run: {}", first_line(why)),
            Decision::Unchanged { .. } => format!("  {name}{shown} is unchanged"),
            Decision::Skipped { why } => format!("  {name}{shown} is skipped: {}", first_line(why)),
            Decision::Unaccounted { why, .. } => format!("  {name}{shown} cannot be run: {}", first_line(why)),
        })
    }
}

impl SweepRow {
    /// One line: `shop  1.0.0+1  green, level 4  12.3 s  run 2026…`.
    #[must_use]
    pub fn line(&self) -> String {
        let version = self.version.as_deref().unwrap_or("-");
        format!("{:<24} {version:<16} {}", self.name, self.answer())
    }

    /// What came of it, without its name.
    #[must_use]
    pub fn answer(&self) -> String {
        match &self.end {
            RowEnd::Ran(run) => run.line(),
            RowEnd::Unchanged { run, at, level } => {
                let level = level.map(|level| format!(", level {level}")).unwrap_or_default();
                format!("unchanged since {at}: green{level}  (run {run}, 0 deploys)")
            }
            RowEnd::Skipped { why } => format!("skipped: {}", first_line(why)),
            RowEnd::Unverified { by, why } => format!("unver (blame: dependency): {by}: {}", first_line(why)),
            RowEnd::NotBegun { why, .. } => format!("no run could begin: {}", first_line(why)),
            RowEnd::NotReached => "not reached".to_owned(),
            RowEnd::Unaccounted { why, .. } => format!("unaccounted for: {}", first_line(why)),
        }
    }
}

impl RanRow {
    fn line(&self) -> String {
        let blame = self.blame.map(|blame| format!(" (blame: {blame})")).unwrap_or_default();
        let cause = self.cause.as_ref().map(|cause| format!(": {}", first_line(cause))).unwrap_or_default();
        let (said, took) = (answer(self.color, self.level), seconds(self.ms));
        let before = self.changed().map(|before| before.words()).unwrap_or_default();
        format!("{said} after {took}{blame}{cause}{before}  (run {})", self.run)
    }
}

impl AnswerBefore {
    fn words(&self) -> String {
        let same = if self.same { ", of the very same: flaky" } else { "" };
        format!("; was {} at {}{same}", answer(self.color, self.level), self.version)
    }
}

impl ProviderRow {
    /// One line: `canaille  1.0.0  up after 12.3 s`.
    #[must_use]
    pub fn line(&self) -> String {
        let said = match &self.came {
            ProviderCame::Up { ms } => format!("brought up in {}", seconds(*ms)),
            ProviderCame::NotUp { why, .. } => format!("did not come up: {}", first_line(why)),
            ProviderCame::Died { ms, why } => format!("brought up in {}, then died: {}", seconds(*ms), first_line(why)),
            ProviderCame::NotReached => "not reached".to_owned(),
        };
        format!("{:<24} {:<16} {said}", self.recipe.to_string(), self.version)
    }
}

impl SweepReport {
    /// As text for a reader: a line for each recipe, the budget, and the answer last.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![format!("sweep {}: {}", self.plan.sweep, count(self.rows.len(), "recipe"))];
        lines.extend(self.rows.iter().map(SweepRow::line));
        for provider in &self.providers {
            let users: Vec<&str> = self.users(&provider.recipe).collect();
            let users = if users.is_empty() { "nobody".to_owned() } else { users.join(", ") };
            lines.push(format!("{}, used by {users}", provider.line()));
        }
        lines.push(String::new());
        lines.push(format!("{}: {}", self.guards.line(), self.plan.budget()));
        lines.extend(self.guards.words.iter().map(|word| format!("  {word}")));
        let strangers = self.guards.strangers.iter();
        lines.extend(
            strangers.map(|stack| format!("  {stack} came into being meanwhile and is nobody's here: not counted")),
        );
        lines.push(String::new());
        let reasons = self.reasons();
        lines.extend(reasons.iter().skip(1).map(|reason| format!("also: {}", reason.what)));
        lines.push(self.headline());
        whole(&lines)
    }

    /// The answer in one line.
    #[must_use]
    pub fn headline(&self) -> String {
        let (all, ran, unchanged) = (self.rows.len(), self.ran().count(), self.unchanged());
        let sum = format!("{}: {ran} ran, {unchanged} unchanged", count(all, "recipe"));
        let reasons = self.reasons();
        match (&self.ended_by, reasons.first()) {
            (Some(by), _) => format!("NOT FINISHED  {sum}, then {by} ended it"),
            (None, Some(reason)) => {
                let word = if self.exit_code() == exit::RED { "RED" } else { "NOT GREEN" };
                format!("{word}  {}  ({sum})", reason.what)
            }
            (None, None) => format!("GREEN  {sum}"),
        }
    }
}
