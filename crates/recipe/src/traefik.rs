//! The routes that a recipe's Traefik labels ask for.

mod closed;
mod doors;
mod dropped;
mod tcp;

pub use closed::{MovedPort, closed, moved_ports};
pub use doors::{Entrance, entrances};
pub(crate) use dropped::entry_points;
pub use dropped::{DroppedAddress, RouteAddress, dropped};
pub use tcp::{Connection, DeadEnd, Speaks, connections};

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::compose::{Compose, Service};
use crate::source::{Problem, Topic};

/// The network on which the proxy reaches services: the one network of others that every recipe may join.
pub const PROXY_NETWORK: &str = "proxy";

/// One router of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraefikRoute {
    /// The compose service that carries the labels.
    pub service: String,
    /// The router's name.
    pub router: String,
    /// What it routes.
    pub protocol: RouteProtocol,
    /// The rule as written, such as ``Host(`a.example`)``. Empty when the labels give none.
    pub rule: String,
    /// Entry points by name; empty for all.
    pub entrypoints: Vec<String>,
    /// Whether and where TLS ends.
    pub tls: RouteTls,
    /// The certificate resolver's name; `None` when it is absent or empty.
    pub cert_resolver: Option<String>,
    /// The Traefik service behind the router, without a provider suffix.
    pub backend: Option<String>,
    /// The container's port; `None` leaves the choice to Traefik.
    pub port: Option<u16>,
    /// `http` (also when absent), `https` or `h2c` towards the container.
    pub scheme: Option<String>,
    /// Middleware names in order.
    pub middlewares: Vec<String>,
    /// Explicit priority.
    pub priority: Option<i64>,
    /// The network on which Traefik reaches the container, where the labels name one.
    pub network: Option<String>,
}

/// What a router routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteProtocol {
    /// HTTP requests.
    Http,
    /// TCP connections.
    Tcp,
    /// UDP packets.
    Udp,
}

/// Where TLS ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteTls {
    /// The labels do not ask for TLS; the entry point may still have it.
    Off,
    /// At the proxy.
    Terminated,
    /// At the container.
    Passthrough,
}

/// The routes of every service that Traefik is told to serve.
#[must_use]
pub fn routes(compose: &Compose) -> (Vec<TraefikRoute>, Vec<Problem>) {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (name, service) in &compose.services {
        if let Some(label) = service.labels.keys().find(|label| is_traefik(label)) {
            let problem = Problem::warning("", "Traefik reads labels under `deploy` only");
            let hint = format!("move it to services.{name}.deploy.labels");
            let problem = problem.hint(hint).topic(Topic::MisplacedLabel);
            problems.push(compose.at(&format!("services.{name}.labels.{label}"), problem));
        }
        let labels = lower_labels(service);
        if !enabled(&labels) {
            continue;
        }
        for protocol in [RouteProtocol::Http, RouteProtocol::Tcp, RouteProtocol::Udp] {
            let backends = names(&labels, protocol, "services");
            for router in names(&labels, protocol, "routers") {
                let route = route(name, &router, protocol, &labels, &backends);
                if route.rule.is_empty() && protocol != RouteProtocol::Udp {
                    let problem = Problem::warning("", format!("router `{router}` has no rule"));
                    let hint = "add a `.rule` label, such as Host(`${DOMAIN}`)";
                    problems.push(compose.at(&format!("services.{name}.deploy.labels"), problem.hint(hint)));
                }
                found.push(route);
            }
        }
    }
    (found, problems)
}

/// How a recipe is reached over HTTP: `https` where any of its HTTP routers has TLS, `None` without such a router.
#[must_use]
pub fn http_scheme(routes: &[TraefikRoute]) -> Option<&'static str> {
    let mut http = routes.iter().filter(|route| route.protocol == RouteProtocol::Http).peekable();
    http.peek()?;
    Some(if http.any(|route| route.tls != RouteTls::Off) { "https" } else { "http" })
}

