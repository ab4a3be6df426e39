//! Text of strangers as a terminal may get it.

use crate::Paint;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character that moves a cursor, sets a title or turns the direction of reading spelt out, as in
/// `\u{1b}`. Lines and tabs stay, and colours where there are colours.
#[must_use]
pub(crate) fn harmless(text: &str, paint: Paint) -> Cow<'_, str> {
    if !text.contains(is_order) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let spell = |text: &str, shown: &mut String| {
        text.chars().for_each(|c| if is_order(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) });
    };
    let mut rest = text;
    // Colours of our own are the only orders that pass, and only whole.
    while let Some((before, order)) = rest.split_once('\u{1b}') {
        spell(before, &mut shown);
        let colour = colour(order).filter(|_| paint == Paint::Ansi).unwrap_or_default();
        if colour.is_empty() {
            spell("\u{1b}", &mut shown);
        } else {
            shown.extend(["\u{1b}", colour]);
        }
        rest = &order[colour.len()..];
    }
    spell(rest, &mut shown);
    Cow::Owned(shown)
}

/// JSON without such characters: each as JSON itself spells it, so that a program reads the same text as before.
#[must_use]
pub fn harmless_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_order) {
        return Cow::Borrowed(json);
    }
    // They stand in strings only, and none of them needs more than four digits.
    let mut spelt = String::with_capacity(json.len());
    for c in json.chars() {
        if is_order(c) {
            let _infallible = write!(spelt, "\\u{:04x}", u32::from(c));
        } else {
            spelt.push(c);
        }
    }
    Cow::Owned(spelt)
}

/// What follows ESC in a sequence that only colours.
fn colour(text: &str) -> Option<&str> {
    let codes = text.strip_prefix('[')?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    codes.get(end..).filter(|rest| rest.starts_with('m'))?;
    text.get(..end + 2)
}

/// Whether a terminal takes the character for an order, or a reader sees others in its place.
pub(crate) fn is_order(c: char) -> bool {
    let breaks = matches!(c, '\n' | '\t');
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !breaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_spelt_out_and_the_rest_stays() {
        let hostile = "a\x1b[2Jb\x1b]0;TITLE\x07c\r\nd\te\u{202e}f\u{9b}31mg\u{8}";
        let shown = "a\\u{1b}[2Jb\\u{1b}]0;TITLE\\u{7}c\\u{d}\nd\te\\u{202e}f\\u{9b}31mg\\u{8}";
        for paint in [Paint::Plain, Paint::Ansi] {
            assert_eq!(harmless(hostile, paint), shown);
        }
        assert!(matches!(harmless("Καλημέρα, ok\n\t1", Paint::Plain), Cow::Borrowed(_)));
    }

    #[test]
    fn json_stays_json_and_says_the_same() {
        let said = "a\u{7f}b\u{85}c\u{9b}31m\u{202e}d\u{2028}e\u{61c}\u{2069}f\x1b[2J \u{1f600} ü\n\t\"\\";
        let json = serde_json::to_string_pretty(&[said]).unwrap();
        let shown = harmless_json(&json);
        assert!(!shown.contains(is_order), "{shown}");
        assert_eq!(harmless(&shown, Paint::Plain), shown);
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [said]);
        assert!(matches!(harmless_json("[\"Καλημέρα\"]\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn colours_pass_only_where_there_are_colours_and_only_whole() {
        let coloured = "\x1b[1;31mRED\x1b[0m";
        assert_eq!(harmless(coloured, Paint::Ansi), coloured);
        assert_eq!(harmless(coloured, Paint::Plain), "\\u{1b}[1;31mRED\\u{1b}[0m");
        assert_eq!(harmless("\x1b[31\x1b[2Jm", Paint::Ansi), "\\u{1b}[31\\u{1b}[2Jm");
        assert_eq!(harmless("end\x1b[31", Paint::Ansi), "end\\u{1b}[31");
    }
}
