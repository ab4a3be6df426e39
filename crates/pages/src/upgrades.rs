//! The page of a series of upgrades: a grid of versions and tiers; a document that needs nothing else.

use crate::page;
use askama::Template;
use cc_ci_model::ids::RunId;
use cc_ci_model::report::text;
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_model::upgrades::tried::{CellStatus, TriedUpgrade, UpgradeAnswer};
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::budget::Agreement;

#[derive(Template)]
#[template(path = "upgrades.html")]
struct Upgrades<'a> {
    report: &'a UpgradesReport,
    class: &'static str,
    word: &'static str,
    tiers: [Tier; 5],
}

/// The whole document.
pub fn document(report: &UpgradesReport) -> Result<String, askama::Error> {
    let (class, word) = match report.color {
        Color::Green => ("green", "Green"),
        Color::Red => ("red", "Red"),
        Color::Unverified => ("unverified", "Unverified"),
        Color::Cancelled => ("cancelled", "Cancelled"),
    };
    let plan = &report.plan;
    let versions = text::count(report.tried.len(), "version");
    let title = format!("{} {} from {versions}: {}", plan.recipe, plan.head.short(), word.to_lowercase());
    let body = Upgrades { report, class, word, tiers: Tier::ALL }.render()?;
    page::framed(title, &body)
}

/// How a tier of a version is shown: its class, its word and its time.
pub(crate) fn cell(tried: &TriedUpgrade, tier: Tier) -> (&'static str, &'static str, Option<u64>) {
    match UpgradesReport::cell(tried, tier) {
        None => ("none", "–", None),
        Some(cell) => match cell.stands {
            CellStatus::Pass => ("pass", "pass", cell.ms),
            CellStatus::Fail => ("fail", "fail", cell.ms),
            CellStatus::Skip => ("skip", "skip", None),
            CellStatus::Unver => ("unver", "unver", None),
            CellStatus::NotAsked => ("none", "not asked", None),
        },
    }
}

/// What the template asks for in words.
impl Upgrades<'_> {
    fn seconds(ms: &u64) -> String {
        text::seconds(*ms)
    }

    /// The answer without its first word, which stands beside it.
    fn said(&self) -> String {
        let (all, word) = (self.report.headline(), self.report.color.word().to_uppercase());
        all.strip_prefix(&word).unwrap_or(&all).trim().to_owned()
    }

    fn cell(tried: &TriedUpgrade, tier: &Tier) -> (&'static str, &'static str, Option<u64>) {
        cell(tried, *tier)
    }

    fn answer(tried: &TriedUpgrade) -> (&'static str, &'static str) {
        match tried.answer {
            UpgradeAnswer::Passes => ("pass", "works"),
            UpgradeAnswer::Fails { .. } => ("fail", "fails"),
            UpgradeAnswer::None { .. } => ("unver", "no answer"),
        }
    }

    /// Where the page of a run lies beside that of its series. An id is letters, digits and `-`.
    fn page_of(run: &RunId) -> String {
        format!("../../runs/{run}/index.html")
    }

    fn agreement(&self) -> (&'static str, &'static str) {
        match self.report.counts.agreement {
            Agreement::Agreed => ("pass", "The three agree."),
            Agreement::Disagreed => ("fail", "The three do not agree."),
            Agreement::Unknown => ("unver", "Nobody can tell whether the three agree."),
        }
    }

    fn witness(&self) -> String {
        self.report.counts.witness.map_or_else(|| "?".to_owned(), |count| count.to_string())
    }

    fn has_notes(&self) -> bool {
        let plan = &self.report.plan;
        !plan.left_out.is_empty() || plan.not_asked > 0 || plan.upgrades.iter().any(|one| one.remark.is_some())
    }
}
