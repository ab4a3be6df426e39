//! The compiled routes: which router takes a request.

use crate::routes::{Backend, Middleware, Router, Routes, WEB, WEB_SECURE};
use crate::rule::{RequestFacts, RouteRule, RuleError};

/// Why routes cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A rule cannot be read.
    #[error("router `{router}` has a rule that cannot be followed: {source}")]
    Rule {
        /// The router's name.
        router: String,
        /// What is wrong with the rule.
        source: RuleError,
    },
    /// Two routers have one name.
    #[error("two routers are named `{router}`; give each its own name")]
    SameName {
        /// The name.
        router: String,
    },
}

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPoint {
    /// Plain HTTP, entry point [`WEB`].
    Web,
    /// HTTPS, entry point [`WEB_SECURE`].
    WebSecure,
}

impl EntryPoint {
    /// The name routers use for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => WEB,
            Self::WebSecure => WEB_SECURE,
        }
    }

    /// Whether requests on it come through TLS.
    #[must_use]
    pub fn is_tls(self) -> bool {
        match self {
            Self::Web => false,
            Self::WebSecure => true,
        }
    }
}

/// Routes in the order in which they are tried.
#[derive(Debug, Default)]
pub struct Table {
    revision: String,
    routes: Vec<Route>,
}

/// One router, compiled.
#[derive(Debug)]
pub struct Route {
    rule: RouteRule,
    priority: i64,
    router: Router,
}

impl Route {
    /// The router's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.router.name
    }

    /// Where its requests go.
    #[must_use]
    pub fn backend(&self) -> &Backend {
        &self.router.backend
    }

    /// What happens to a request before it is forwarded.
    #[must_use]
    pub fn middlewares(&self) -> &[Middleware] {
        &self.router.middlewares
    }

    /// Why the route does not take requests of the entry point, if it does not.
    fn refusal(&self, entry: EntryPoint) -> Option<String> {
        let names = &self.router.entry_points;
        if !names.is_empty() && !names.iter().any(|name| name == entry.name()) {
            return Some(format!("listens on {} only", names.join(", ")));
        }
        match (self.router.tls, entry.is_tls()) {
            (true, true) | (false, false) => None,
            (true, false) => Some("takes TLS requests only".to_owned()),
            (false, true) => Some("has no tls label, so it takes plain requests only".to_owned()),
        }
    }
}

