//! A record as far as it was read, and the parts of the page that are drawn from it.

use crate::board::job::RunningRow;
use crate::words;
use cc_ci_model::event::{Event, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::RunId;
use cc_ci_model::plan::Plan;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_model::verdict::judge;
use cc_ci_pages::page::live::{LivePart, parts};
use cc_ci_pages::page::{Attachments, FilesAt};

/// The parts of a page at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Drawn {
    /// The number of the last event that was read.
    pub(crate) seq: Option<u64>,
    /// The parts; none before there is a plan.
    pub(crate) parts: Vec<LivePart>,
    /// The line above the page.
    pub(crate) note: String,
    /// Whether nothing will follow.
    pub(crate) over: bool,
}

/// A record as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Record {
    plan: Option<Plan>,
    evidence: Evidence,
}

impl Record {
    /// The events up to and with the one of that number.
    pub(crate) fn until(events: &[Stamped], last: u64) -> Self {
        let mut record = Self::default();
        events.iter().filter(|event| event.seq <= last).for_each(|event| record.add(event));
        record
    }

    /// Adds the next event.
    pub(crate) fn add(&mut self, stamped: &Stamped) {
        if let Event::Planned { plan } = &stamped.event
            && self.plan.is_none()
        {
            self.plan = Some((**plan).clone());
        }
        self.evidence.add(stamped);
    }

    /// Draws it as the page of the run is drawn.
    pub(crate) fn draw(&self, run: &RunId, life: Life, row: Option<&RunningRow>) -> Drawn {
        let over = match life {
            Life::Preparing | Life::Running => false,
            Life::Over | Life::Died => true,
        };
        let seq = self.evidence.last_seq();
        let Some(plan) = &self.plan else {
            return Drawn { seq, parts: Vec::new(), note: words::preparing().to_owned(), over };
        };
        let view = ReportView::new(plan, &self.evidence, &judge(plan, &self.evidence)).seen_as(life);
        let kept = Attachments { files: FilesAt::Below(format!("/runs/{run}/")), ..Attachments::default() };
        // A template cannot fail on values; if one does, the page that is there stays.
        let parts = parts(&view, plan, &kept).unwrap_or_default();
        Drawn { seq, parts, note: words::state(&view, row), over }
    }
}
