//! A pattern of a matcher: what the recipe wrote, and the regular expression it stands for.

use regex::Regex;

/// A text pattern that remembers how it was written; two patterns are equal if they were written and are used alike.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

/// How the text around the placeholders of a pattern is bound to the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Whole,
    Start,
}

impl Pattern {
    /// A regular expression that may match anywhere in the value, as in Traefik 3.
    pub(crate) fn expression(source: &str) -> Result<Self, regex::Error> {
        Ok(Self { source: source.to_owned(), regex: Regex::new(source)? })
    }

    /// Text with Traefik 2 placeholders: `{name}` is one segment up to `separator`, `{name:expr}` is an expression.
    pub(crate) fn template(source: &str, anchor: Anchor, separator: char) -> Result<Self, regex::Error> {
        let mut expression = String::from("^");
        let mut rest = source;
        while let Some((before, inner, after)) = next_placeholder(rest) {
            expression.push_str(&regex::escape(before));
            let inner = inner.split_once(':').map_or_else(
                || format!("[^{}]+", regex::escape(&separator.to_string())),
                |(_, inner)| format!("(?:{inner})"),
            );
            expression.push_str(&inner);
            rest = after;
        }
        expression.push_str(&regex::escape(rest));
        if anchor == Anchor::Whole {
            expression.push('$');
        }
        Ok(Self { source: source.to_owned(), regex: Regex::new(&expression)? })
    }

    /// Whether the text holds a Traefik 2 placeholder; a counted repeat such as `{2,3}` is not one.
    pub(crate) fn is_template(source: &str) -> bool {
        next_placeholder(source).is_some()
    }

    /// The pattern as the rule wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the value matches.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.regex.as_str() == other.regex.as_str()
    }
}

impl Eq for Pattern {}

/// Splits at the first `{name…}`: the text before it, what the braces hold, the text after it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let open = text
        .match_indices('{')
        .map(|(at, _)| at)
        .find(|at| text[at + 1..].starts_with(|first: char| first.is_ascii_alphabetic()))?;
    let mut depth = 0_usize;
    for (at, symbol) in text[open..].char_indices() {
        match symbol {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let inner = &text[open + 1..open + at];
            return Some((&text[..open], inner, &text[open + at + 1..]));
        }
    }
    None
}
