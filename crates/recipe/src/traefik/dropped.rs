//! The addresses at which an app could be reached before and cannot any more.
//!
//! An address of HTTP is a host that the rule of a router names. One of TCP is such a host, or the entry point of a router that takes
//! every name; one of UDP is an entry point. A rule that cannot be read has no address here: `closed` and the dead ends tell of it.

use super::{RouteProtocol, TraefikRoute, part};
use crate::rule::{Expression, RouterRule};
use std::collections::BTreeSet;
use std::fmt;

/// Where an app is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteAddress {
    /// A host, in lower case.
    Host(String),
    /// An entry point of the proxy; `None` for all of them.
    EntryPoint(RouteProtocol, Option<String>),
}

impl fmt::Display for RouteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.write_str(host),
            Self::EntryPoint(protocol, Some(name)) => write!(f, "entry point `{name}` ({})", part(*protocol)),
            Self::EntryPoint(protocol, None) => write!(f, "every entry point ({})", part(*protocol)),
        }
    }
}

/// An address that no router has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedAddress {
    /// The address.
    pub address: RouteAddress,
    /// The router that had it.
    pub router: String,
    /// The compose service that carried its labels.
    pub service: String,
}

/// The addresses of `before` that are none of `now`, each once.
#[must_use]
pub fn dropped(before: &[TraefikRoute], now: &[TraefikRoute]) -> Vec<DroppedAddress> {
    let mut seen = BTreeSet::new();
    let had = before.iter().flat_map(|route| addresses(route).into_iter().map(move |address| (route, address)));
    had.filter(|(_, address)| !now.iter().any(|route| takes(route, address)))
        .filter(|(_, address)| seen.insert(address.clone()))
        .map(|(route, address)| DroppedAddress {
            address,
            router: route.router.clone(),
            service: route.service.clone(),
        })
        .collect()
}

fn addresses(route: &TraefikRoute) -> Vec<RouteAddress> {
    let hosts = || route.rule.parse::<RouterRule>().map(|rule| Hosts::of(&rule)).unwrap_or_default();
    let named = |hosts: Hosts| hosts.named.into_iter().map(RouteAddress::Host);
    match route.protocol {
        RouteProtocol::Http => named(hosts()).collect(),
        RouteProtocol::Tcp => {
            let hosts = hosts();
            let every = if hosts.every { entry_points(route) } else { Vec::new() };
            named(hosts).chain(every).collect()
        }
        RouteProtocol::Udp => entry_points(route),
    }
}

/// The entry points of a router, each as an address.
pub(crate) fn entry_points(route: &TraefikRoute) -> Vec<RouteAddress> {
    let at = |name: Option<&String>| RouteAddress::EntryPoint(route.protocol, name.map(|name| name.to_lowercase()));
    if route.entrypoints.is_empty() {
        vec![at(None)]
    } else {
        route.entrypoints.iter().map(|name| at(Some(name))).collect()
    }
}

/// Whether a router may take what comes to an address. One whose rule nobody here can read, or that names no host, may.
fn takes(route: &TraefikRoute, address: &RouteAddress) -> bool {
    match address {
        RouteAddress::Host(host) => match route.protocol {
            // TLS that the app speaks itself comes to the same host.
            RouteProtocol::Http | RouteProtocol::Tcp => match route.rule.parse::<RouterRule>() {
                Ok(rule) => Hosts::of(&rule).take(host, route.protocol),
                Err(_) => route.protocol == RouteProtocol::Http,
            },
            RouteProtocol::Udp => false,
        },
        RouteAddress::EntryPoint(protocol, wanted) => {
            let here = |name: &String| wanted.as_ref().is_none_or(|wanted| name.eq_ignore_ascii_case(wanted));
            route.protocol == *protocol && (route.entrypoints.is_empty() || route.entrypoints.iter().any(here))
        }
    }
}

/// The hosts that a rule asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hosts {
    /// By name, in lower case.
    named: BTreeSet<String>,
    /// Whether every name will do.
    every: bool,
    /// Whether some are asked for by a pattern.
    patterns: bool,
}

impl Hosts {
    fn of(rule: &RouterRule) -> Self {
        let mut hosts = Self::default();
        hosts.read(&rule.expression);
        hosts
    }

    /// A host behind `!` is one that the router does not answer for.
    fn read(&mut self, expression: &Expression) {
        match expression {
            Expression::Call { name, arguments } => match name.to_ascii_lowercase().as_str() {
                "host" | "hostsni" | "hostheader" => {
                    self.every |= arguments.iter().any(|host| host == "*");
                    self.named.extend(arguments.iter().filter(|host| *host != "*").map(|host| host.to_lowercase()));
                }
                "hostregexp" | "hostsniregexp" => self.patterns = true,
                _ => {}
            },
            Expression::Not(_) => {}
            Expression::And(parts) | Expression::Or(parts) => parts.iter().for_each(|part| self.read(part)),
        }
    }

