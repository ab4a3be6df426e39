//! `CC8xx`: routes that lead nowhere, found before anybody waits for an answer.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::compose::{Compose, Service};
use crate::rule::RouterRule;
use crate::source::Severity;
use crate::traefik::{PROXY_NETWORK, comma_list, truthy};
use std::collections::BTreeSet;

pub(super) const RULES: [Rule; 5] = [
    Rule {
        id: "CC801",
        title: "routed services are on the proxy's network",
        severity: Some(Severity::Error),
        what: "Every service with `traefik.enable=true` and a router is on the external network `proxy`.",
        why: "Traefik reaches a service on the networks that both are on. Without one it answers 502 or 504.",
        mend: "Add `proxy` to the service's `networks`.",
        example: "services:\n  app:\n    networks: [proxy, internal]",
        check: RuleCheck::Offline(off_the_proxy),
    },
    Rule {
        id: "CC802",
        title: "routes say the container's port",
        severity: Some(Severity::Error),
        what: "Every service of Traefik that a router leads to has a label `loadbalancer.server.port`.",
        why: "In Swarm Traefik cannot look up the port of an image, and drops the router.",
        mend: "Add the label with the port that the app listens on in its container.",
        example: "- \"traefik.http.services.${STACK_NAME}.loadbalancer.server.port=8080\"",
        check: RuleCheck::Offline(without_port),
    },
    Rule {
        id: "CC803",
        title: "routers name services and middlewares that exist",
        severity: Some(Severity::Error),
        what: "What `service` and `middlewares` of a router name is defined by some label of the stack, or belongs to another \
            provider (`name@file`, `noop@internal`).",
        why: "Traefik drops a router that names something unknown: the domain answers 404.",
        mend: "Correct the name; mostly one of two labels was renamed.",
        example: "- \"traefik.http.routers.${STACK_NAME}.service=${STACK_NAME}\"\n- \"traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80\"",
        check: RuleCheck::Offline(unknown_names),
    },
    Rule {
        id: "CC804",
        title: "rules of routers can be read",
        severity: Some(Severity::Error),
        what: "The `rule` of every router is an expression such as Host(`…`) && PathPrefix(`…`), with names in backquotes.",
        why: "Traefik drops a router whose rule it cannot read: the domain answers 404.",
        mend: "Put backquotes around each name, and close them and every parenthesis.",
        example: "rule=Host(${DOMAIN})     # cannot be read\nrule=Host(`${DOMAIN}`)   # right",
        check: RuleCheck::Offline(unreadable),
    },
    Rule {
        id: "CC805",
        title: "on several networks, the proxy's one is named",
        severity: Some(Severity::Warning),
        what: "A routed service on more than one network has a label `traefik.docker.network` or `traefik.swarm.network`.",
        why: "Without it Traefik picks any of them, unless its own settings name one, as those of Co-op Cloud's Traefik do \
            (`network: proxy`). When it is not on the one that it picks, requests run into a time-out. The label makes the recipe \
            work behind any Traefik.",
        mend: "Name the network that Traefik is on.",
        example: "- \"traefik.docker.network=proxy\"",
        check: RuleCheck::Offline(unnamed_network),
    },
];

/// A service that Traefik serves, with its Traefik labels in lower case.
struct Routed<'a> {
    name: &'a str,
    service: &'a Service,
    labels: Vec<Label<'a>>,
}

/// One label below `traefik.`.
struct Label<'a> {
    /// As written, to find its line.
    key: &'a str,
    /// Its parts behind `traefik.`, in lower case.
    parts: Vec<String>,
    value: &'a str,
}

fn routed(compose: &Compose) -> impl Iterator<Item = Routed<'_>> {
    compose.services.iter().filter_map(|(name, service)| {
        let labels = service.deploy.labels.iter().filter_map(|(key, value)| {
            let lower = key.to_ascii_lowercase();
            let parts = lower.strip_prefix("traefik.")?.split('.').map(str::to_owned).collect();
            Some(Label { key, parts, value: value.trim() })
        });
        let labels: Vec<Label<'_>> = labels.collect();
        let enabled = labels.iter().any(|label| label.parts == ["enable"] && truthy(label.value));
        let has_router = labels.iter().any(|label| label.parts.get(1).is_some_and(|part| part == "routers"));
        (enabled && has_router).then_some(Routed { name, service, labels })
    })
}

impl Routed<'_> {
    fn at(&self, compose: &Compose, label: &str, words: impl Into<String>) -> RuleHit {
        RuleHit::new(words).key(compose, &format!("services.{}.deploy.labels.{label}", self.name))
    }
}

/// The names that labels of the stack define: `http.services`, `http.middlewares` and so on.
fn defined(compose: &Compose) -> BTreeSet<(String, String, String)> {
    let labels = compose.services.values().flat_map(|service| service.deploy.labels.keys());
    let names = labels.filter_map(|key| {
        let lower = key.to_ascii_lowercase();
        let mut parts = lower.strip_prefix("traefik.")?.split('.').map(str::to_owned);
        Some((parts.next()?, parts.next()?, parts.next()?))
    });
    names.filter(|(_, section, _)| section != "routers").collect()
}

