//! Variables in compose texts, with the rules of the loader that `docker stack deploy` uses.
//!
//! `$NAME` and `${NAME}` with `:-`, `-`, `:?` and `?` behind the name; `$$` is a dollar. A default is taken as it is
//! written, never expanded again, and `-` or `?` also work without braces, where they swallow the rest of the text.

use std::collections::BTreeMap;

use thiserror::Error;

/// Why a text cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InterpolationError {
    /// A `$` that starts no variable.
    #[error("`{at}` is not a variable")]
    NotAVariable {
        /// The text from that `$` on, cut to a few letters.
        at: String,
    },
    /// `${NAME:?message}` and the variable is missing (or, with `:?`, empty).
    #[error("required variable `{name}` has no value: {}", if message.is_empty() { "no reason given" } else { message })]
    Required {
        /// The variable.
        name: String,
        /// The message in the text, which may be empty.
        message: String,
    },
    /// Values make the text longer than any of a recipe.
    #[error("variables make this longer than any text of a recipe")]
    TooLong,
}

/// The longest text that variables make, in bytes.
const MAX_FILLED: usize = 1 << 20;

/// A text with more mistakes is refused, whatever follows them.
const MAX_MISTAKES: usize = 1_000;

/// The text with every variable replaced; an unknown variable without default becomes nothing.
///
/// # Errors
/// Fails on a `$` that starts no variable, and on a required variable that is missing.
pub fn interpolate(text: &str, env: &BTreeMap<String, String>) -> Result<String, InterpolationError> {
    let filled = fill(text, env)?;
    match filled.passed_over {
        Some(error) => Err(error),
        None => Ok(filled.text),
    }
}

/// A text that the loader takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// With its variables replaced.
    pub text: String,
    /// The first mistake in it that the loader forgets. What is at fault there becomes nothing.
    pub passed_over: Option<InterpolationError>,
}

/// [`interpolate`] as the loader does it: a mistake counts only when no variable follows it, because the next one that can
/// be filled in makes the loader forget it.
///
/// # Errors
/// Fails where the loader does.
pub fn fill(text: &str, env: &BTreeMap<String, String>) -> Result<Filled, InterpolationError> {
    let (mut out, mut first, mut last) = (String::with_capacity(text.len()), None, None);
    let mut mistakes = 0;
    for piece in pieces(text) {
        let error = match piece {
            Piece::Text(text) => {
                out.push_str(text);
                continue;
            }
            Piece::Dollar => {
                out.push('$');
                continue;
            }
            Piece::Variable(body) => match value_of(body, env) {
                Ok(value) => {
                    if out.len() + value.len() > MAX_FILLED {
                        return Err(InterpolationError::TooLong);
                    }
                    out.push_str(&value);
                    last = None;
                    continue;
                }
                Err(error) => error,
            },
            Piece::Invalid(at) => InterpolationError::NotAVariable { at: at.chars().take(24).collect() },
        };
        mistakes += 1;
        if mistakes > MAX_MISTAKES {
            return Err(error);
        }
        first.get_or_insert_with(|| error.clone());
        last = Some(error);
    }
    match last {
        Some(error) => Err(error),
        None => Ok(Filled { text: out, passed_over: first }),
    }
}

/// The names of the variables that a text reads, in order, with repetitions.
#[must_use]
pub fn variables(text: &str) -> Vec<&str> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Variable(body) => Some(&body[..name_length(body)]),
            Piece::Text(_) | Piece::Dollar | Piece::Invalid(_) => None,
        })
        .collect()
}

/// The variables that a text reads, each with the default that stands next to it.
#[must_use]
pub fn uses(text: &str) -> Vec<(&str, Option<&str>)> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Variable(body) => {
                let (name, rest) = body.split_at(name_length(body));
                Some((name, rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'))))
            }
            Piece::Text(_) | Piece::Dollar | Piece::Invalid(_) => None,
        })
        .collect()
}

/// A part of a text with variables.
enum Piece<'a> {
    Text(&'a str),
    Dollar,
    /// `NAME`, or `NAME` and what follows up to the brace.
    Variable(&'a str),
    /// A `$` that starts no variable, and all that follows it. Only the `$` itself is this piece.
    Invalid(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    // Where the last brace closes: looking for it at each `${` again would take for ever.
    let last = text.rfind('}').unwrap_or_default();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, length) = match rest.find('$') {
            None => (Piece::Text(rest), rest.len()),
            Some(0) if rest.starts_with("${") && text.len() - rest.len() > last => (Piece::Invalid(rest), 1),
            Some(0) => dollar(rest),
            Some(at) => (Piece::Text(&rest[..at]), at),
        };
        rest = &rest[length..];
        Some(piece)
    })
}

