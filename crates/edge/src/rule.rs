//! The Traefik rule language as recipes use it: parsing, printing and matching.
//!
//! Both spellings in use are understood: the list form of Traefik 2 (``Host(`a`, `b`)``, path and host templates such as
//! `{sub:[a-z]+}`) and the boolean form of Traefik 3 (``Host(`a`) || Host(`b`)``, plain regular expressions).

mod parse;
mod pattern;

use std::fmt;

pub use parse::RuleError;
pub use pattern::Pattern;

/// A parsed router rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteRule {
    /// One matcher; true if any of its values matches.
    Match(Matcher),
    /// True if the inner rule is false.
    Not(Box<Self>),
    /// True if every part is true. Has at least two parts.
    All(Vec<Self>),
    /// True if some part is true. Has at least two parts.
    Any(Vec<Self>),
}

/// One matcher of a rule with its values; each list has at least one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matcher {
    /// The host name equals one of these, without regard to case or port. Values are in lower case.
    Host(Vec<String>),
    /// The host name matches one of these patterns.
    HostRegexp(Vec<Pattern>),
    /// The path equals one of these.
    Path(Vec<Pattern>),
    /// The path starts with one of these, character by character: `/a` also matches `/ab`, as in Traefik.
    PathPrefix(Vec<Pattern>),
    /// The path matches one of these regular expressions.
    PathRegexp(Vec<Pattern>),
    /// The method is one of these. Values are in upper case.
    Method(Vec<String>),
}

/// What a rule is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFacts<'a> {
    /// The host asked for; port, case and a final dot do not matter.
    pub host: &'a str,
    /// The path as sent, without the query.
    pub path: &'a str,
    /// The method, such as `GET`.
    pub method: &'a str,
}

impl RouteRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// [`RuleError`] with the column (counted in characters from 1) when the text is not a rule, names a matcher this
    /// proxy does not know, or holds a pattern that does not compile.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        parse::parse(text)
    }

    /// Whether a request with these facts satisfies the rule.
    #[must_use]
    pub fn matches(&self, facts: RequestFacts<'_>) -> bool {
        let host = canonical_host(facts.host);
        self.holds(&host, facts.path, facts.method)
    }

    /// The host names that the rule names literally, in order, without repeats: the names a test would ask for.
    #[must_use]
    pub fn hosts(&self) -> Vec<&str> {
        let mut hosts = Vec::new();
        self.collect_hosts(&mut hosts);
        hosts
    }

    fn holds(&self, host: &str, path: &str, method: &str) -> bool {
        match self {
            Self::Match(matcher) => matcher.holds(host, path, method),
            Self::Not(inner) => !inner.holds(host, path, method),
            Self::All(parts) => parts.iter().all(|part| part.holds(host, path, method)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(host, path, method)),
        }
    }

    fn collect_hosts<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::Match(Matcher::Host(hosts)) => {
                for host in hosts {
                    if !found.contains(&host.as_str()) {
                        found.push(host);
                    }
                }
            }
            // A host under `!` is one the router does not answer for.
            Self::Match(
                Matcher::HostRegexp(_)
                | Matcher::Path(_)
                | Matcher::PathPrefix(_)
                | Matcher::PathRegexp(_)
                | Matcher::Method(_),
            )
            | Self::Not(_) => {}
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.collect_hosts(found));
            }
        }
    }
}

impl Matcher {
    fn holds(&self, host: &str, path: &str, method: &str) -> bool {
        match self {
            Self::Host(hosts) => hosts.iter().any(|wanted| wanted == host),
            Self::HostRegexp(patterns) => patterns.iter().any(|pattern| pattern.is_match(host)),
            Self::Path(patterns) | Self::PathPrefix(patterns) | Self::PathRegexp(patterns) => {
                patterns.iter().any(|pattern| pattern.is_match(path))
            }
            Self::Method(methods) => methods.iter().any(|wanted| wanted == method),
        }
    }
}

/// The host name of an authority such as `App.Example.com:443`: lower case, no port, no final dot.
pub(crate) fn canonical_host(authority: &str) -> String {
    let host = match authority.rsplit_once(':') {
        // The colons inside an IPv6 literal in brackets are not a port.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

impl fmt::Display for RouteRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match(matcher) => matcher.fmt(f),
            Self::Not(inner) => match **inner {
                Self::Match(_) | Self::Not(_) => write!(f, "!{inner}"),
                Self::All(_) | Self::Any(_) => write!(f, "!({inner})"),
            },
            Self::All(parts) => write_joined(f, parts, " && "),
            Self::Any(parts) => write_joined(f, parts, " || "),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[RouteRule], operator: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        match part {
            RouteRule::Match(_) | RouteRule::Not(_) => write!(f, "{part}")?,
            RouteRule::All(_) | RouteRule::Any(_) => write!(f, "({part})")?,
        }
    }
    Ok(())
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(hosts) => write_call(f, "Host", hosts.iter().map(String::as_str)),
            Self::HostRegexp(patterns) => write_call(f, "HostRegexp", patterns.iter().map(Pattern::source)),
            Self::Path(patterns) => write_call(f, "Path", patterns.iter().map(Pattern::source)),
            Self::PathPrefix(patterns) => write_call(f, "PathPrefix", patterns.iter().map(Pattern::source)),
            Self::PathRegexp(patterns) => write_call(f, "PathRegexp", patterns.iter().map(Pattern::source)),
            Self::Method(methods) => write_call(f, "Method", methods.iter().map(String::as_str)),
        }
    }
}

fn write_call<'a>(f: &mut fmt::Formatter<'_>, name: &str, values: impl Iterator<Item = &'a str>) -> fmt::Result {
    write!(f, "{name}(")?;
    for (index, value) in values.enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        // A value that came in double quotes may hold a backtick, which has no escape inside backticks.
        if value.contains('`') {
            write!(f, "\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?;
        } else {
            write!(f, "`{value}`")?;
        }
    }
    f.write_str(")")
}

#[cfg(test)]
mod tests;
