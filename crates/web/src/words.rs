//! Times, sizes and states in the words that the pages show.

use crate::board::job::{JobEnd, RunningRow, WaitsFor};
use crate::rows::KnownRun;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_model::verdict::Color;
use chrono::{DateTime, SecondsFormat, Utc};
use std::time::{Duration, SystemTime};

/// A moment as a page shows it: how long ago, with the exact time for whoever wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// RFC 3339, for programs.
    pub(crate) exact: String,
    /// `2026-11-29 05:41 UTC`.
    pub(crate) said: String,
    /// `3 h ago`.
    pub(crate) ago: String,
}

impl Moment {
    /// A moment seen from `now`.
    pub(crate) fn seen(at: SystemTime, now: SystemTime) -> Self {
        let time = DateTime::<Utc>::from(at);
        let ago = match now.duration_since(at) {
            Ok(past) if past.as_secs() < 5 => "just now".to_owned(),
            Ok(past) => format!("{} ago", long(past)),
            Err(ahead) if ahead.duration().as_secs() < 5 => "just now".to_owned(),
            Err(ahead) => format!("in {}", long(ahead.duration())),
        };
        Self {
            exact: time.to_rfc3339_opts(SecondsFormat::Secs, true),
            said: time.format("%Y-%m-%d %H:%M UTC").to_string(),
            ago,
        }
    }

    /// The same of a time as records write it; `None` if it cannot be read.
    pub(crate) fn read(started: &str, now: SystemTime) -> Option<Self> {
        Some(Self::seen(DateTime::parse_from_rfc3339(started).ok()?.into(), now))
    }
}

/// A stretch of time by its largest unit: `41 s`, `12 min`, `3 h`, `5 d`.
pub(crate) fn long(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds @ 100..5_400 => format!("{} min", (seconds + 30) / 60),
        seconds @ 5_400..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        seconds => format!("{} d", (seconds + 43_200) / 86_400),
    }
}

/// A number of bytes: `1.2 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    const MIB: u64 = 1 << 20;
    match count {
        0..MIB => format!("{} KiB", count.div_ceil(1024)),
        MIB..0x4000_0000 => format!("{} MiB", count / MIB),
        _ => {
            let tenths = count / (MIB * 1024 / 10);
            format!("{}.{} GiB", tenths / 10, tenths % 10)
        }
    }
}

/// `1 run`, `2 runs`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// How a run stands: the class it is drawn with, and the word.
pub(crate) fn standing(run: &KnownRun) -> (&'static str, &'static str) {
    match (run.life, run.color) {
        (Life::Preparing | Life::Running, _) => ("running", "running"),
        (Life::Died, _) => ("unverified", "died"),
        (Life::Over, color) => (color.word(), color.word()),
    }
}

/// The sign that stands beside a colour, so that it never stands alone.
pub(crate) fn sign(class: &str) -> &'static str {
    match class {
        "green" => "✓",
        "red" => "✕",
        "unverified" => "?",
        "running" => "▸",
        _ => "–",
    }
}

/// What a run does that has no plan yet.
pub(crate) fn preparing() -> &'static str {
    "The run prepares: it reads the recipe and makes its plan."
}

/// The line above a run's page: what it does, and how long it may.
pub(crate) fn state(view: &ReportView, row: Option<&RunningRow>) -> String {
    let Some(place) = view.whereabouts() else { return "This run is over.".to_owned() };
    let attempt =
        row.filter(|row| row.attempt > 1).map(|row| format!(" (attempt {})", row.attempt)).unwrap_or_default();
    let limit =
        row.and_then(|row| row.limit).map(|limit| format!(", at most {} in all", long(limit))).unwrap_or_default();
    let node = row.and_then(|row| row.node.as_ref()).map(|node| format!(", on {node}")).unwrap_or_default();
    format!("Running{attempt}: {place}{limit}{node}.")
}

/// Where in the queue a job is.
pub(crate) fn place(before: usize) -> String {
    match before {
        0 => "queued, the next to start".to_owned(),
        before => format!("queued, {} before it", count(before, "job")),
    }
}

/// Why a job waits.
pub(crate) fn waits(reason: &WaitsFor) -> String {
    match reason {
        WaitsFor::Nothing => "is about to start".to_owned(),
        WaitsFor::Slot => "waits for another run to end".to_owned(),
        WaitsFor::Memory { missing } => format!("waits for {} of memory", bytes(*missing)),
        WaitsFor::Disk { missing } => format!("waits for {} of disk", bytes(*missing)),
        WaitsFor::Addresses => "waits for free network addresses".to_owned(),
        WaitsFor::SamePull => "waits for an earlier run of the same pull request".to_owned(),
        WaitsFor::Operator => "the queue is paused by an operator".to_owned(),
        WaitsFor::Swarm => "waits for a swarm: none answers".to_owned(),
        WaitsFor::Repository => "waits for its commit to be fetched".to_owned(),
    }
}

/// How a job ended: class, word, and what there is to add.
pub(crate) fn ended(end: &JobEnd) -> (&'static str, String, Option<String>) {
    match end {
        JobEnd::Judged { color, level, blame } => {
            let level = level.map(|level| format!(", level {level}")).unwrap_or_default();
            let blame = blame.filter(|_| *color != Color::Cancelled).map(|blame| format!("blame: {blame}"));
            (color.word(), format!("{}{level}", color.word()), blame)
        }
        JobEnd::Refused { why } => ("red", "refused".to_owned(), Some(why.clone())),
        JobEnd::Withdrawn { why } => ("cancelled", "withdrawn".to_owned(), Some(why.clone())),
        JobEnd::Lost { why } => ("unverified", "lost".to_owned(), Some(why.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_by_their_largest_unit() {
        let said = [(0, "0 s"), (99, "99 s"), (100, "2 min"), (5_399, "90 min"), (5_400, "2 h"), (172_800, "2 d")];
        for (seconds, words) in said {
            assert_eq!(long(Duration::from_secs(seconds)), words);
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
        let moment = Moment::read("1970-01-01T23:00:00Z", now).unwrap();
        assert_eq!((moment.ago.as_str(), moment.said.as_str()), ("60 min ago", "1970-01-01 23:00 UTC"));
        assert_eq!(Moment::read("1970-01-02T01:00:00Z", now).unwrap().ago, "in 60 min", "the forge's clock is ahead");
        assert_eq!(Moment::read("yesterday", now), None);
    }

    #[test]
    fn sizes_are_said_by_their_largest_unit() {
        assert_eq!(
            (bytes(1), bytes(5 << 20), bytes(1_288_490_189)),
            ("1 KiB".into(), "5 MiB".into(), "1.2 GiB".into())
        );
    }
}
