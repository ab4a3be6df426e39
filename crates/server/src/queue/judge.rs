//! What the end of a run means for its job. Green is only what the run and its record both call green.

use crate::child::{ChildOutcome, Kind};
use crate::db::jobs::JobRow;
use cc_ci_model::report::ReportView;
use cc_ci_model::verdict::Color;
use cc_ci_web::board::job::JobEnd;

/// The end of a job, by what its run said and what its record holds.
pub(super) fn end(job: &JobRow, outcome: &ChildOutcome, view: Option<&ReportView>) -> JobEnd {
    let words = || outcome.lines().join("\n");
    let judged = |view: &ReportView| JobEnd::Judged {
        color: view.verdict.color,
        level: view.verdict.shown_level(),
        blame: view.verdict.blame,
    };
    let bare = |color| JobEnd::Judged { color, level: None, blame: None };
    let record = view.map(|view| (view, view.verdict.color == Color::Green));
    match (outcome.kind, record) {
        (Kind::Green, Some((view, _))) => judged(view),
        (Kind::Green, None) => bare(Color::Green),
        (Kind::Red, None) => bare(Color::Red),
        // The run does not call itself green, so nobody does.
        (Kind::Red | Kind::Infrastructure | Kind::Cancelled | Kind::Deadline | Kind::Internal, Some((_, true))) => {
            JobEnd::Lost { why: words() }
        }
        (Kind::Red | Kind::Infrastructure | Kind::Cancelled | Kind::Deadline | Kind::Internal, Some((view, false))) => {
            judged(view)
        }
        (Kind::Settings | Kind::Recipe | Kind::Policy, _) => JobEnd::Refused { why: words() },
        // What was asked for in the comment made no sense to the run; else we made a mistake.
        (Kind::Usage, _) if !job.wish.arguments().is_empty() => JobEnd::Refused { why: words() },
        (Kind::Cancelled, None) => JobEnd::Withdrawn { why: job.ended_by.clone().unwrap_or_else(words) },
        (Kind::Usage | Kind::NoSwarm, _) | (Kind::Infrastructure | Kind::Deadline | Kind::Internal, None) => {
            JobEnd::Lost { why: words() }
        }
    }
}