    fn take(&self, host: &str, protocol: RouteProtocol) -> bool {
        let unnamed = self.named.is_empty() && protocol == RouteProtocol::Http;
        self.patterns || self.every || unnamed || self.named.contains(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traefik::RouteTls;

    /// `http a web,web-secure Host(`a.b`)`: a protocol, the router's name, its entry points or `-`, and its rule.
    fn routes(texts: &[&str]) -> Vec<TraefikRoute> {
        let one = |text: &&str| {
            let mut words = text.splitn(4, ' ');
            let mut word = || words.next().unwrap_or_default();
            let protocol = match word() {
                "http" => RouteProtocol::Http,
                "tcp" => RouteProtocol::Tcp,
                "udp" => RouteProtocol::Udp,
                other => panic!("{other}"),
            };
            let (router, points, rule) = (word().to_owned(), word(), word().to_owned());
            TraefikRoute {
                service: "app".to_owned(),
                router,
                protocol,
                rule,
                entrypoints: points.split(',').filter(|point| *point != "-").map(str::to_owned).collect(),
                tls: RouteTls::Off,
                cert_resolver: None,
                backend: None,
                port: None,
                scheme: None,
                middlewares: Vec::new(),
                priority: None,
                network: None,
            }
        };
        texts.iter().map(one).collect()
    }

    #[track_caller]
    fn check(before: &[&str], now: &[&str], expected: &[&str]) {
        let found: Vec<String> = dropped(&routes(before), &routes(now))
            .iter()
            .map(|one| format!("{} of {}", one.address, one.router))
            .collect();
        assert_eq!(found, expected);
    }

    const TWO: &str = "http a web-secure Host(`a.b`) || Host(`api.a.b`)";

    #[test]
    fn a_host_that_no_router_names_is_dropped() {
        check(&[TWO], &["http a web-secure Host(`a.b`)"], &["api.a.b of a"]);
        check(&[TWO], &["http a - Host(`A.B`, `x.org`)"], &["api.a.b of a"]);
        check(&[TWO], &[], &["a.b of a", "api.a.b of a"]);
        check(&["http a - Host(`a.b`)", "http b - Host(`a.b`) && PathPrefix(`/x`)"], &[], &["a.b of a"]);
        check(&["http a - Host(`a.b`)"], &["http a - !Host(`a.b`) && Host(`c.d`)"], &["a.b of a"]);
        check(&["http a - Host(`a.b`)"], &["udp a dns -"], &["a.b of a"]);
    }

    #[test]
    fn a_host_that_some_router_may_take_is_not() {
        check(&[TWO], &[TWO], &[]);
        check(&[TWO], &["http x - Host(`api.a.b`)", "http y web Host(`a.b`)"], &[]);
        check(&[TWO], &["http x - HostRegexp(`.+`)"], &[]);
        check(&[TWO], &["http x - PathPrefix(`/`)"], &[]);
        check(&[TWO], &["http x - Host(`"], &[]);
        check(&[TWO], &["tcp x web-secure HostSNI(`a.b`, `api.a.b`)"], &[]);
        check(&["http a - Host(`"], &[], &[]);
        check(&["http a - PathPrefix(`/`)"], &[], &[]);
    }

    #[test]
    fn a_port_is_known_by_its_entry_point() {
        let ssh = "tcp ssh ssh HostSNI(`*`)";
        check(&[ssh], &[], &["entry point `ssh` (tcp) of ssh"]);
        check(&[ssh], &["udp ssh ssh "], &["entry point `ssh` (tcp) of ssh"]);
        check(&[ssh], &["tcp other SSH,x HostSNI(`*`)"], &[]);
        check(&[ssh], &["tcp other - HostSNI(`*`)"], &[]);
        check(&["udp dns dns "], &["tcp dns dns HostSNI(`*`)"], &["entry point `dns` (udp) of dns"]);
        check(&["tcp mail - HostSNI(`*`)"], &[], &["every entry point (tcp) of mail"]);
        check(&["tcp mail smtp HostSNI(`m.org`)"], &["tcp mail smtp HostSNI(`*`)"], &[]);
        check(&["tcp mail smtp HostSNI(`m.org`)"], &["tcp mail smtp HostSNI(`n.org`)"], &["m.org of mail"]);
    }
}