/// Whether any service asks Traefik for a route.
#[must_use]
pub fn is_served(compose: &Compose) -> bool {
    compose.services.values().any(|service| enabled(&lower_labels(service)))
}

fn is_traefik(label: &str) -> bool {
    label.to_ascii_lowercase().starts_with("traefik.")
}

/// Traefik's labels with their names in lower case, as Traefik compares them.
fn lower_labels(service: &Service) -> BTreeMap<String, String> {
    let labels = service.deploy.labels.iter().filter(|(key, _)| is_traefik(key));
    labels.map(|(key, value)| (key.to_ascii_lowercase(), value.clone())).collect()
}

fn enabled(labels: &BTreeMap<String, String>) -> bool {
    labels.get("traefik.enable").is_some_and(|value| truthy(value))
}

pub(crate) fn truthy(value: &str) -> bool {
    matches!(value.trim().to_ascii_lowercase().as_str(), "true" | "1" | "t" | "yes" | "on")
}

fn part(protocol: RouteProtocol) -> &'static str {
    match protocol {
        RouteProtocol::Http => "http",
        RouteProtocol::Tcp => "tcp",
        RouteProtocol::Udp => "udp",
    }
}

/// The labels that begin with `prefix`.
fn below<'l>(labels: &'l BTreeMap<String, String>, prefix: &str) -> impl Iterator<Item = &'l String> {
    let prefix = prefix.to_owned();
    labels.range(prefix.clone()..).map(|(key, _)| key).take_while(move |key| key.starts_with(&prefix))
}

/// The names below `traefik.<protocol>.<section>.`.
fn names(labels: &BTreeMap<String, String>, protocol: RouteProtocol, section: &str) -> BTreeSet<String> {
    let prefix = format!("traefik.{}.{section}.", part(protocol));
    let names = below(labels, &prefix).filter_map(|key| key.strip_prefix(&prefix)?.split_once('.'));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn route(
    service: &str,
    router: &str,
    protocol: RouteProtocol,
    labels: &BTreeMap<String, String>,
    backends: &BTreeSet<String>,
) -> TraefikRoute {
    let kind = part(protocol);
    let get = |key: &str| labels.get(&format!("traefik.{kind}.routers.{router}.{key}")).map(|value| value.trim());
    let tls_prefix = format!("traefik.{kind}.routers.{router}.tls.");
    let has_tls = get("tls").is_some_and(truthy) || below(labels, &tls_prefix).next().is_some();
    let tls = match has_tls {
        true if get("tls.passthrough").is_some_and(truthy) => RouteTls::Passthrough,
        true => RouteTls::Terminated,
        false => RouteTls::Off,
    };
    let only = || if backends.len() == 1 { backends.first().cloned() } else { None };
    let backend = get("service").map(|name| name.split('@').next().unwrap_or(name).to_lowercase()).or_else(only);
    let server = |key: &str| {
        let backend = backend.as_deref()?;
        labels.get(&format!("traefik.{kind}.services.{backend}.loadbalancer.server.{key}"))
    };
    let network = labels.get("traefik.swarm.network").or_else(|| labels.get("traefik.docker.network"));
    TraefikRoute {
        service: service.to_owned(),
        router: router.to_owned(),
        protocol,
        rule: get("rule").unwrap_or_default().to_owned(),
        entrypoints: get("entrypoints").map(comma_list).unwrap_or_default(),
        tls,
        cert_resolver: get("tls.certresolver").filter(|name| !name.is_empty()).map(str::to_owned),
        port: server("port").and_then(|port| port.trim().parse().ok()),
        scheme: server("scheme").cloned(),
        backend,
        middlewares: get("middlewares").map(comma_list).unwrap_or_default(),
        priority: get("priority").and_then(|priority| priority.parse().ok()),
        network: network.cloned(),
    }
}

pub(crate) fn comma_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
