//! What came of the upgrade from one version, as its run's record says.
//!
//! A version that cannot be installed any more says nothing about head: the upgrade from it was not tried. That is no pass, and no
//! fault of head's either.

use crate::event::Budget;
use crate::evidence::Evidence;
use crate::ids::{RunId, StackName};
use crate::plan::Skip;
use crate::report::text::first_line;
use crate::report::{ReportView, TierRow};
use crate::tier::Tier;
use crate::verdict::blame::Blame;
use crate::verdict::budget::{Agreement, BudgetVerdict};
use crate::verdict::{Color, Status, TierVerdict};
use serde::Serialize;

/// The upgrade from one version, after its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedUpgrade {
    /// The version.
    pub version: String,
    /// The run; `None` where none could begin.
    pub run: Option<RunId>,
    /// What the run says about the upgrade from this version.
    pub answer: UpgradeAnswer,
    /// How each tier stands.
    pub cells: Vec<TierCell>,
    /// Milliseconds to the run's verdict.
    pub ms: Option<u64>,
    /// The level of the run by itself, where it has one.
    pub level: Option<u8>,
    /// The exit code of the run.
    pub exit_code: u8,
    /// What was counted in the run.
    pub counted: RunCounted,
}

/// What a run says about the upgrade from its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum UpgradeAnswer {
    /// It works: everything that was asked for is proven.
    Passes,
    /// It does not.
    Fails {
        /// What is wrong.
        why: String,
        /// Who has to act.
        blame: Blame,
    },
    /// The run says nothing about it.
    None {
        /// Why.
        why: String,
        /// Who has to act; `None` where the run could not begin or was ended.
        blame: Option<Blame>,
    },
}

/// One tier of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TierCell {
    /// The tier.
    pub tier: Tier,
    /// How it stands.
    pub stands: CellStatus,
    /// How long it took, in milliseconds.
    pub ms: Option<u64>,
}

/// How a tier stands for one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellStatus {
    /// Proven.
    Pass,
    /// Disproven.
    Fail,
    /// The recipe has nothing for it.
    Skip,
    /// It should have given an answer and did not.
    Unver,
    /// It was not looked at for this version.
    NotAsked,
}

/// What the guards of one run counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCounted {
    /// What they come to together.
    pub verdict: BudgetVerdict,
    /// Stacks in the run's ledger.
    pub ledger: Vec<StackName>,
    /// Stacks that the run's own witness saw.
    pub witness: Vec<StackName>,
}

impl CellStatus {
    /// As readers see it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unver => "unver",
            Self::NotAsked => "not asked",
        }
    }

    fn of(row: &TierRow) -> Self {
        match (row.status, row.skip) {
            (Status::Skip, Some(Skip::NotAsked)) => Self::NotAsked,
            (Status::Skip, _) => Self::Skip,
            (Status::Pass, _) => Self::Pass,
            (Status::Fail, _) => Self::Fail,
            (Status::Unver, _) => Self::Unver,
        }
    }
}

impl UpgradeAnswer {
    /// Whether the run says something about the upgrade.
    #[must_use]
    pub fn says_something(&self) -> bool {
        match self {
            Self::Passes | Self::Fails { .. } => true,
            Self::None { .. } => false,
        }
    }

    /// In one word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passes => "pass",
            Self::Fails { .. } => "fail",
            Self::None { .. } => "unver",
        }
    }

    /// What is wrong, and who has to act.
    #[must_use]
    pub fn reason(&self) -> Option<(&str, Option<Blame>)> {
        match self {
            Self::Passes => None,
            Self::Fails { why, blame } => Some((why, Some(*blame))),
            Self::None { why, blame } => Some((why, *blame)),
        }
    }
}