impl Table {
    /// Compiles routes.
    ///
    /// # Errors
    /// [`TableError`] for the first router whose rule cannot be read or whose name is taken.
    pub fn compile(routes: &Routes) -> Result<Self, TableError> {
        let mut compiled: Vec<Route> = Vec::with_capacity(routes.routers.len());
        for router in &routes.routers {
            if compiled.iter().any(|other| other.router.name == router.name) {
                return Err(TableError::SameName { router: router.name.clone() });
            }
            let rule = RouteRule::parse(&router.rule)
                .map_err(|source| TableError::Rule { router: router.name.clone(), source })?;
            let priority = match router.priority {
                Some(priority) if priority != 0 => priority,
                Some(_) | None => i64::try_from(router.rule.len()).unwrap_or(i64::MAX),
            };
            compiled.push(Route { rule, priority, router: router.clone() });
        }
        // Equal priorities fall back to the name, so that the choice does not hang on the order in the file.
        compiled.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.router.name.cmp(&b.router.name)));
        Ok(Self { revision: routes.revision.clone(), routes: compiled })
    }

    /// The name the writer gave to these routes.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// All routes, in the order in which they are tried.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route that takes a request, if any.
    #[must_use]
    pub fn find(&self, entry: EntryPoint, facts: RequestFacts<'_>) -> Option<&Route> {
        self.routes.iter().find(|route| route.refusal(entry).is_none() && route.rule.matches(facts))
    }

    /// Routes whose rule fits the request but that do not take it, with the reason: what to say beside "no router".
    #[must_use]
    pub fn near_misses(&self, entry: EntryPoint, facts: RequestFacts<'_>) -> Vec<(&str, String)> {
        self.routes
            .iter()
            .filter(|route| route.rule.matches(facts))
            .filter_map(|route| route.refusal(entry).map(|reason| (route.name(), reason)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(name: &str, rule: &str) -> Router {
        Router {
            name: name.to_owned(),
            rule: rule.to_owned(),
            entry_points: Vec::new(),
            tls: true,
            priority: None,
            middlewares: Vec::new(),
            backend: Backend { host: "127.0.0.1".to_owned(), port: 80 },
        }
    }

    fn table(routers: Vec<Router>) -> Table {
        Table::compile(&Routes { revision: String::new(), routers }).unwrap()
    }

    fn chosen(table: &Table, entry: EntryPoint, path: &str) -> Option<String> {
        let facts = RequestFacts { host: "a.test", path, method: "GET" };
        table.find(entry, facts).map(|route| route.name().to_owned())
    }

    #[test]
    fn the_longer_rule_wins_unless_a_priority_says_otherwise() {
        let long = router("long", "Host(`a.test`) && PathPrefix(`/api`)");
        let short = router("short", "Host(`a.test`)");
        let by_length = table(vec![short.clone(), long.clone()]);
        assert_eq!(chosen(&by_length, EntryPoint::WebSecure, "/api/x").as_deref(), Some("long"));
        assert_eq!(chosen(&by_length, EntryPoint::WebSecure, "/x").as_deref(), Some("short"));
        let raised = Router { priority: Some(1000), ..short.clone() };
        let by_priority = table(vec![long.clone(), raised]);
        assert_eq!(chosen(&by_priority, EntryPoint::WebSecure, "/api/x").as_deref(), Some("short"));
        let zero = Router { priority: Some(0), ..short };
        assert_eq!(chosen(&table(vec![zero, long]), EntryPoint::WebSecure, "/api").as_deref(), Some("long"));
    }

    #[test]
    fn equal_priorities_fall_back_to_the_name() {
        let swapped = table(vec![router("b", "Host(`a.test`)"), router("a", "Host(`a.test`)")]);
        assert_eq!(chosen(&swapped, EntryPoint::WebSecure, "/").as_deref(), Some("a"));
    }

    #[test]
    fn a_router_takes_tls_or_plain_requests_on_its_entry_points() {
        let plain = Router { tls: false, ..router("plain", "Host(`a.test`)") };
        let both = table(vec![plain.clone(), router("secure", "Host(`a.test`)")]);
        assert_eq!(chosen(&both, EntryPoint::Web, "/").as_deref(), Some("plain"));
        assert_eq!(chosen(&both, EntryPoint::WebSecure, "/").as_deref(), Some("secure"));
        let forgotten = Router { entry_points: vec![WEB_SECURE.to_owned()], ..plain };
        let forgotten = table(vec![forgotten]);
        assert_eq!(chosen(&forgotten, EntryPoint::Web, "/"), None);
        assert_eq!(chosen(&forgotten, EntryPoint::WebSecure, "/"), None);
        let facts = RequestFacts { host: "a.test", path: "/", method: "GET" };
        assert_eq!(
            forgotten.near_misses(EntryPoint::WebSecure, facts),
            [("plain", "has no tls label, so it takes plain requests only".to_owned())]
        );
    }

    #[test]
    fn a_bad_rule_and_a_doubled_name_are_named() {
        let compile = |routers| Table::compile(&Routes { revision: String::new(), routers }).unwrap_err().to_string();
        assert_eq!(
            compile(vec![router("x", "Host(``)")]),
            "router `x` has a rule that cannot be followed: matcher `Host` at column 1 has an empty value; is a variable of the recipe unset?"
        );
        assert_eq!(
            compile(vec![router("x", "Host(`a`)"), router("x", "Host(`b`)")]),
            "two routers are named `x`; give each its own name"
        );
    }
}
