//! What came of each recipe of a sweep, and of each that was brought up for them.

use super::facts::LastAnswer;
use super::plan::{Decision, PlannedRecipe};
use crate::evidence::Evidence;
use crate::exit;
use crate::ids::{RecipeName, RunId, StackName};
use crate::report::ReportView;
use crate::report::text::first_line;
use crate::verdict::Color;
use crate::verdict::blame::Blame;
use crate::verdict::budget::BudgetVerdict;
use serde::Serialize;

/// One recipe of a sweep, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SweepRow {
    /// Its name.
    pub name: String,
    /// Its newest published version.
    pub version: Option<String>,
    /// Why it was run; `None` when it was not.
    pub why: Option<String>,
    /// What came of it.
    #[serde(flatten)]
    pub end: RowEnd,
}

/// What came of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum RowEnd {
    /// It was run.
    Ran(Box<RanRow>),
    /// Its last answer stands.
    Unchanged {
        /// The run that gave it.
        run: RunId,
        /// When, RFC 3339, UTC.
        at: String,
        /// The level that may be shown.
        level: Option<u8>,
    },
    /// There was nothing to run.
    Skipped {
        /// Why.
        why: String,
    },
    /// It was not run, because a recipe that it needs is not there.
    Unverified {
        /// Which.
        by: RecipeName,
        /// What is wrong with that.
        why: String,
    },
    /// No run came of the request.
    NotBegun {
        /// Why.
        why: String,
        /// The exit code of that.
        exit_code: u8,
    },
    /// Somebody ended the sweep before.
    NotReached,
    /// It was asked for and cannot be run.
    Unaccounted {
        /// Why.
        why: String,
        /// The exit code of that.
        exit_code: u8,
    },
}

/// A run of a sweep that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RanRow {
    /// The run.
    pub run: RunId,
    /// Its verdict in one word.
    pub color: Color,
    /// The level that may be shown.
    pub level: Option<u8>,
    /// Whose fault it is that it is not green.
    pub blame: Option<Blame>,
    /// The most important reason that it is not green.
    pub cause: Option<String>,
    /// The exit code of the run.
    pub exit_code: u8,
    /// From its start to its end, in milliseconds.
    pub ms: u64,
    /// What is to be said about promotion.
    pub promotion: Option<String>,
    /// What the guards of its own budget say.
    #[serde(skip)]
    pub budget: BudgetVerdict,
    /// The deploys in its ledger.
    pub ledger: Vec<StackName>,
    /// The deploys that its own witness saw.
    pub witness: Vec<StackName>,
    /// Recipes of the sweep that it was given.
    pub given: Vec<RecipeName>,
    /// The answer of the sweep before, where there was one.
    pub before: Option<AnswerBefore>,
}

/// What a recipe came to the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerBefore {
    /// Its version then.
    pub version: String,
    /// The verdict in one word.
    pub color: Color,
    /// The level that was shown.
    pub level: Option<u8>,
    /// When, RFC 3339, UTC.
    pub at: String,
    /// Whether the same was asked of the very same things.
    pub same: bool,
}

/// A recipe that was brought up for the runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderRow {
    /// Which.
    pub recipe: RecipeName,
    /// At which version.
    pub version: String,
    /// Its stack.
    pub stack: StackName,
    /// What became of it.
    #[serde(flatten)]
    pub came: ProviderCame,
}

/// What became of a recipe that was to be brought up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "came", rename_all = "kebab-case")]
pub enum ProviderCame {
    /// It came up, and was healthy whenever it was asked.
    Up {
        /// How long that took, in milliseconds.
        ms: u64,
    },
    /// It did not.
    NotUp {
        /// Why.
        why: String,
        /// The exit code of that.
        exit_code: u8,
        /// Whether its deploy was made.
        deployed: bool,
    },
    /// It came up, and was not healthy when it was to be lent.
    Died {
        /// How long it took to come up, in milliseconds.
        ms: u64,
        /// What was wrong.
        why: String,
    },
    /// Somebody ended the sweep before.
    NotReached,
}

