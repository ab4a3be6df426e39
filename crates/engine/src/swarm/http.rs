//! One HTTP request through the run's edge, and what came back.

use cc_ci_edge::Mark;
use cc_ci_model::ids::Domain;

/// A running edge: the container that answers for the domains of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEdge {
    /// Its container.
    pub container: String,
    /// The domains it answers for.
    pub domains: Vec<Domain>,
    /// The authority that signed its certificate, PEM; no other is trusted.
    pub authority: String,
}

impl RunEdge {
    /// Whether its certificate names this host: one of its domains, or a name right below one.
    #[must_use]
    pub fn is_named(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| domain.as_str() == host) || is_below(&self.domains, host)
    }
}

/// Whether a host stands right below one of the domains, as a certificate for `*.domain` names it.
pub(crate) fn is_below(domains: &[Domain], host: &str) -> bool {
    let label = |domain: &Domain| host.strip_suffix(domain.as_str())?.strip_suffix('.');
    domains.iter().filter_map(label).any(|label| !label.is_empty() && !label.contains('.'))
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// `http` or `https`.
    pub scheme: String,
    /// One of the edge's domains, a host right below one, or the name under which the edge tells about itself.
    pub host: String,
    /// The path, which begins with `/`.
    pub path: String,
    /// How much of the body is read. Bytes.
    pub read: usize,
    /// Who asks.
    pub who: Asker,
}

/// Who asks, as far as the app can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Asker {
    /// A program.
    #[default]
    Program,
    /// A browser, with the cookies it was given, as they stand in their header.
    Browser(String),
}

impl Asking {
    /// A request whose status is all that counts.
    #[must_use]
    pub fn of(scheme: &str, host: &str, path: &str) -> Self {
        Self { scheme: scheme.to_owned(), host: host.to_owned(), path: path.to_owned(), read: 0, who: Asker::Program }
    }

    /// The same, with up to `most` bytes of the body.
    #[must_use]
    pub fn reading(self, most: usize) -> Self {
        Self { read: most, ..self }
    }

    /// The same, as a browser with these cookies asks.
    #[must_use]
    pub fn browsing(self, cookies: String) -> Self {
        Self { who: Asker::Browser(cookies), ..self }
    }
}

/// The headers of an answer that decide what a browser makes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerHeaders {
    /// `Location`.
    pub location: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Disposition`.
    pub disposition: Option<String>,
    /// `Content-Encoding`.
    pub encoding: Option<String>,
    /// `Content-Security-Policy`.
    pub policy: Option<String>,
    /// Each `Set-Cookie`, up to its first semicolon.
    pub cookies: Vec<String>,
}

/// What came back from one request. Redirects are not followed: the first answer is the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpAnswer {
    /// The app answered.
    App {
        /// Its status.
        status: u16,
        /// What its headers say.
        headers: AnswerHeaders,
        /// As much of the body as was asked for.
        body: Vec<u8>,
    },
    /// The edge answered in its place.
    Edge {
        /// What kind of answer it is; `None` for one that this version does not know.
        mark: Option<Mark>,
        /// Why, in its words.
        reason: String,
        /// As much of the body as was asked for.
        body: Vec<u8>,
    },
    /// Nothing answered.
    None {
        /// Why.
        why: String,
    },
}

impl HttpAnswer {
    /// What came back, in words: `404`, `no answer: connection refused`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::App { status, .. } => status.to_string(),
            Self::Edge { reason, .. } => format!("the edge: {reason}"),
            Self::None { why } => format!("no answer: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::StackName;

    #[test]
    fn a_certificate_names_a_domain_and_what_is_right_below_it() {
        let domain = Domain::of_stack(&StackName::observed("shop"), "ci.test");
        let edge = RunEdge { container: String::new(), domains: vec![domain], authority: String::new() };
        let hosts =
            ["shop.ci.test", "api.shop.ci.test", "a.b.shop.ci.test", ".shop.ci.test", "myshop.ci.test", "ci.test"];
        assert_eq!(hosts.map(|host| edge.is_named(host)), [true, true, false, false, false, false]);
    }
}
