//! Texts with a grammar of their own: durations, and commands written as one line.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serializer;

/// Reads a duration as Go writes them (`1m30s`, `1.5h`, `300ms`); `None` for anything else, negative ones included.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanoseconds: f64 = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|length| *length > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units = [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];
        let (unit, factor) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        nanoseconds += number * factor;
    }
    // 292 years: what Go's 64-bit nanoseconds hold.
    let sane = !text.is_empty() && nanoseconds.is_finite() && nanoseconds < 9.2e18;
    sane.then(|| Duration::from_nanos(nanoseconds.round() as u64))
}

/// A duration as Go prints it: `1m30s`, `1.5s`, `250ms`.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds == 0 {
        let nanoseconds = f64::from(duration.subsec_nanos());
        return match duration.subsec_nanos() {
            0 => "0s".to_owned(),
            1..1_000 => format!("{nanoseconds}ns"),
            1_000..1_000_000 => format!("{}µs", nanoseconds / 1e3),
            _ => format!("{}ms", nanoseconds / 1e6),
        };
    }
    let mut out = String::new();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        write!(out, "{hours}h").ok();
    }
    if seconds >= 60 {
        write!(out, "{minutes}m").ok();
    }
    let fraction = format!("{:09}", duration.subsec_nanos());
    match fraction.trim_end_matches('0') {
        "" => write!(out, "{}s", seconds % 60).ok(),
        fraction => write!(out, "{}.{fraction}s", seconds % 60).ok(),
    };
    out
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(super) fn serialize_duration<S: Serializer>(duration: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => out.serialize_str(&duration_text(*duration)),
        None => out.serialize_none(),
    }
}

/// Splits a command into words: quotes and backslashes as in a shell, `#` starts a comment, nothing is expanded.
/// `None` when a quote is not closed.
pub(super) fn split_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => {
                letters.by_ref().find(|c| *c == '\n');
            }
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '\'' => break,
                        quoted => word.push(quoted),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '"' => break,
                        '\\' => word.push(letters.next()?),
                        quoted => word.push(quoted),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next()?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_trip_as_go_prints_them() {
        for text in ["0s", "30s", "1m0s", "1m30s", "1h5m2.5s", "1h0m0s", "300ms", "1.5s", "2µs"] {
            assert_eq!(parse_duration(text).map(duration_text).as_deref(), Some(text));
        }
        assert_eq!(parse_duration("1.5h"), Some(Duration::from_secs(5400)));
        for text in ["", "5", "5sec", "s", "-5s", "1d", "${X}", "1..5s", "9999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn commands_split_as_a_shell_would() {
        let split = |line| split_words(line).map(|words| words.join("|"));
        assert_eq!(split(r#"foo bar "baz qux" 'a "b"' c\ d"#).as_deref(), Some(r#"foo|bar|baz qux|a "b"|c d"#));
        assert_eq!(split("a #b c\nd e#f").as_deref(), Some("a|d|e#f"));
        assert_eq!(split("a ''").as_deref(), Some("a|"));
        assert_eq!(split("a 'b"), None);
        assert_eq!(split(""), Some(String::new()));
    }
}
