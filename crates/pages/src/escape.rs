//! The one door for values into pages and pictures: nothing that goes through it can become markup.
//!
//! Logs, names and messages are hostile. Besides the characters of markup, everything that steers a terminal, hides text or turns
//! its direction is taken out, so that a page shows what is there and its source is well-formed as HTML and as XML.

use askama::filters::Escaper;
use std::fmt::{self, Write};

/// The escaper of all templates; also fit for attribute values in quotes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Escape;

impl Escaper for Escape {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        let mut rest = string.chars();
        while let Some(c) = rest.next() {
            match c {
                '&' => dest.write_str("&amp;")?,
                '<' => dest.write_str("&lt;")?,
                '>' => dest.write_str("&gt;")?,
                '"' => dest.write_str("&quot;")?,
                '\'' => dest.write_str("&#39;")?,
                '\r' => {}
                '\u{1b}' => skip_sequence(&mut rest),
                c if is_unfit(c) => dest.write_char(char::REPLACEMENT_CHARACTER)?,
                c => dest.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// `text` without terminal sequences and characters that hide or turn text; not escaped.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {}
            '\u{1b}' => skip_sequence(&mut rest),
            c if is_unfit(c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Takes a terminal's sequence off: `[`, parameters, and the letter that ends it. Anything else after an escape stays.
fn skip_sequence(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    if ahead.next() != Some('[') {
        return;
    }
    for c in ahead.by_ref().take(32) {
        match c {
            '\u{40}'..='\u{7e}' => {
                *rest = ahead;
                return;
            }
            '\u{20}'..='\u{3f}' => {}
            _ => return,
        }
    }
}

/// Control characters but tab and line breaks, characters that turn the direction of text, and those XML does not know.
fn is_unfit(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        Escape.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escaped(r#"<b a="x" c='y'>&amp;"#), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;");
    }

    #[test]
    fn sequences_of_terminals_go_and_what_hides_text_shows() {
        assert_eq!(escaped("\u{1b}[1;31mred\u{1b}[0m\r\n"), "red\n");
        assert_eq!(escaped("\u{1b}]0;title\u{7}x\u{1b}"), "]0;title\u{fffd}x");
        assert_eq!(escaped("\u{1b}[\u{1b}[31mx"), "[x");
        assert_eq!(escaped("a\0b\u{202e}c\u{2067}d\u{9b}e"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e");
        assert_eq!(plain("\u{1b}[2K<b>\u{202e}"), "<b>\u{fffd}");
    }
}
