//! The board and the last runs as Prometheus reads them: its text format, version 0.0.4.

use crate::board::Board;
use crate::board::job::Lane;
use crate::history::History;
use crate::rows::KnownRun;
use std::fmt::Write;
use std::sync::Arc;
use std::time::SystemTime;

/// What the answer is declared as.
pub(crate) const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One family of samples.
struct Family<'a> {
    out: &'a mut String,
    name: &'static str,
}

impl<'a> Family<'a> {
    fn begin(out: &'a mut String, name: &'static str, kind: &str, help: &str) -> Self {
        // Writing to a String does not fail.
        let _written = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Self { out, name }
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _written = writeln!(self.out, "{}{labels} {value}", self.name);
    }
}

/// A label's value: a backslash, a quote and a line break are written as the format wants them.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Seconds with a fraction, from milliseconds.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// Everything.
pub(crate) fn render(board: &Board, known: &[Arc<KnownRun>], now: SystemTime) -> String {
    let mut out = String::new();
    queue(&mut out, board);
    runs(&mut out, board, known);
    forge(&mut out, board, now);
    let mut plain = |name, help, value: Option<u64>| {
        if let Some(value) = value {
            Family::begin(&mut out, name, "gauge", help).sample(&[], value);
        }
    };
    let count = |many: usize| u64::try_from(many).ok();
    plain("cc_ci_reports_pending", "Reports that are still to be delivered.", Some(board.counters.reports_pending));
    plain("cc_ci_alerts_open", "Things that a person has to see to.", count(board.alerts.len()));
    plain("cc_ci_free_bytes", "Free bytes below the state folder.", board.counters.free_bytes);
    let sweep = board.counters.last_sweep.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    plain("cc_ci_last_sweep_timestamp", "When the last sweep ended.", sweep.map(|since| since.as_secs()));
    plain("cc_ci_ready", "Whether the server can do its work.", Some(u64::from(board.not_ready.is_empty())));
    out
}

fn queue(out: &mut String, board: &Board) {
    let mut jobs = Family::begin(out, "cc_ci_queue_jobs", "gauge", "Jobs that wait or go on, by lane.");
    for lane in Lane::ALL {
        let queued = board.queued.iter().filter(|row| row.job.lane == lane).count();
        let running = board.running.iter().filter(|row| row.job.lane == lane).count();
        jobs.sample(&[("lane", lane.word()), ("state", "queued")], queued);
        jobs.sample(&[("lane", lane.word()), ("state", "running")], running);
    }
}

fn runs(out: &mut String, board: &Board, known: &[Arc<KnownRun>]) {
    let mut total = Family::begin(out, "cc_ci_runs_total", "counter", "Runs that came to a verdict.");
    for ended in &board.counters.runs {
        let blame = ended.blame.map_or("none", |blame| blame.word());
        total.sample(&[("color", ended.color.word()), ("blame", blame)], ended.count);
    }
    let help = "How long each tier of the last run took that says how the recipe stands; `verdict` is the whole of it.";
    let mut times = Family::begin(out, "cc_ci_run_seconds", "gauge", help);
    for history in History::of_all(known) {
        let Some(run) = history.standing() else { continue };
        for (tier, _, ms) in &run.tiers {
            if let Some(ms) = ms {
                times.sample(&[("recipe", run.recipe.as_str()), ("tier", tier.word())], seconds(*ms));
            }
        }
        if let Some(ms) = run.due_ms {
            times.sample(&[("recipe", run.recipe.as_str()), ("tier", "verdict")], seconds(ms));
        }
    }
}

fn forge(out: &mut String, board: &Board, now: SystemTime) {
    let mut ages = Family::begin(out, "cc_ci_poll_age_seconds", "gauge", "How long ago comments were last read.");
    for row in &board.repositories {
        if let Some(age) = row.polled.and_then(|at| now.duration_since(at).ok()) {
            ages.sample(&[("repo", &format!("{}/{}", row.owner, row.name))], age.as_secs());
        }
    }
    let help = "Answers of forges by status code; 0 stands for none.";
    let mut answers = Family::begin(out, "cc_ci_forge_requests_total", "counter", help);
    for (code, count) in &board.counters.forge_answers {
        answers.sample(&[("code", &code.to_string())], count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut out = String::new();
        Family::begin(&mut out, "x", "gauge", "h").sample(&[("repo", "a\"} 1\nx{b=\"\\")], 7);
        assert_eq!(out, "# HELP x h\n# TYPE x gauge\nx{repo=\"a\\\"} 1\\nx{b=\\\"\\\\\"} 7\n");
        assert_eq!(seconds(12_045), "12.045");
    }
}
