//! Reads the text of a rule into a [`RouteRule`] by recursive descent.

use super::pattern::Anchor;
use super::{Matcher, Pattern, RouteRule};

/// How deep brackets and `!` may nest: far above any recipe, far below what the stack holds.
const DEEPEST: usize = 64;

/// Why a text is not a rule this proxy can follow. Columns count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The rule has no text at all.
    #[error("the rule is empty")]
    Empty,
    /// The rule is well formed so far but asks for a matcher that this proxy does not know.
    #[error(
        "unknown matcher `{name}` at column {column}; known are Host, HostRegexp, Path, PathPrefix, PathRegexp and Method"
    )]
    UnknownMatcher {
        /// The matcher as written.
        name: String,
        /// Where it starts.
        column: usize,
    },
    /// Something else stands where the grammar wants `what`.
    #[error("expected {what} at column {column}, found {found}")]
    Expected {
        /// What the grammar wants there.
        what: &'static str,
        /// What stands there.
        found: String,
        /// Where it stands.
        column: usize,
    },
    /// A matcher has no value, or an empty one, as when a variable of the recipe is not set.
    #[error("matcher `{matcher}` at column {column} has an empty value; is a variable of the recipe unset?")]
    EmptyValue {
        /// The matcher as written.
        matcher: String,
        /// Where the matcher starts.
        column: usize,
    },
    /// A pattern does not compile.
    #[error("pattern `{pattern}` at column {column} does not compile: {reason}")]
    Pattern {
        /// The pattern as written.
        pattern: String,
        /// Where the matcher that holds it starts.
        column: usize,
        /// The regular expression engine's explanation.
        reason: String,
    },
    /// Brackets and `!` nest deeper than 64 levels.
    #[error("the rule nests deeper than 64 levels at column {column}")]
    TooDeep {
        /// Where level 65 starts.
        column: usize,
    },
}

pub(super) fn parse(text: &str) -> Result<RouteRule, RuleError> {
    if text.trim().is_empty() {
        return Err(RuleError::Empty);
    }
    let mut reader = Reader { symbols: text.chars().collect(), at: 0 };
    let rule = any(&mut reader, 0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(rule),
        Some(_) => Err(reader.expected("`&&`, `||` or the end of the rule")),
    }
}

