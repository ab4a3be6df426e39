//! Where somebody with a browser comes to each router of an app.

use super::{RouteProtocol, TraefikRoute};
use crate::rule::{Expression, RouterRule};
use std::collections::BTreeSet;

/// So many are known at most.
const MOST: usize = 20;

/// A host with a path, for which some router has a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entrance {
    /// The host, in lower case.
    pub host: String,
    /// The path that the rule asks for; `/` where it asks for none.
    pub path: String,
}

/// The entrances of the HTTP routers, so far as their rules name hosts and paths as they are.
#[must_use]
pub fn entrances(routes: &[TraefikRoute]) -> BTreeSet<Entrance> {
    let http = routes.iter().filter(|route| route.protocol == RouteProtocol::Http);
    let rules = http.filter_map(|route| route.rule.parse::<RouterRule>().ok());
    rules.flat_map(|rule| of_rule(&rule.expression)).take(MOST).collect()
}

/// The entrances of a rule: those of each alternative of its own.
fn of_rule(rule: &Expression) -> Vec<Entrance> {
    let alternatives = match rule {
        Expression::Or(parts) => parts.as_slice(),
        Expression::Call { .. } | Expression::Not(_) | Expression::And(_) => std::slice::from_ref(rule),
    };
    let mut found = Vec::new();
    for alternative in alternatives {
        let (hosts, mut paths) = (literals(alternative, &["host"]), literals(alternative, &["path", "pathprefix"]));
        paths.retain(|path| path.starts_with('/') && !path.contains(['{', '*']));
        if paths.is_empty() {
            paths.insert("/".to_owned());
        }
        for host in hosts {
            found.extend(paths.iter().map(|path| Entrance { host: host.to_lowercase(), path: path.clone() }));
        }
    }
    found
}

/// The texts of the matchers of those names.
fn literals(expression: &Expression, names: &[&str]) -> BTreeSet<String> {
    match expression {
        Expression::Call { name, arguments } if names.iter().any(|one| name.eq_ignore_ascii_case(one)) => {
            arguments.iter().cloned().collect()
        }
        Expression::Call { .. } | Expression::Not(_) => BTreeSet::new(),
        Expression::And(parts) | Expression::Or(parts) => parts.iter().flat_map(|part| literals(part, names)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, expected: &[&str]) {
        let found = of_rule(&rule.parse::<RouterRule>().unwrap().expression);
        let shown: Vec<String> = found.iter().map(|one| format!("{}{}", one.host, one.path)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn each_host_is_opened_where_its_rule_asks() {
        check("Host(`A.b`)", &["a.b/"]);
        check("Host(`a.b`, `c.d`) && PathPrefix(`/api`)", &["a.b/api", "c.d/api"]);
        check("Host(`a.b`) && (Path(`/x`) || PathPrefix(`/y`))", &["a.b/x", "a.b/y"]);
        check("Host(`a.b`) || (Host(`c.d`) && Path(`/x`))", &["a.b/", "c.d/x"]);
        check("Host(`a.b`) && !PathPrefix(`/admin`)", &["a.b/"]);
        check("Host(`a.b`) && PathPrefix(`/{id:[0-9]+}`)", &["a.b/"]);
        check("PathPrefix(`/`)", &[]);
        check("HostRegexp(`.+`)", &[]);
    }
}
