//! What the upgrades from several versions come to.

use super::count::{SeriesCounts, SeriesSeen};
use super::plan::{PlannedUpgrade, UpgradeLoan, UpgradesPlan};
use super::tried::{RunCounted, TierCell, TriedUpgrade, UpgradeAnswer};
use crate::exit;
use crate::verdict::Color;
use crate::verdict::blame::Blame;
use crate::verdict::budget::{Agreement, BudgetVerdict};

/// The upgrades that a series came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradesReport {
    /// What was stated beforehand.
    pub plan: UpgradesPlan,
    /// One for each version of the plan, in its order; those that no run was made for, too.
    pub tried: Vec<TriedUpgrade>,
    /// The deploys of the whole.
    pub counts: SeriesCounts,
    /// In one word.
    pub color: Color,
    /// Who has to act, where it is not green.
    pub blame: Option<Blame>,
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// Who ended it, where somebody did.
    pub ended_by: Option<String>,
}

impl TriedUpgrade {
    /// A version that no run was made for.
    #[must_use]
    pub fn not_made(planned: &PlannedUpgrade, why: &str, blame: Option<Blame>, exit_code: u8) -> Self {
        let verdict = BudgetVerdict {
            agreement: Agreement::Unknown,
            expected: planned.permits().len(),
            ledger: None,
            witness: None,
            words: vec!["no run was made".to_owned()],
            blame: None,
        };
        Self {
            version: planned.version.clone(),
            run: None,
            answer: UpgradeAnswer::None { why: why.to_owned(), blame },
            cells: Vec::new(),
            ms: None,
            level: None,
            exit_code,
            counted: RunCounted { verdict, ledger: Vec::new(), witness: Vec::new() },
        }
    }
}

impl UpgradesReport {
    /// Judges what was made. `tried` may be in any order and lack some of the plan's versions; `seen` is `None` where the witness of the
    /// series could not begin.
    #[must_use]
    pub fn new(
        plan: UpgradesPlan,
        tried: &[TriedUpgrade],
        seen: Option<&SeriesSeen>,
        started: String,
        ended_by: Option<String>,
    ) -> Self {
        let counts = SeriesCounts::of(&plan, tried, seen);
        let row = |planned: &PlannedUpgrade| {
            let made = tried.iter().find(|one| one.version == planned.version);
            made.cloned().unwrap_or_else(|| not_tried(planned, ended_by.as_deref()))
        };
        let tried: Vec<TriedUpgrade> = plan.upgrades.iter().map(row).collect();
        let (color, blame) = judge(&tried, &counts, ended_by.as_deref());
        Self { plan, tried, counts, color, blame, started, ended_by }
    }

    /// How many versions the upgrade was tried from, with an answer.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.tried.iter().filter(|one| one.answer.says_something()).count()
    }

    /// The versions from which the upgrade fails, the newest first.
    pub fn failing(&self) -> impl Iterator<Item = &TriedUpgrade> {
        self.tried.iter().filter(|one| match one.answer {
            UpgradeAnswer::Fails { .. } => true,
            UpgradeAnswer::Passes | UpgradeAnswer::None { .. } => false,
        })
    }

    /// The versions about which nothing is known, the newest first.
    pub fn silent(&self) -> impl Iterator<Item = &TriedUpgrade> {
        self.tried.iter().filter(|one| !one.answer.says_something())
    }

    /// The tier of a version, if its run was made.
    #[must_use]
    pub fn cell(tried: &TriedUpgrade, tier: crate::tier::Tier) -> Option<&TierCell> {
        tried.cells.iter().find(|cell| cell.tier == tier)
    }

    /// The exit code: 0 when the upgrade works from every version of the plan, within what was stated.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if let Some(by) = &self.ended_by {
            return exit::of_cancelled_by(by);
        }
        match (self.color, self.blame) {
            // A version at which no run can begin has a code that says more than its blame.
            (Color::Unverified, _) => self.silent().map(|one| one.exit_code).find(|code| *code != exit::GREEN),
            (Color::Green | Color::Red | Color::Cancelled, _) => None,
        }
        .unwrap_or_else(|| exit::of_color(self.color, self.blame))
    }
}

/// A version that the series did not come to, or could not.
fn not_tried(planned: &PlannedUpgrade, ended_by: Option<&str>) -> TriedUpgrade {
    match (&planned.loan, ended_by) {
        (UpgradeLoan::None { why, exit_code }, _) => {
            TriedUpgrade::not_made(planned, why, Some(Blame::Base), *exit_code)
        }
        (UpgradeLoan::Lent { .. }, Some(by)) => {
            let why = format!("not tried: {by} ended the series");
            TriedUpgrade::not_made(planned, &why, Some(Blame::Cancelled), exit::of_cancelled_by(by))
        }
        (UpgradeLoan::Lent { .. }, None) => {
            TriedUpgrade::not_made(planned, "not tried", Some(Blame::Harness), exit::BUG)
        }
    }
}

/// Red where the upgrade fails from any version or the counts do not agree; unverified where a version has no answer: a series that
/// leaves one out is not the answer that was asked for.
fn judge(tried: &[TriedUpgrade], counts: &SeriesCounts, ended_by: Option<&str>) -> (Color, Option<Blame>) {
    let fails = tried.iter().find_map(|one| match one.answer {
        UpgradeAnswer::Fails { blame, .. } => Some(blame),
        UpgradeAnswer::Passes | UpgradeAnswer::None { .. } => None,
    });
    if let Some(blame) = fails {
        return (Color::Red, Some(blame));
    }
    match counts.agreement {
        Agreement::Disagreed => return (Color::Red, Some(counts.blame.unwrap_or(Blame::Harness))),
        Agreement::Agreed | Agreement::Unknown => {}
    }
    if ended_by.is_some() {
        return (Color::Cancelled, Some(Blame::Cancelled));
    }
    let silent = tried.iter().find(|one| !one.answer.says_something());
    match (silent, counts.agreement) {
        (Some(one), _) => {
            let blame = one.answer.reason().and_then(|(_, blame)| blame).unwrap_or(Blame::Harness);
            (Color::Unverified, Some(blame))
        }
        (None, Agreement::Agreed) => (Color::Green, None),
        (None, Agreement::Disagreed | Agreement::Unknown) => (Color::Unverified, Some(Blame::Harness)),
    }
}