struct Reader {
    symbols: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.symbols.get(self.at).copied()
    }

    fn column(&self) -> usize {
        self.at + 1
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Steps over `word` if it comes next, leading white space aside.
    fn accept(&mut self, word: &str) -> bool {
        self.skip_space();
        let found =
            word.chars().enumerate().all(|(offset, symbol)| self.symbols.get(self.at + offset) == Some(&symbol));
        if found {
            self.at += word.chars().count();
        }
        found
    }

    fn expect(&mut self, word: &str, what: &'static str) -> Result<(), RuleError> {
        if self.accept(word) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn expected(&self, what: &'static str) -> RuleError {
        let found = match self.peek() {
            Some(symbol) => format!("`{symbol}`"),
            None => "the end of the rule".to_owned(),
        };
        RuleError::Expected { what, found, column: self.column() }
    }
}

fn any(reader: &mut Reader, depth: usize) -> Result<RouteRule, RuleError> {
    let first = all(reader, depth)?;
    let mut parts = vec![first];
    while reader.accept("||") {
        parts.push(all(reader, depth)?);
    }
    Ok(joined(parts, RouteRule::Any))
}

fn all(reader: &mut Reader, depth: usize) -> Result<RouteRule, RuleError> {
    let first = unary(reader, depth)?;
    let mut parts = vec![first];
    while reader.accept("&&") {
        parts.push(unary(reader, depth)?);
    }
    Ok(joined(parts, RouteRule::All))
}

fn joined(mut parts: Vec<RouteRule>, join: fn(Vec<RouteRule>) -> RouteRule) -> RouteRule {
    if parts.len() == 1 { parts.swap_remove(0) } else { join(parts) }
}

fn unary(reader: &mut Reader, depth: usize) -> Result<RouteRule, RuleError> {
    reader.skip_space();
    if depth > DEEPEST {
        return Err(RuleError::TooDeep { column: reader.column() });
    }
    if reader.accept("!") {
        return Ok(RouteRule::Not(Box::new(unary(reader, depth + 1)?)));
    }
    if reader.accept("(") {
        let inner = any(reader, depth + 1)?;
        reader.expect(")", "`)`")?;
        return Ok(inner);
    }
    Ok(RouteRule::Match(call(reader)?))
}

fn call(reader: &mut Reader) -> Result<Matcher, RuleError> {
    let column = reader.column();
    let mut name = String::new();
    while let Some(symbol) = reader.peek().filter(char::is_ascii_alphanumeric) {
        name.push(symbol);
        reader.at += 1;
    }
    if name.is_empty() {
        return Err(reader.expected("a matcher such as Host(`example.com`)"));
    }
    reader.expect("(", "`(` after the matcher")?;
    // The name is judged before its values: those of a matcher we do not know may be of any shape.
    let kind = Kind::of(&name).ok_or_else(|| RuleError::UnknownMatcher { name: name.clone(), column })?;
    let mut values = Vec::new();
    loop {
        reader.skip_space();
        // Traefik reads rules with Go's parser, which takes a comma after the last value.
        if reader.peek() == Some(')') {
            break;
        }
        values.push(value(reader)?);
        if !reader.accept(",") {
            break;
        }
    }
    reader.expect(")", "`,` or `)`")?;
    if values.is_empty() || values.iter().any(String::is_empty) {
        return Err(RuleError::EmptyValue { matcher: name, column });
    }
    kind.matcher(&values, column)
}

fn value(reader: &mut Reader) -> Result<String, RuleError> {
    reader.skip_space();
    let Some(quote @ ('`' | '"')) = reader.peek() else {
        return Err(reader.expected("a value in backticks or double quotes"));
    };
    reader.at += 1;
    let mut text = String::new();
    while let Some(symbol) = reader.peek() {
        reader.at += 1;
        if symbol == quote {
            return Ok(text);
        }
        // Only double quotes know escapes; a backtick string is raw.
        let symbol = match (quote, symbol, reader.peek()) {
            ('"', '\\', Some(escaped @ ('"' | '\\'))) => {
                reader.at += 1;
                escaped
            }
            (_, symbol, _) => symbol,
        };
        text.push(symbol);
    }
    Err(reader.expected("the closing quote of the value"))
}

#[derive(Clone, Copy)]
enum Kind {
    Host,
    HostRegexp,
    Path,
    PathPrefix,
    PathRegexp,
    Method,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        // Traefik takes matcher names in any case.
        match name.to_ascii_lowercase().as_str() {
            "host" => Some(Self::Host),
            "hostregexp" => Some(Self::HostRegexp),
            "path" => Some(Self::Path),
            "pathprefix" => Some(Self::PathPrefix),
            "pathregexp" => Some(Self::PathRegexp),
            "method" => Some(Self::Method),
            _ => None,
        }
    }

    fn matcher(self, values: &[String], column: usize) -> Result<Matcher, RuleError> {
        let compile = |make: &dyn Fn(&str) -> Result<Pattern, regex::Error>| {
            values
                .iter()
                .map(|value| {
                    make(value).map_err(|error| RuleError::Pattern {
                        pattern: value.clone(),
                        column,
                        reason: error.to_string(),
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match self {
            Self::Host => Matcher::Host(values.iter().map(|host| super::canonical_host(host)).collect()),
            Self::HostRegexp => Matcher::HostRegexp(compile(&|value| {
                if Pattern::is_template(value) {
                    Pattern::template(value, Anchor::Whole, '.')
                } else {
                    Pattern::expression(value)
                }
            })?),
            Self::Path => Matcher::Path(compile(&|value| Pattern::template(value, Anchor::Whole, '/'))?),
            Self::PathPrefix => Matcher::PathPrefix(compile(&|value| Pattern::template(value, Anchor::Start, '/'))?),
            Self::PathRegexp => Matcher::PathRegexp(compile(&Pattern::expression)?),
            Self::Method => Matcher::Method(values.iter().map(|method| method.to_ascii_uppercase()).collect()),
        })
    }
}
