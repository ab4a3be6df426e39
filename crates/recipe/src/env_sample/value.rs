//! One value of an environment file: its quotes, its comment, its variables.

use std::collections::BTreeMap;

use super::Quotes;

/// What stands behind the `=`.
pub(super) enum Parsed {
    /// A value, the comment behind it, and how many further lines it takes.
    Value { text: String, quotes: Quotes, comment: String, lines: usize },
    /// A quote that nothing closes.
    OpenQuote,
}

/// Reads the value in `rest`; a quoted one may go on over `more` lines.
pub(super) fn parse_value(rest: &str, more: &[&str]) -> Parsed {
    let rest = rest.trim_start();
    let (quotes, close) = match rest.chars().next() {
        Some('\'') => (Quotes::Single, '\''),
        Some('"') => (Quotes::Double, '"'),
        _ => return unquoted(rest),
    };
    let mut text = String::new();
    let mut line = &rest[1..];
    let mut lines = 0;
    loop {
        let mut letters = line.char_indices();
        while let Some((at, letter)) = letters.next() {
            if letter == close {
                let comment = line[at + 1..].trim_start().strip_prefix('#').unwrap_or_default();
                return Parsed::Value { text, quotes, comment: comment.to_owned(), lines };
            }
            if letter != '\\' || quotes == Quotes::Single {
                text.push(letter);
                continue;
            }
            match letters.next().map(|(_, letter)| letter) {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                // Kept with its backslash, so that expansion leaves it alone.
                Some('$') => text.push_str("\\$"),
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            }
        }
        let Some(next) = more.get(lines) else { return Parsed::OpenQuote };
        text.push('\n');
        line = next;
        lines += 1;
    }
}

/// A value without quotes ends at a `#` that follows a blank, or that is its first letter.
fn unquoted(rest: &str) -> Parsed {
    let blank_before = |at: usize| rest[..at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = rest.match_indices('#').map(|(at, _)| at).find(|at| blank_before(*at));
    let (text, comment) = comment.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
    Parsed::Value { text: text.trim_end().to_owned(), quotes: Quotes::None, comment: comment.to_owned(), lines: 0 }
}

/// The longest value that expansion makes: lines that double each other would grow without bound.
const MAX_VALUE: usize = 64 * 1024;

/// `text` with `$X`, `${X}` and `${X:-default}` filled in from `env`; a `$` in front of anything else stays.
/// A text that would grow beyond all measure is returned as it is.
pub(super) fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Whether a brace may still close; looking for it at each `$` again would take for ever.
    let mut closed = true;
    while let Some(at) = rest.find('$') {
        if let Some(before) = rest[..at].strip_suffix('\\') {
            out.push_str(before);
            out.push('$');
            rest = &rest[at + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, default, after) = braced(rest, &mut closed).unwrap_or_else(|| {
            let (name, after) = key(rest);
            (name, "", after)
        });
        if !super::is_key(name) {
            out.push('$');
            continue;
        }
        let value = env.get(name).filter(|value| !value.is_empty());
        out.push_str(value.map_or(default, String::as_str));
        if out.len() > MAX_VALUE {
            return text.to_owned();
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `{NAME}` or `{NAME:-default}` at the start of `text`: the name, the default, and what follows.
fn braced<'a>(text: &'a str, closed: &mut bool) -> Option<(&'a str, &'a str, &'a str)> {
    let (name, rest) = key(text.strip_prefix('{').filter(|_| *closed)?);
    if let Some(after) = rest.strip_prefix('}') {
        return Some((name, "", after));
    }
    let found = rest.strip_prefix(":-")?.split_once('}');
    *closed = found.is_some();
    found.map(|(default, after)| (name, default, after))
}

/// The letters of a name at the start of `text`, and what follows.
fn key(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len()))
}
