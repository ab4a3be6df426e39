//! The parts of a run page that change while the run goes on, drawn by the templates of the whole page.

use super::tier::TierPart;
use super::{Attachments, fill};
use askama::Template;
use cc_ci_model::plan::Plan;
use cc_ci_model::report::ReportView;

/// A part of the page, one element with an id of its own, by which a script finds what it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePart {
    /// The part of the page it belongs to.
    pub kind: PartKind,
    /// The element.
    pub html: String,
}

/// Which part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// What is being tested, how it stands, and what failed first.
    Head,
    /// One tier.
    Tier,
    /// The deploy budget.
    Budget,
    /// Where the time went.
    Time,
}

impl PartKind {
    /// The word by which a script is told.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Tier => "tier",
            Self::Budget => "budget",
            Self::Time => "time",
        }
    }
}

/// All parts, always the same number in the same order, so that two drawings can be compared.
pub fn parts(view: &ReportView, plan: &Plan, kept: &Attachments) -> Result<Vec<LivePart>, askama::Error> {
    let body = fill(view, plan, kept);
    let mut parts = vec![LivePart { kind: PartKind::Head, html: body.as_head().render()? }];
    for row in &view.tiers {
        parts.push(LivePart { kind: PartKind::Tier, html: TierPart { view, row }.render()? });
    }
    parts.push(LivePart { kind: PartKind::Budget, html: body.as_budget().render()? });
    parts.push(LivePart { kind: PartKind::Time, html: body.as_time().render()? });
    Ok(parts)
}
