//! What the end of a run means for its job. Green is only what the run and its record both call green.

use crate::child::ChildOutcome;
use crate::db::jobs::JobRow;
use cc_ci_model::exit::EndKind;
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
    let record = view.map(|view| (view, view.verdict.color == Color::Green));
    match (outcome.kind, record) {
        (EndKind::Green, Some((view, _))) => judged(view),
        (EndKind::Green, None) => {
            JobEnd::Lost { why: "the run calls itself green, and its record cannot be read".to_owned() }
        }
        (EndKind::Red, None) => JobEnd::Judged { color: Color::Red, level: None, blame: None },
        // The run does not call itself green, so nobody does.
        (
            EndKind::Red | EndKind::Infrastructure | EndKind::Cancelled | EndKind::Deadline | EndKind::Internal,
            Some((_, true)),
        ) => JobEnd::Lost { why: words() },
        (
            EndKind::Red | EndKind::Infrastructure | EndKind::Cancelled | EndKind::Deadline | EndKind::Internal,
            Some((view, false)),
        ) => judged(view),
        (EndKind::Settings | EndKind::Recipe | EndKind::Policy, _) => JobEnd::Refused { why: words() },
        // What was asked for in the comment made no sense to the run; else we made a mistake.
        (EndKind::Usage, _) if !job.wish.arguments().is_empty() => JobEnd::Refused { why: words() },
        (EndKind::Cancelled, None) => JobEnd::Withdrawn { why: job.ended_by.clone().unwrap_or_else(words) },
        (EndKind::Usage | EndKind::NoSwarm, _)
        | (EndKind::Infrastructure | EndKind::Deadline | EndKind::Internal, None) => JobEnd::Lost { why: words() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Wish;
    use crate::db::jobs::JobPhase;
    use cc_ci_web::board::job::{JobId, Lane, WaitsFor};

    fn job() -> JobRow {
        JobRow {
            id: JobId(1),
            repo: 1,
            pr: 7,
            sha: "1a".repeat(20).parse().unwrap(),
            wish: Wish::default(),
            lane: Lane::Pull,
            phase: JobPhase::Running,
            waits: WaitsFor::Nothing,
            queued_at: 0,
            ended_at: None,
            end: None,
            note: None,
            ended_by: None,
            signalled_at: None,
        }
    }

    #[test]
    fn a_green_that_no_record_shows_is_none() {
        let said = |kind: &str| {
            let text = format!(r#"{{"schema": 1, "run": "r-1", "kind": "{kind}", "message": "so it ended"}}"#);
            end(&job(), &serde_json::from_str::<ChildOutcome>(&text).unwrap(), None)
        };
        assert!(matches!(said("green"), JobEnd::Lost { .. }));
        assert!(matches!(said("red"), JobEnd::Judged { color: Color::Red, .. }));
        assert!(matches!(said("policy"), JobEnd::Refused { .. }));
    }
}
