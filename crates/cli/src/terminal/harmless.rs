//! Text of strangers as a terminal may get it.

use super::Paint;
use std::borrow::Cow;

/// The text with every character that moves a cursor, sets a title or turns the direction of reading spelt out, as in
/// `\u{1b}`. Lines and tabs stay, and colours where there are colours.
#[must_use]
pub fn harmless(text: &str, paint: Paint) -> Cow<'_, str> {
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

/// What follows ESC in a sequence that only colours.
fn colour(text: &str) -> Option<&str> {
    let codes = text.strip_prefix('[')?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    codes.get(end..).filter(|rest| rest.starts_with('m'))?;
    text.get(..end + 2)
}

/// Whether a terminal takes the character for an order, or a reader sees others in its place.
pub(super) fn is_order(c: char) -> bool {
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
    fn colours_pass_only_where_there_are_colours_and_only_whole() {
        let coloured = "\x1b[1;31mRED\x1b[0m";
        assert_eq!(harmless(coloured, Paint::Ansi), coloured);
        assert_eq!(harmless(coloured, Paint::Plain), "\\u{1b}[1;31mRED\\u{1b}[0m");
        assert_eq!(harmless("\x1b[31\x1b[2Jm", Paint::Ansi), "\\u{1b}[31\\u{1b}[2Jm");
        assert_eq!(harmless("end\x1b[31", Paint::Ansi), "end\\u{1b}[31");
    }
}
