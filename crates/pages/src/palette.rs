//! The colours and words of verdicts and statuses, for pictures that cannot follow the reader's theme.

use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_model::verdict::{Color, Status};

/// A colour as SVG writes it.
pub(crate) type Paint = &'static str;

/// Neither good nor bad, behind white text.
pub(crate) const NOTHING: Paint = "#5b6470";

/// The run's colour behind white text; the contrast is at least 4.5. Until it is over, a run is neither good nor bad.
pub(crate) fn solid(view: &ReportView) -> Paint {
    let color = match view.life {
        Life::Over => view.verdict.color,
        Life::Preparing | Life::Running => Color::Cancelled,
        Life::Died => Color::Unverified,
    };
    match (color, view.verdict.level) {
        (Color::Green, 5..) => "#1a7f37",
        (Color::Green, 4) => "#3f7d1e",
        (Color::Green, 0..4) => "#6a7211",
        (Color::Red, _) => "#c0272d",
        (Color::Unverified, _) => "#96600a",
        (Color::Cancelled, _) => NOTHING,
    }
}

/// The verdict's colour on a dark ground.
pub(crate) fn bright(color: Color) -> Paint {
    match color {
        Color::Green => "#4ac26b",
        Color::Red => "#ff7b72",
        Color::Unverified => "#e3b341",
        Color::Cancelled => "#9aa7b4",
    }
}

/// A status' colour on a dark ground.
pub(crate) fn of_status(status: Status) -> Paint {
    match status {
        Status::Pass => "#4ac26b",
        Status::Fail => "#ff7b72",
        Status::Skip => "#9aa7b4",
        Status::Unver => "#e3b341",
    }
}

/// A status in a word that explains itself.
pub(crate) fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "passed",
        Status::Fail => "failed",
        Status::Skip => "skipped",
        Status::Unver => "unverified",
    }
}
