//! The line that is drawn anew while a run goes on.

use super::{Progress, RunPart, seconds};
use crate::{Paint, Style, fit};
use std::time::Duration;

/// What is waited for is shown in at least so many columns.
const NARROWEST: usize = 8;

impl Progress {
    /// The line to draw now, `passed` after the last event, in so many columns; `None` where nothing is drawn over. On a
    /// narrow terminal the time of the whole run goes first, then the step's name, then the end of what is waited for.
    #[must_use]
    pub(crate) fn live(&self, passed: Duration, columns: usize) -> Option<String> {
        match self.style {
            Style::Plain => return None,
            Style::Live => {}
        }
        let now = self.now + u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let head = match (&self.tier, self.stage) {
            (Some((tier, _)), _) => tier.word(),
            (None, RunPart::Preparing) => "preparing",
            (None, RunPart::Testing) => "next tier",
            (None, RunPart::TearingDown) => "tearing down",
            (None, RunPart::Over) => return None,
        };
        let total = seconds(now);
        let Some(doing) = &self.step else {
            let line = match &self.pulling {
                Some(pulling) => with_total(&format!("{head}: {pulling}"), &total, columns),
                None => format!("{head}  ({total})"),
            };
            return Some(fit::clip(&line, columns));
        };
        let what = doing.what.split_once('/').map_or(doing.what.as_str(), |(_, what)| what);
        let spent = now.saturating_sub(doing.since) / 1000;
        let line = match (&doing.on, doing.limit) {
            (Some(on), Some(limit)) => {
                let (on, clock) = (fit::clean(on, Paint::Plain), format!("  {spent}/{limit} s"));
                let room = |before: &str| columns.saturating_sub(fit::width(before) + fit::width(&clock));
                let (long, short) = (format!("{head}: {what}: "), format!("{head}: "));
                let before = if fit::width(&on) <= room(&long) { long } else { short };
                let on = fit::clip(&on, room(&before).max(NARROWEST));
                with_total(&format!("{before}{on}{clock}"), &total, columns)
            }
            (Some(_) | None, _) => with_total(&format!("{head}: {what}  {spent} s"), &total, columns),
        };
        Some(fit::clip(&line, columns))
    }
}

/// A line with the time of the whole run behind it, if that fits.
fn with_total(line: &str, total: &str, columns: usize) -> String {
    let whole = format!("{line}  ({total})");
    if fit::width(&whole) <= columns { whole } else { line.to_owned() }
}
