//! What a run is about, in the words that badge, card, page and comment share.

use crate::palette;
use cc_ci_model::plan::base::Base;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::{HowFar, Life};
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::level::{AT_MOST, Ladder};
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

/// Whether the verdict is final, and nothing is wrong.
pub(crate) fn is_green(view: &ReportView) -> bool {
    view.life == Life::Over && view.verdict.color == Color::Green
}

/// What is to be said of the run, most important first; nothing of a green one. While a run goes on there is only where it is.
pub(crate) fn reasons(view: &ReportView) -> Vec<String> {
    match view.whereabouts() {
        Some(place) => vec![format!("The run goes on: {place}.")],
        None => view.unfinished().map(str::to_owned).into_iter().chain(view.verdict.reasons.clone()).collect(),
    }
}

/// The level that is shown, which only a run that is over has.
pub(crate) fn level(view: &ReportView) -> Option<u8> {
    match view.life {
        Life::Over => view.verdict.shown_level(),
        Life::Preparing | Life::Running | Life::Died => None,
    }
}

/// What stands below the level.
pub(crate) fn scale(view: &ReportView) -> &'static str {
    match view.verdict.ladder {
        Ladder::Quick { .. } => AT_MOST,
        Ladder::Whole | Ladder::Capped { .. } | Ladder::None { .. } => "level, of 5",
    }
}

/// Whose fault it is that the run is not green, once that can be said.
pub(crate) fn blame(view: &ReportView) -> Option<Blame> {
    view.verdict.blame.filter(|_| !view.goes_on())
}

/// How a rung stands; of one without an answer nobody can tell while the run goes on.
pub(crate) fn rung(view: &ReportView, status: Status) -> &'static str {
    match status {
        Status::Unver if view.goes_on() => HowFar::Pending.word(),
        Status::Pass | Status::Fail | Status::Skip | Status::Unver => palette::word(status),
    }
}

/// How a tier or a step stands: the class it is drawn with, and the word.
pub(crate) fn mark(far: HowFar, status: Status) -> (&'static str, &'static str) {
    match far {
        HowFar::Done => (status.word(), palette::word(status)),
        HowFar::Pending | HowFar::Running => (far.word(), far.word()),
    }
}

/// How the whole run is dressed.
pub(crate) fn class(view: &ReportView) -> &'static str {
    match (view.life, view.verdict.color) {
        (Life::Preparing | Life::Running, _) => "running",
        (Life::Died, _) => "unverified",
        (Life::Over, color) => color.word(),
    }
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

/// The verdict as a heading; of a run without an end, why there is none.
pub(crate) fn verdict(view: &ReportView) -> &'static str {
    match (view.life, view.verdict.color) {
        (Life::Preparing | Life::Running, _) => "Running",
        (Life::Died, _) => "Died",
        (Life::Over, Color::Green) => "Green",
        (Life::Over, Color::Red) => "Red",
        (Life::Over, Color::Unverified) => "Unverified",
        (Life::Over, Color::Cancelled) => "Cancelled",
    }
}