/// The piece that starts with the `$` at the start of `text`, and how long it is.
fn dollar(text: &str) -> (Piece<'_>, usize) {
    let after = &text[1..];
    if after.starts_with('$') {
        return (Piece::Dollar, 2);
    }
    if let Some(braced) = after.strip_prefix('{') {
        let body = substitution_length(braced);
        if body > 0 && braced[body..].starts_with('}') {
            return (Piece::Variable(&braced[..body]), body + 3);
        }
        return (Piece::Invalid(text), 1);
    }
    match substitution_length(after) {
        0 => (Piece::Invalid(text), 1),
        body => (Piece::Variable(&after[..body]), body + 1),
    }
}

/// How far `[_a-z][_a-z0-9]*(:?[-?][^}]*)?` matches, 0 when it does not.
fn substitution_length(text: &str) -> usize {
    let name = name_length(text);
    if name == 0 {
        return 0;
    }
    let operator = text[name..].strip_prefix(':').map_or(name, |_| name + 1);
    if !text[operator..].starts_with(['-', '?']) {
        return name;
    }
    text[operator..].find('}').map_or(text.len(), |end| operator + end)
}

fn name_length(text: &str) -> usize {
    let letter = |c: char| c == '_' || c.is_ascii_alphabetic();
    if !text.starts_with(letter) {
        return 0;
    }
    text.find(|c: char| !letter(c) && !c.is_ascii_digit()).unwrap_or(text.len())
}

/// The value of a body such as `NAME:-default`. The operators are looked for in this order anywhere in the body, so
/// `A-b:-c` asks for a variable `A-b`: odd, but what the reference loader does.
fn value_of(body: &str, env: &BTreeMap<String, String>) -> Result<String, InterpolationError> {
    let set = |name: &str| env.get(name).cloned();
    let required =
        |name: &str, message: &str| InterpolationError::Required { name: name.to_owned(), message: message.to_owned() };
    if let Some((name, default)) = body.split_once(":-") {
        return Ok(set(name).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned()));
    }
    if let Some((name, default)) = body.split_once('-') {
        return Ok(set(name).unwrap_or_else(|| default.to_owned()));
    }
    if let Some((name, message)) = body.split_once(":?") {
        return set(name).filter(|value| !value.is_empty()).ok_or_else(|| required(name, message));
    }
    if let Some((name, message)) = body.split_once('?') {
        return set(name).ok_or_else(|| required(name, message));
    }
    Ok(set(body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let env = [("A", "aa"), ("E", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let got = interpolate(text, &env.into_iter().collect()).unwrap_or_else(|problem| problem.to_string());
        assert_eq!(got, expected, "{text}");
    }

    /// Every expectation here was read off the reference loader.
    #[test]
    fn variables_are_replaced_as_the_reference_loader_does() {
        check("${A}b $A$A", "aab aaaa");
        check("${a}[${MISSING}]", "[]");
        check("${B:-d} ${B-d} ${E:-d} ${E-d}|${B:-}", "d d d |");
        check("$$A $$$A", "$A $aa");
        check("${B:-${A}}", "${A}");
        check("${B:-a}b}", "ab}");
        check("${B:-$$A}", "$$A");
        check("${A-b:-c}", "c");
        check("${B?a-b}", "b");
        check("$B-x}z", "x}z");
        check("$B:-a$A", "a$A");
        check("${E?x}.", ".");
        check("`${A}.x`", "`aa.x`");
    }

    #[test]
    fn what_is_not_a_variable_is_an_error() {
        for text in ["a$", "${", "${}", "$1", "${1}", "${ A}", "${A }", "${B:+c}", "${B:=c}", "$Å"] {
            assert!(
                matches!(interpolate(text, &BTreeMap::new()), Err(InterpolationError::NotAVariable { .. })),
                "{text}"
            );
        }
        check("x${B:?set it}", "required variable `B` has no value: set it");
        check("${E:?}", "required variable `E` has no value: no reason given");
        check("a ${ A} b", "`${ A} b` is not a variable");
    }

    /// Read off the reference loader, too.
    #[test]
    fn a_mistake_before_a_variable_is_forgotten() {
        let env = BTreeMap::from([("A".to_owned(), "av".to_owned())]);
        let filled = |text: &str| fill(text, &env).map(|filled| (filled.text, filled.passed_over.is_some()));
        assert_eq!(filled("$? -eq 0; echo $A"), Ok(("? -eq 0; echo av".to_owned(), true)));
        assert_eq!(filled("${B:?x} ${} ${A-y} $1 ${A:-z} {$}$A"), Ok((" {} av 1 av {}av".to_owned(), true)));
        assert_eq!(filled("$A $$"), Ok(("av $".to_owned(), false)));
        assert!(filled("$A $1 $$").is_err());
    }

    #[test]
    fn the_variables_of_a_text_are_listed() {
        assert_eq!(variables("$A ${B:-${C}} $$D ${E?x} ${A}"), ["A", "B", "E", "A"]);
        assert_eq!(uses("$A ${B:-v1} ${C-} ${E?x}"), [("A", None), ("B", Some("v1")), ("C", Some("")), ("E", None)]);
    }
}
