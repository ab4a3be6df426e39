//! Makes text fit a terminal: clips what is drawn over, folds what stays, and lets nothing through that moves the cursor.

use crate::Paint;
use crate::harmless::is_order;
use unicode_width::UnicodeWidthChar;

/// What stands where something was cut off.
const CUT: char = '…';

/// Text without anything that a terminal takes for an order: what a hook or an app printed may hold orders. Colours stay where
/// there are colours.
#[must_use]
pub(crate) fn clean(text: &str, paint: Paint) -> String {
    let mut clean = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Char('\t' | '\r' | '\n') => clean.push(' '),
            Part::Char(c) if is_order(c) => {}
            Part::Char(c) => clean.push(c),
            Part::Colour(code) if paint == Paint::Ansi => clean.push_str(code),
            Part::Colour(_) | Part::Order => {}
        }
    }
    clean
}

/// Columns that a text takes.
#[must_use]
pub(crate) fn width(text: &str) -> usize {
    parts(text).map(|part| part.columns()).sum()
}

/// As much of a text as fits, with a mark where it was cut.
#[must_use]
pub(crate) fn clip(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut kept, mut taken) = (String::new(), 0);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if taken + wide + 1 > columns {
            break;
        }
        kept.push(c);
        taken += wide;
    }
    kept.extend((columns > 0).then_some(CUT));
    kept
}

/// A line as several that fit, broken between words, with what follows the first one indented further than it. Words that are
/// longer than a line are cut apart; nothing is left out.
#[must_use]
pub(crate) fn fold(line: &str, columns: usize) -> Vec<String> {
    if columns == 0 || width(line) <= columns {
        return vec![line.to_owned()];
    }
    let spaces = line.len() - line.trim_start_matches(' ').len();
    let indent = if columns >= 24 { spaces.min(columns / 2) + 2 } else { 0 };
    let (mut lines, mut current) = (Vec::new(), String::new());
    for word in line.split_inclusive(' ') {
        let mut word = word;
        if width(&current) + width(word.trim_end()) > columns && width(&current) > indent {
            lines.push(current.trim_end().to_owned());
            current = " ".repeat(indent);
        }
        while width(&current) + width(word.trim_end()) > columns {
            let room = columns.saturating_sub(width(&current)).max(1);
            let at = cut(word, room);
            let (head, tail) = word.split_at(at);
            current.push_str(head);
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
            word = tail;
        }
        current.push_str(word);
    }
    lines.extend((!current.trim().is_empty()).then(|| current.trim_end().to_owned()));
    lines
}

/// The byte behind as many columns of a text; at least one character.
fn cut(text: &str, columns: usize) -> usize {
    let (mut taken, mut at) = (0, 0);
    let mut rest = text;
    while let Some((part, length)) = next(rest) {
        let wide = part.columns();
        if at > 0 && taken + wide > columns {
            break;
        }
        taken += wide;
        at += length;
        rest = &rest[length..];
    }
    at
}

/// What a terminal sees in a text.
enum Part<'t> {
    Char(char),
    /// A change of colour.
    Colour(&'t str),
    /// Any other escape sequence.
    Order,
}

impl Part<'_> {
    fn columns(&self) -> usize {
        if let Part::Char(c) = self { c.width().unwrap_or(0) } else { 0 }
    }
}

fn parts(mut text: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let (part, length) = next(text)?;
        text = &text[length..];
        Some(part)
    })
}

/// The first part of a text, and its length in bytes.
fn next(text: &str) -> Option<(Part<'_>, usize)> {
    let first = text.chars().next()?;
    if first != '\x1b' {
        return Some((Part::Char(first), first.len_utf8()));
    }
    let Some(rest) = text[1..].strip_prefix('[') else {
        // A command by name (`ESC ]`, title and the like) goes up to its end mark; others have one letter.
        let length = match text[1..].chars().next() {
            Some(']' | 'P' | '_' | '^' | 'X') => text.find(['\x07', '\\']).map_or(text.len(), |end| end + 1),
            Some(letter) => 1 + letter.len_utf8(),
            None => 1,
        };
        return Some((Part::Order, length));
    };
    let Some(end) = rest.find(|c: char| ('@'..='~').contains(&c)) else { return Some((Part::Order, text.len())) };
    let length = 2 + end + 1;
    let is_colour = rest[end..].starts_with('m') && rest[..end].chars().all(|c| c.is_ascii_digit() || c == ';');
    Some((if is_colour { Part::Colour(&text[..length]) } else { Part::Order }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_to_the_terminal_are_left_out() {
        let text = "a\x1b[2Jb\x1b[31mred\x1b[0m\x1b]0;title\x07c\rd\te\x1b[1;1H\x08f";
        assert_eq!(clean(text, Paint::Plain), "abredc d ef");
        assert_eq!(clean(text, Paint::Ansi), "ab\x1b[31mred\x1b[0mc d ef");
        assert_eq!(clean("\x1b", Paint::Ansi) + &clean("\x1b[3", Paint::Ansi), "");
    }

    #[test]
    fn wide_letters_count_twice_and_colours_not_at_all() {
        assert_eq!((width("日本"), width("\x1b[31mab\x1b[0m"), width("é")), (4, 2, 1));
        assert_eq!(clip("日本語です", 5), "日本…");
        assert_eq!(clip("日本語です", 6), "日本…");
        assert_eq!((clip("abc", 3), clip("abcd", 3), clip("abcd", 0)), ("abc".into(), "ab…".into(), String::new()));
    }

    #[test]
    fn a_long_line_is_folded_between_words_and_loses_nothing() {
        let folded = fold("  skipped: backup (does not apply): no service carries the label", 30);
        assert_eq!(folded, ["  skipped: backup (does not", "    apply): no service carries", "    the label"]);
        assert_eq!(fold("日本語日本語日本語", 7), ["日本語", "日本語", "日本語"]);
        let line = format!("see {}", "x".repeat(70));
        for columns in 1..90 {
            let folded = fold(&line, columns);
            assert!(folded.iter().all(|line| width(line) <= columns), "{columns}: {folded:?}");
            let joined: String = folded.concat().split_whitespace().collect();
            assert_eq!(joined, line.split_whitespace().collect::<String>(), "{columns}");
        }
    }
}