/// A name without the suffix of this very provider; `None` for a name of another one.
fn own_name(name: &str) -> Option<String> {
    match name.split_once('@') {
        None => Some(name.to_ascii_lowercase()),
        Some((name, "docker" | "swarm")) => Some(name.to_ascii_lowercase()),
        Some(_) => None,
    }
}

fn hits(input: &LintInput<'_>, of: impl Fn(&Compose, &Routed<'_>) -> Vec<RuleHit>) -> Vec<RuleHit> {
    let sets = input.head.sets.iter().map(|set| &set.compose);
    let mut found: Vec<RuleHit> = Vec::new();
    for compose in sets {
        for service in routed(compose) {
            for hit in of(compose, &service) {
                if !found.contains(&hit) {
                    found.push(hit);
                }
            }
        }
    }
    found
}

fn off_the_proxy(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose, routed| {
        let on_proxy = routed.service.networks.keys().any(|key| {
            let network = compose.networks.get(key);
            network.is_some_and(|network| network.external && network.name.as_deref().unwrap_or(key) == PROXY_NETWORK)
        });
        if on_proxy {
            return Vec::new();
        }
        let words = format!("`{}` has traefik.enable=true and is not in the network {PROXY_NETWORK}", routed.name);
        let hit = RuleHit::new(words).key(compose, &format!("services.{}.networks", routed.name));
        vec![hit.hint(format!("add {PROXY_NETWORK} to services.{}.networks", routed.name))]
    })
}

fn without_port(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose, routed| {
        let mut found = Vec::new();
        for protocol in ["http", "tcp", "udp"] {
            let of_protocol = |label: &&Label<'_>| label.parts[0] == protocol;
            let routers = routed
                .labels
                .iter()
                .filter(of_protocol)
                .filter(|label| label.parts.get(1).is_some_and(|part| part == "routers"));
            let Some(router) = routers.clone().next() else { continue };
            // A router that names its service may lead to another compose service, which CC803 looks for.
            let named = routers.filter(|label| label.parts.last().is_some_and(|part| part == "service")).count() > 0;
            let has_port = |service: &Service| {
                service.deploy.labels.keys().any(|key| {
                    let key = key.to_ascii_lowercase();
                    key.starts_with(&format!("traefik.{protocol}.services."))
                        && key.ends_with(".loadbalancer.server.port")
                })
            };
            let somewhere = if named { compose.services.values().any(has_port) } else { has_port(routed.service) };
            let elsewhere = named
                && routed.labels.iter().filter(of_protocol).all(|label| {
                    label.parts.last().is_none_or(|part| part != "service") || own_name(label.value).is_none()
                });
            if !somewhere && !elsewhere {
                let words =
                    format!("no `traefik.{protocol}.services.….loadbalancer.server.port` label; Swarm needs one");
                let hint = format!("add it to services.{}.deploy.labels, with the port in the container", routed.name);
                found.push(routed.at(compose, router.key, words).hint(hint));
            }
        }
        found
    })
}

fn unknown_names(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose, routed| {
        let defined = defined(compose);
        let mut found = Vec::new();
        for label in &routed.labels {
            let [protocol, routers, _, what] = label.parts.as_slice() else { continue };
            let section = match what.as_str() {
                _ if routers != "routers" => continue,
                "service" => "services",
                "middlewares" => "middlewares",
                _ => continue,
            };
            for name in comma_list(label.value).iter().filter_map(|name| own_name(name)) {
                if !defined.contains(&(protocol.clone(), section.to_owned(), name.clone())) {
                    let words = format!("the router names {}, which no label defines", what_is(section, &name));
                    let hint =
                        format!("define it by labels `traefik.{protocol}.{section}.{name}.…`, or correct the name");
                    found.push(routed.at(compose, label.key, words).hint(hint));
                }
            }
        }
        found
    })
}

fn what_is(section: &str, name: &str) -> String {
    let kind = if section == "services" { "the service" } else { "the middleware" };
    format!("{kind} `{name}`")
}

fn unreadable(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose, routed| {
        let rules = routed.labels.iter().filter(|label| {
            matches!(label.parts.as_slice(), [protocol, routers, _, rule] if protocol != "udp" && routers == "routers" && rule == "rule")
        });
        let wrong = rules.filter_map(|label| {
            let error = label.value.parse::<RouterRule>().err().filter(|_| !label.value.is_empty())?;
            let words = format!("the rule `{}` cannot be read: {error}", label.value);
            Some(routed.at(compose, label.key, words).hint("names stand in backquotes: Host(`${DOMAIN}`)"))
        });
        wrong.collect()
    })
}

fn unnamed_network(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose, routed| {
        let named = routed.labels.iter().any(|label| {
            matches!(label.parts.as_slice(), [provider, network] if matches!(provider.as_str(), "docker" | "swarm") && network == "network")
        });
        if named || routed.service.networks.len() < 2 {
            return Vec::new();
        }
        let networks: Vec<&str> = routed.service.networks.keys().map(String::as_str).collect();
        let words = format!(
            "`{}` is in {} and has no traefik.docker.network: that is left to the settings of each Traefik",
            routed.name,
            networks.join(" and ")
        );
        let hit = RuleHit::new(words).key(compose, &format!("services.{}.networks", routed.name));
        vec![hit.hint(format!("add the label `traefik.docker.network={PROXY_NETWORK}`"))]
    })
}
