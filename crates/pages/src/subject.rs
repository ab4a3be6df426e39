//! What a run is about, in the words that badge, card, page and comment share.

use cc_ci_model::plan::base::Base;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::text::first_line;
use cc_ci_model::verdict::{Color, Status};

/// The version under test; its commit when it has no label.
pub(crate) fn head(view: &ReportView) -> String {
    view.version.clone().unwrap_or_else(|| view.shown_head.to_owned())
}

/// The version the app was first deployed at; `None` when it started at head.
pub(crate) fn base(view: &ReportView) -> Option<String> {
    match &view.base {
        Base::Published { version, .. } => Some(version.clone()),
        Base::Commit { commit, .. } => Some(commit.short().to_owned()),
        Base::Head { .. } => None,
    }
}

/// The day the run started, if the record says so.
pub(crate) fn day(view: &ReportView) -> Option<&str> {
    view.started.as_deref().and_then(|started| started.get(..10))
}

/// The most important reason, if the run is not green.
pub(crate) fn reason(view: &ReportView) -> Option<&str> {
    view.verdict.reasons.first().map(|reason| first_line(reason))
}

/// What was proven, for a run with nothing to complain about, and what was left out.
pub(crate) fn proven(view: &ReportView) -> String {
    let rungs = view.verdict.rungs;
    let parts = [
        (rungs.install, "installed", "install"),
        (rungs.upgrade, "upgraded in place", "upgrade"),
        (rungs.backup_restore, "backed up and restored with its data", "backup and restore"),
        (rungs.functional, "own tests passed", "own tests"),
        (rungs.lint, "lint has no error", "lint"),
    ];
    let done: Vec<&str> = parts.iter().filter(|part| part.0 == Status::Pass).map(|part| part.1).collect();
    let skipped: Vec<&str> = parts.iter().filter(|part| part.0 == Status::Skip).map(|part| part.2).collect();
    if skipped.is_empty() { done.join(", ") } else { format!("{}; skipped: {}", done.join(", "), skipped.join(", ")) }
}

/// `2 deploys: 2 expected, 2 seen by the engine`.
pub(crate) fn deploys(view: &ReportView) -> String {
    let budget = &view.verdict.budget;
    let count = |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let noun = if budget.ledger == Some(1) { "deploy" } else { "deploys" };
    format!(
        "{} {noun}: {} expected, {} seen by the engine",
        count(budget.ledger),
        budget.expected,
        count(budget.witness)
    )
}

/// The verdict as a heading, with its blame where there is one.
pub(crate) fn verdict(view: &ReportView) -> String {
    let word = match view.verdict.color {
        Color::Green => "Green",
        Color::Red => "Red",
        Color::Unverified => "Unverified",
        Color::Cancelled => "Cancelled",
    };
    let so_far = if view.verdict.provisional { " so far" } else { "" };
    format!("{word}{so_far}")
}