/// A verdict in words: `green, level 4`.
pub(super) fn answer(color: Color, level: Option<u8>) -> String {
    level.map_or_else(|| color.to_string(), |level| format!("{color}, level {level}"))
}

impl RowEnd {
    /// The run, where one was made.
    #[must_use]
    pub fn ran(&self) -> Option<&RanRow> {
        match self {
            Self::Ran(run) => Some(run),
            Self::Unchanged { .. }
            | Self::Skipped { .. }
            | Self::Unverified { .. }
            | Self::NotBegun { .. }
            | Self::NotReached
            | Self::Unaccounted { .. } => None,
        }
    }
}

impl SweepRow {
    /// The row of a recipe whose fate its plan decides; `None` for one that is run.
    #[must_use]
    pub fn planned(one: &PlannedRecipe) -> Option<Self> {
        let end = match one.decision.clone() {
            Decision::Run { .. } => return None,
            Decision::Unchanged { run, at, level } => RowEnd::Unchanged { run, at, level },
            Decision::Skipped { why } => RowEnd::Skipped { why },
            Decision::Unaccounted { why, exit_code } => RowEnd::Unaccounted { why, exit_code },
        };
        Some(Self { name: one.name.clone(), version: one.version.clone(), why: None, end })
    }

    /// The row of a recipe that was to be run.
    #[must_use]
    pub fn of_run(one: &PlannedRecipe, end: RowEnd) -> Self {
        let why = match &one.decision {
            Decision::Run { why, .. } => Some(why.clone()),
            Decision::Unchanged { .. } | Decision::Skipped { .. } | Decision::Unaccounted { .. } => None,
        };
        Self { name: one.name.clone(), version: one.version.clone(), why, end }
    }

    /// Whether something is known about the recipe now: a run gave a verdict, or its last one stands.
    #[must_use]
    pub fn has_answer(&self) -> bool {
        match self.end {
            RowEnd::Ran(_) | RowEnd::Unchanged { .. } => true,
            RowEnd::Skipped { .. }
            | RowEnd::Unverified { .. }
            | RowEnd::NotBegun { .. }
            | RowEnd::NotReached
            | RowEnd::Unaccounted { .. } => false,
        }
    }
}

impl RanRow {
    /// What is kept of a run that is over.
    #[must_use]
    pub fn of(view: &ReportView, evidence: &Evidence, exit_code: u8) -> Self {
        let verdict = &view.verdict;
        let budget = evidence.budget.as_ref();
        Self {
            run: view.run.clone(),
            color: verdict.color,
            level: verdict.shown_level(),
            blame: verdict.blame,
            cause: verdict.reasons.first().map(|reason| first_line(reason).to_owned()),
            exit_code,
            ms: view.end_ms.or(view.due_ms).unwrap_or_default(),
            promotion: view.promotion.clone(),
            budget: verdict.budget.clone(),
            ledger: budget.map(|budget| budget.ledger.clone()).unwrap_or_default(),
            witness: budget.map(|budget| budget.witness.clone()).unwrap_or_default(),
            given: view.providers.iter().map(|row| row.recipe.clone()).collect(),
            before: None,
        }
    }

    /// The same beside what the recipe came to the last time.
    #[must_use]
    pub fn after(mut self, last: Option<&LastAnswer>, same: impl FnOnce(&LastAnswer) -> bool) -> Self {
        self.before = last.map(|last| AnswerBefore {
            version: last.version.clone(),
            color: last.color,
            level: last.level,
            at: last.at.clone(),
            same: same(last),
        });
        self
    }

    /// Whether it is green, for good.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.color == Color::Green && self.exit_code == exit::GREEN
    }

    /// The answer of the sweep before, where it was another one.
    #[must_use]
    pub fn changed(&self) -> Option<&AnswerBefore> {
        self.before.as_ref().filter(|before| (before.color, before.level) != (self.color, self.level))
    }

    /// Whether the very same gave another verdict the last time.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.same && before.color != self.color)
    }
}
