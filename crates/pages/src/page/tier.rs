//! One tier of a run page: what it checked, and how each check ended.

use crate::subject;
use askama::Template;
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::Skip;
use cc_ci_model::report::life::HowFar;
use cc_ci_model::report::text::seconds;
use cc_ci_model::report::{ReportView, StepRow, TierRow};
use cc_ci_model::verdict::Status;
use std::borrow::Borrow;

/// One tier, a part of the page that can be drawn by itself.
#[derive(Template)]
#[template(path = "tier.html")]
pub(super) struct TierPart<'a> {
    pub(super) view: &'a ReportView,
    pub(super) row: &'a TierRow,
}

impl TierPart<'_> {
    /// The class and the word of the tier.
    fn tier(&self) -> (&'static str, &'static str) {
        subject::mark(self.view.tier_so_far(self.row), self.row.status)
    }

    /// The class and the word of a step.
    fn check(&self, row: &StepRow) -> (&'static str, &'static str) {
        subject::mark(self.view.step_so_far(row), row.status)
    }

    fn is_done(&self) -> bool {
        self.view.tier_so_far(self.row) == HowFar::Done
    }

    fn check_is_done(&self, row: &StepRow) -> bool {
        self.view.step_so_far(row) == HowFar::Done
    }

    fn took(ms: impl Borrow<Option<u64>>) -> String {
        ms.borrow().filter(|ms| *ms > 0).map_or_else(|| "–".to_owned(), seconds)
    }

    /// A tier is opened for the reader when there is something to see: that it was not reached, its own line says.
    fn is_open(&self) -> bool {
        let telling = |step: &StepRow| step.finding.as_ref().is_some_and(|finding| finding.cause != Cause::NotReached);
        match self.view.tier_so_far(self.row) {
            HowFar::Done => !self.row.status.lets_pass() && self.row.steps.iter().any(telling),
            HowFar::Running => true,
            HowFar::Pending => false,
        }
    }

    fn why_skipped(&self) -> &'static str {
        match self.row.skip {
            Some(Skip::Structural) => "does not apply",
            Some(Skip::Declared) => "asked for",
            Some(Skip::NotAsked) => "not asked for",
            Some(Skip::OwnSettings) => "by the commit's own settings",
            Some(Skip::NoTags) => "no published version",
            Some(Skip::Quick) => "left out of a quick run",
            None => "",
        }
    }

    /// A step's name without its tier.
    fn step(row: &StepRow) -> &str {
        row.id.as_str().split_once('/').map_or(row.id.as_str(), |(_, rest)| rest)
    }
}