impl TriedUpgrade {
    /// What is kept of a run that is over.
    #[must_use]
    pub fn of(version: &str, view: &ReportView, evidence: &Evidence, exit_code: u8) -> Self {
        let (ledger, witness) = match &evidence.budget {
            Some(Budget { ledger, witness, .. }) => (ledger.clone(), witness.clone()),
            None => (Vec::new(), Vec::new()),
        };
        Self {
            version: version.to_owned(),
            run: Some(view.run.clone()),
            answer: answer(view, evidence),
            cells: view.tiers.iter().map(cell).collect(),
            ms: view.due_ms,
            level: view.verdict.shown_level(),
            exit_code,
            counted: RunCounted { verdict: view.verdict.budget.clone(), ledger, witness },
        }
    }
}

fn cell(row: &TierRow) -> TierCell {
    TierCell { tier: row.tier, stands: CellStatus::of(row), ms: row.span.ms() }
}

fn answer(view: &ReportView, evidence: &Evidence) -> UpgradeAnswer {
    let verdict = &view.verdict;
    let first = || verdict.reasons.first().map_or("the run gave no reason", |reason| first_line(reason)).to_owned();
    if evidence.end.is_none() {
        return UpgradeAnswer::None { why: "the run never came to its end".to_owned(), blame: Some(Blame::Harness) };
    }
    // What teardown left, what leaked and what was counted wrongly counts wherever the run ended.
    if let Some((why, blame)) = misdeed(view) {
        return UpgradeAnswer::Fails { why, blame };
    }
    let beyond = verdict.tiers.iter().filter(|tier| tier.tier != Tier::Install);
    if let Some(failed) = beyond.into_iter().find(|tier| tier.status == Status::Fail) {
        return UpgradeAnswer::Fails { why: words(failed), blame: failed.blame.unwrap_or(Blame::Harness) };
    }
    let upgraded = verdict.tier(Tier::Upgrade).is_some_and(|tier| tier.status == Status::Pass);
    match (verdict.color, upgraded) {
        (Color::Green, true) => UpgradeAnswer::Passes,
        (Color::Green, false) => UpgradeAnswer::None { why: not_upgraded(view), blame: Some(Blame::Recipe) },
        // Nothing before the upgrade runs at head.
        (Color::Red, true) => UpgradeAnswer::Fails { why: first(), blame: verdict.blame.unwrap_or(Blame::Harness) },
        (Color::Red, false) | (Color::Unverified | Color::Cancelled, _) => {
            UpgradeAnswer::None { why: first(), blame: verdict.blame }
        }
    }
}

fn words(tier: &TierVerdict) -> String {
    format!("{} failed: {}", tier.tier, tier.reason.as_deref().map_or("no reason was given", first_line))
}

fn not_upgraded(view: &ReportView) -> String {
    let reason = view.verdict.tier(Tier::Upgrade).and_then(|tier| tier.reason.as_deref());
    format!("the upgrade was not tried: {}", reason.map_or("no reason was given", first_line))
}

/// What makes a run red that no tier says.
fn misdeed(view: &ReportView) -> Option<(String, Blame)> {
    let verdict = &view.verdict;
    let budget = &verdict.budget;
    match budget.agreement {
        Agreement::Disagreed => {
            let why = format!("{}: {}", budget.line(), budget.words.join("; "));
            return Some((why, budget.blame.unwrap_or(Blame::Harness)));
        }
        Agreement::Agreed | Agreement::Unknown => {}
    }
    let left = view.left.iter().map(|object| format!("left behind: {object}"));
    let namespaces = view.namespaces_left.iter().map(|namespace| format!("left behind: namespace {namespace}"));
    let leaks =
        view.leaks.iter().map(|leak| format!("the value of secret {} stands in {}", leak.secret, leak.artifact));
    let why = left.chain(namespaces).chain(leaks).next()?;
    // The verdict's blame is that of its first reason, which is a tier where one failed.
    let has_failed = verdict.tiers.iter().any(|tier| tier.status == Status::Fail);
    let blame = if has_failed { Blame::Harness } else { verdict.blame.unwrap_or(Blame::Harness) };
    Some((why, blame))
}
