//! From plan and evidence to a verdict: pure, total, and the only place where one is made (VER-1).

pub mod blame;
pub mod budget;
mod judge;
pub mod level;
pub mod promotion;
mod tiers;

pub use self::judge::judge;

use crate::ids::StepId;
use crate::outcome::Finding;
use crate::tier::Tier;
use blame::Blame;
use budget::BudgetVerdict;
use level::{Ladder, Rungs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The answer to "does this recipe work".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub color: Color,
    /// 0 to 5 (VER-2): what was climbed of the ladder. A run whose [`Verdict::ladder`] is none has no level to show; see
    /// [`Verdict::shown_level`].
    pub level: u8,
    /// How much of the ladder could be climbed.
    pub ladder: Ladder,
    /// The five tiers, in order.
    pub tiers: Vec<TierVerdict>,
    /// The five rungs the level is climbed on.
    pub rungs: Rungs,
    /// Whether the three guards on the deploy budget agree.
    pub budget: BudgetVerdict,
    /// Whose fault it is that the run is not green; `None` when it is.
    pub blame: Option<Blame>,
    /// What made it not green, most important first; empty exactly when it is green.
    pub reasons: Vec<String>,
    /// The run has not ended yet, so nothing is known about what it leaves behind. The final verdict is never better.
    pub provisional: bool,
}

impl Verdict {
    /// Whether the recipe passed, for good. A provisional verdict is not green yet, whatever its colour.
    #[must_use]
    pub fn is_green(&self) -> bool {
        match self.color {
            Color::Green => !self.provisional,
            Color::Red | Color::Unverified | Color::Cancelled => false,
        }
    }

    /// The level that may be shown; `None` for a run that was not asked to prove everything, or was about no commit.
    #[must_use]
    pub fn shown_level(&self) -> Option<u8> {
        match self.ladder {
            Ladder::Whole | Ladder::Capped { .. } | Ladder::Quick { .. } => Some(self.level),
            Ladder::None { .. } => None,
        }
    }

    /// Whether the level may stand by itself, where nobody sees how the run came to it: in a badge, or beside those of other runs.
    #[must_use]
    pub fn has_badge(&self) -> bool {
        match self.ladder {
            Ladder::Whole | Ladder::Capped { .. } => true,
            Ladder::Quick { .. } | Ladder::None { .. } => false,
        }
    }

    /// `level 4`, or `no level`.
    #[must_use]
    pub fn level_in_words(&self) -> String {
        self.shown_level().map_or_else(|| "no level".to_owned(), |level| format!("level {level}"))
    }

    /// Why the level is not more, or is missing, though nothing failed; `None` when the whole ladder could be climbed.
    #[must_use]
    pub fn capped_by(&self) -> Option<&str> {
        match &self.ladder {
            Ladder::Whole => None,
            Ladder::Capped { by } | Ladder::Quick { by } | Ladder::None { by } => Some(by),
        }
    }

    /// The verdict on one tier.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> Option<&TierVerdict> {
        self.tiers.iter().find(|verdict| verdict.tier == tier)
    }
}

/// A verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Everything planned was proven, within budget, and nothing was left.
    Green,
    /// A tier failed, the budget guards disagree, something leaked, or nothing ran (VER-3).
    Red,
    /// Something has no answer, and nothing failed: infrastructure, cc-ci itself, or nothing to prove it with.
    Unverified,
    /// A person or the run's deadline ended it before anything failed.
    Cancelled,
}

impl Color {
    /// The word used in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Red => "red",
            Self::Unverified => "unverified",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How a tier or rung stands (RUN-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Proven.
    Pass,
    /// Disproven.
    Fail,
    /// Does not apply, with a reason.
    Skip,
    /// Should have given an answer and did not.
    Unver,
}

impl Status {
    /// The word used in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unver => "unver",
        }
    }

    /// Whether what stands above may still count.
    #[must_use]
    pub fn lets_pass(self) -> bool {
        match self {
            Self::Pass | Self::Skip => true,
            Self::Fail | Self::Unver => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The verdict on one tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierVerdict {
    /// Which.
    pub tier: Tier,
    /// How it stands.
    pub status: Status,
    /// Why, unless it passed.
    pub reason: Option<String>,
    /// Whose fault it is, if it failed or has no answer.
    pub blame: Option<Blame>,
    /// Every step that did not pass, in order.
    pub findings: Vec<StepFinding>,
    /// What passing steps saw, and which tests were skipped.
    pub notes: Vec<String>,
    /// It has no answer only because an earlier tier did not pass.
    pub inherited: bool,
}

impl TierVerdict {
    fn without_answer(tier: Tier, reason: &str, blame: Blame) -> Self {
        Self {
            tier,
            status: Status::Unver,
            reason: Some(reason.to_owned()),
            blame: Some(blame),
            findings: Vec::new(),
            notes: Vec::new(),
            inherited: false,
        }
    }
}

/// A step that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFinding {
    /// Which.
    pub step: StepId,
    /// [`Status::Fail`] or [`Status::Unver`].
    pub status: Status,
    /// Whose fault it is.
    pub blame: Blame,
    /// What was found.
    pub finding: Finding,
}

impl StepFinding {
    /// `install/converged: app: …`.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.finding.service {
            Some(service) => format!("{}: {service}: {}", self.step, self.finding.summary),
            None => format!("{}: {}", self.step, self.finding.summary),
        }
    }
}
