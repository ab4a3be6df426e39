//! Small pieces of text that several reports share.

use chrono::{DateTime, SecondsFormat, TimeDelta};

/// Milliseconds as seconds with one decimal: `12.3 s`.
#[must_use]
pub fn seconds(ms: u64) -> String {
    let tenths = ms.saturating_add(50) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// A number of things: `1 volume`, `3 volumes`.
#[must_use]
pub fn count(number: impl TryInto<u64>, thing: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Bytes for a reader: `812 B`, `41.3 kB`, `1.2 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let in_unit = |unit: u64, name: &str| format!("{}.{} {name}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => in_unit(1_000, "kB"),
        1_000_000..1_000_000_000 => in_unit(1_000_000, "MB"),
        _ => in_unit(1_000_000_000, "GB"),
    }
}

/// The moment `ms` milliseconds after an RFC 3339 one; `None` if that cannot be read.
#[must_use]
pub fn later(started: &str, ms: u64) -> Option<String> {
    let started = DateTime::parse_from_rfc3339(started).ok()?;
    let later = started.checked_add_signed(TimeDelta::try_milliseconds(i64::try_from(ms).ok()?)?)?;
    Some(later.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Lines as one text, each ended, without blanks at its end.
pub(crate) fn whole(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// `text` on one line: everything from the first line break on is dropped.
#[must_use]
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_to_tenths() {
        assert_eq!(seconds(0), "0.0 s");
        assert_eq!(seconds(12_349), "12.3 s");
        assert_eq!(seconds(12_350), "12.4 s");
        assert_eq!(seconds(u64::MAX), "18446744073709551.6 s");
    }

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!([0, 1, 2].map(|number| count(number, "file")), ["0 files", "1 file", "2 files"]);
    }

    #[test]
    fn sizes_have_the_unit_that_reads_best() {
        let sizes = [0, 999, 1_000, 41_349, 1_000_000, 12_990_000_000].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "41.3 kB", "1.0 MB", "12.9 GB"]);
    }

    #[test]
    fn a_later_moment_crosses_midnight_and_nonsense_has_none() {
        assert_eq!(later("2026-12-31T23:59:59Z", 1500).as_deref(), Some("2027-01-01T00:00:00.500Z"));
        assert_eq!(later("yesterday", 1), None);
        assert_eq!(later("2026-12-31T23:59:59Z", u64::MAX), None);
    }
}
