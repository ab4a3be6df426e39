//! Requests of routes: requests for other hosts than the app's, certificates, and addresses that the proxy would ask.

use super::Item;
use super::asking::Asking;
use crate::rule::{Expression, RouterRule, RuleReaders};

/// Router labels of every service, whether or not it is enabled: a proxy may take them by default.
pub(super) fn ask(asking: &mut Asking<'_>) {
    let services = &asking.recipe.compose.services;
    for (name, service) in services {
        for (label, value) in &service.deploy.labels {
            let lower = label.to_ascii_lowercase();
            let Some(rest) = lower.strip_prefix("traefik.") else { continue };
            let key = format!("services.{name}.deploy.labels.{label}");
            label_of(asking, rest, value.trim(), &key);
        }
    }
}

/// What one label asks for; `rest` is its name without `traefik.`, in lower case.
fn label_of(asking: &mut Asking<'_>, rest: &str, value: &str, key: &str) {
    let parts: Vec<&str> = rest.split('.').collect();
    match parts.as_slice() {
        ["udp", "routers", ..] => asking.ask(Item::Router, "udp", key),
        [_, "routers", _, "rule"] => rule(asking, value, key),
        [_, "routers", _, "tls", "certresolver"] if !value.is_empty() => asking.ask(Item::Certificate, value, key),
        [_, "services", _, "loadbalancer", "server" | "servers", "url" | "address"]
        | ["http", "middlewares", _, "forwardauth", "address"]
            if !own_address(asking, value) =>
        {
            asking.ask(Item::Router, value, key);
        }
        [_, "routers", _, "service"] | ["http", "middlewares", _, "errors", "service"]
            if !own_service(asking, value) =>
        {
            asking.ask(Item::Router, value, key);
        }
        _ => {}
    }
}

/// Whether a service that a label names is the recipe's own to lead to. One of another provider is the operator's, such as
/// Traefik's own interface `api@internal`; `noop@internal` answers nothing and stands where a router only redirects.
fn own_service(asking: &Asking<'_>, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some((own, provider)) = name.split_once('@') else { return true };
    if name == "noop@internal" {
        return true;
    }
    let services = &asking.recipe.compose.services;
    let mut labels = services.values().flat_map(|service| service.deploy.labels.keys());
    matches!(provider, "docker" | "swarm")
        && labels.any(|label| {
            let label = label.to_ascii_lowercase();
            let mut parts = label.split('.');
            let space = (parts.next(), parts.nth(1));
            space == (Some("traefik"), Some("services")) && parts.next() == Some(own)
        })
}

/// Whether an address leads to the app itself, by its domain or by a name of its stack.
fn own_address(asking: &Asking<'_>, address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    asking.own(host) || asking.own_host(host)
}

fn rule(asking: &mut Asking<'_>, text: &str, key: &str) {
    match text.parse::<RouterRule>() {
        Ok(rule) => match beyond(asking, &rule.expression) {
            Some(Beyond::Hosts(hosts)) => {
                for host in hosts {
                    asking.ask(Item::Router, host, key);
                }
            }
            Some(Beyond::Everything) => asking.ask(Item::Router, text, key),
            None => {}
        },
        Err(error) => match error.readers {
            // Such a router is never made.
            RuleReaders::Nobody => {}
            RuleReaders::Traefik => asking.ask(Item::Router, text, key),
        },
    }
}

/// What a rule matches beyond the app's own hosts.
enum Beyond {
    /// These hosts.
    Hosts(Vec<String>),
    /// Hosts that it does not name.
    Everything,
}

/// `None` when every request that matches is for the app's domain or a host below it.
fn beyond(asking: &Asking<'_>, expression: &Expression) -> Option<Beyond> {
    match expression {
        Expression::Call { name, arguments }
            if matches!(name.to_ascii_lowercase().as_str(), "host" | "hostsni" | "hostheader") =>
        {
            let foreign: Vec<String> = arguments.iter().filter(|host| !asking.own_host(host)).cloned().collect();
            match foreign.is_empty() {
                true if arguments.is_empty() => Some(Beyond::Everything),
                true => None,
                false => Some(Beyond::Hosts(foreign)),
            }
        }
        Expression::Call { .. } | Expression::Not(_) => Some(Beyond::Everything),
        Expression::And(sides) => {
            let sides: Option<Vec<Beyond>> = sides.iter().map(|side| beyond(asking, side)).collect();
            // One side that is within the domain bounds them all; else the side that names hosts says more.
            let sides = sides?;
            sides.into_iter().reduce(|one, other| if matches!(one, Beyond::Hosts(_)) { one } else { other })
        }
        Expression::Or(sides) => {
            let mut hosts = Vec::new();
            for side in sides.iter().filter_map(|side| beyond(asking, side)) {
                match side {
                    Beyond::Hosts(more) => hosts.extend(more),
                    Beyond::Everything => return Some(Beyond::Everything),
                }
            }
            (!hosts.is_empty()).then_some(Beyond::Hosts(hosts))
        }
    }
}
