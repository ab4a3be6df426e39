//! Routes of which is known, before anybody asks, that they lead nowhere.

use super::{DeadEnd, RouteProtocol, TraefikRoute, enabled, lower_labels, names};
use crate::compose::Compose;
use crate::rule::{RouterRule, RuleReaders};

/// The first rule that nobody can read, of a recipe whose every router has such a one: no request ever reaches it.
#[must_use]
pub fn closed(compose: &Compose) -> Option<DeadEnd> {
    let mut first = None;
    for (name, service) in &compose.services {
        let labels = lower_labels(service);
        if !enabled(&labels) {
            continue;
        }
        let of = |protocol| names(&labels, protocol, "routers").into_iter().map(move |router| (protocol, router));
        let mut routers = of(RouteProtocol::Http).chain(of(RouteProtocol::Tcp)).peekable();
        // A service without a router gets one from the proxy's own settings, and so does a router without a rule.
        routers.peek()?;
        for (protocol, router) in routers {
            let label = format!("traefik.{}.routers.{router}.rule", super::part(protocol));
            let error = labels.get(&label)?.trim().parse::<RouterRule>().err()?;
            match error.readers {
                RuleReaders::Traefik => return None,
                RuleReaders::Nobody => {}
            }
            let written = service.deploy.labels.keys().find(|key| key.to_ascii_lowercase() == label)?;
            let what = format!("the rule `{}` cannot be read: {error}", labels[&label].trim());
            first = first.or(Some(DeadEnd { service: name.clone(), label: written.clone(), what }));
        }
        if !names(&labels, RouteProtocol::Udp, "routers").is_empty() {
            return None;
        }
    }
    first
}

/// A service whose labels lead to another port than they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedPort {
    /// The compose service.
    pub service: String,
    /// The port that its labels named.
    pub before: u16,
    /// The one that they name.
    pub now: u16,
}

/// The services whose HTTP routes led to one port before, and lead to one other now.
#[must_use]
pub fn moved_ports(before: &[TraefikRoute], now: &[TraefikRoute]) -> Vec<MovedPort> {
    let ports = |routes: &[TraefikRoute], service: &str| {
        let own = routes.iter().filter(|route| route.protocol == RouteProtocol::Http && route.service == service);
        let mut ports: Vec<Option<u16>> = own.map(|route| route.port).collect();
        ports.dedup();
        match ports.as_slice() {
            [one] => *one,
            _ => None,
        }
    };
    let mut services: Vec<&str> = now.iter().map(|route| route.service.as_str()).collect();
    services.dedup();
    let moved = services.into_iter().filter_map(|service| {
        let (before, now) = (ports(before, service)?, ports(now, service)?);
        (before != now).then(|| MovedPort { service: service.to_owned(), before, now })
    });
    moved.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Compose;
    use crate::source::Files;
    use std::collections::BTreeMap;

    /// A recipe with a service for each list of labels, all of them below `traefik.`.
    fn compose(services: &[&[&str]]) -> Compose {
        let service = |(at, labels): (usize, &&[&str])| {
            let lines: Vec<String> = labels.iter().map(|label| format!("        - 'traefik.{label}'\n")).collect();
            let name = if at == 0 { "app".to_owned() } else { format!("s{at}") };
            format!("  {name}:\n    image: nginx:1\n    deploy:\n      labels:\n        - a=b\n{}", lines.concat())
        };
        let services: Vec<String> = services.iter().enumerate().map(service).collect();
        let mut files = Files::default();
        files.texts.insert("compose.yml".to_owned(), format!("services:\n{}", services.concat()));
        files.texts.insert(".env.sample".to_owned(), String::new());
        let given = BTreeMap::from([("STACK_NAME".to_owned(), "shop".to_owned())]);
        crate::Recipe::read("shop", &files, &given, &[]).unwrap().0.compose
    }

    const ON: &str = "enable=true";
    const OPEN: &str = "http.routers.a.rule=Host(`a.b`)";
    const SHUT: &str = "http.routers.A.rule=Host(`a.b)";

    #[test]
    fn a_recipe_is_closed_when_nobody_can_read_any_rule() {
        let found = closed(&compose(&[&[ON, SHUT], &["enable=false", OPEN], &[]])).unwrap();
        assert_eq!((found.service.as_str(), found.label.as_str()), ("app", "traefik.http.routers.A.rule"));
        assert_eq!(found.what, "the rule `Host(`a.b)` cannot be read: a text is not closed, at letter 11");
        assert!(closed(&compose(&[&[ON, "tcp.routers.a.rule=HostSNI(*)"]])).is_some());
    }

    #[test]
    fn one_way_in_is_enough() {
        for other in
            [OPEN, "http.routers.b.entrypoints=web", "udp.routers.b.entrypoints=dns", "tcp.routers.b.rule=X(`a`) Y"]
        {
            assert_eq!(closed(&compose(&[&[ON, SHUT, other]])), None, "{other}");
            assert_eq!(closed(&compose(&[&[ON, SHUT], &[ON, other]])), None, "{other}");
        }
        // The proxy makes a router for a service that has none.
        assert_eq!(closed(&compose(&[&[ON, SHUT], &[ON]])), None);
        assert_eq!(closed(&compose(&[&[]])), None);
    }

    #[test]
    fn a_port_moved_where_there_was_one_and_is_another() {
        let of = |labels: &[&str]| super::super::routes(&compose(&[labels])).0;
        let port = |port: &str| format!("http.services.a.loadbalancer.server.port={port}");
        let [old, new] = [port("80"), port("8080")];
        let moved = MovedPort { service: "app".to_owned(), before: 80, now: 8080 };
        assert_eq!(moved_ports(&of(&[ON, OPEN, &old]), &of(&[ON, OPEN, &new])), [moved]);
        assert_eq!(moved_ports(&of(&[ON, OPEN, &old]), &of(&[ON, OPEN, &old])), []);
        assert_eq!(moved_ports(&of(&[ON, OPEN]), &of(&[ON, OPEN, &new])), []);
        assert_eq!(moved_ports(&[], &of(&[ON, OPEN, &new])), []);
        // A second router to the old port.
        let two = [
            ON,
            OPEN,
            &new,
            "http.routers.a.service=a",
            "http.routers.b.rule=Host(`c.d`)",
            "http.routers.b.service=b",
            "http.services.b.loadbalancer.server.port=80",
        ];
        assert_eq!(moved_ports(&of(&[ON, OPEN, &old]), &of(&two)), []);
    }
}
