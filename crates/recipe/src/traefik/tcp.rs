//! Where the TCP routers of a recipe lead, and why one leads nowhere.
//!
//! Traefik drops a TCP router that it cannot follow with a line in its log, and whoever connects is turned away. The rules are
//! those of Traefik 2 and 3: a router has a rule; it leads to the service it names, else to the only one beside it; in Swarm that
//! service says its port; and a router without TLS cannot know a name, so its `HostSNI` is `*`.

use super::{RouteProtocol, RouteTls, enabled, lower_labels, names, route};
use crate::compose::{Compose, Service};
use crate::rule::{Expression, RouterRule};
use std::collections::{BTreeMap, BTreeSet};

/// A TCP router that can be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The router's name.
    pub router: String,
    /// The compose service that takes its connections.
    pub service: String,
    /// The port in that service's containers.
    pub port: u16,
    /// Whether the service itself has to speak TLS.
    pub speaks: Speaks,
}

/// What a service speaks on a connection that the proxy hands to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// Whatever its protocol is.
    Anything,
    /// TLS, which the proxy passes through.
    Tls {
        /// The first name that its rule has; `None` for any.
        name: Option<String>,
    },
}

/// A TCP router that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadEnd {
    /// The compose service that carries the labels.
    pub service: String,
    /// The label to look at, as written.
    pub label: String,
    /// What is wrong.
    pub what: String,
}

/// What each TCP router leads to, or why to nothing. Those that lead to another provider's service are left out.
#[must_use]
pub fn connections(compose: &Compose) -> Vec<Result<Connection, DeadEnd>> {
    let mut found = Vec::new();
    for (name, service) in &compose.services {
        let labels = lower_labels(service);
        if !enabled(&labels) {
            continue;
        }
        for router in names(&labels, RouteProtocol::Tcp, "routers") {
            let one = Router { compose, name, service, labels: &labels, router: &router };
            found.extend(one.connection().transpose());
        }
    }
    found
}

struct Router<'a> {
    compose: &'a Compose,
    name: &'a str,
    service: &'a Service,
    labels: &'a BTreeMap<String, String>,
    router: &'a str,
}

impl Router<'_> {
    /// `None` for one that leads to another provider's service.
    fn connection(&self) -> Result<Option<Connection>, DeadEnd> {
        let router = self.router;
        let backends = super::names(self.labels, RouteProtocol::Tcp, "services");
        let read = route(self.name, router, RouteProtocol::Tcp, self.labels, &backends);
        if read.rule.is_empty() {
            return Err(
                self.dead("rule", format!("TCP router `{router}` has no rule; set traefik.tcp.routers.{router}.rule"))
            );
        }
        let rule: RouterRule = read.rule.parse().map_err(|error| {
            self.dead("rule", format!("the rule `{}` of TCP router `{router}` cannot be read: {error}", read.rule))
        })?;
        let mut hosts = BTreeSet::new();
        self.read(&rule.expression, &mut hosts)?;
        let named = hosts.into_iter().find(|host| host != "*");
        if let (RouteTls::Off, Some(host)) = (read.tls, &named) {
            let what = format!(
                "TCP router `{router}` has no TLS, so it cannot know the name `{host}`: without it only HostSNI(`*`) is followed"
            );
            return Err(self.dead("rule", what));
        }
        let speaks = match read.tls {
            RouteTls::Off | RouteTls::Terminated => Speaks::Anything,
            RouteTls::Passthrough => Speaks::Tls { name: named },
        };
        let Some((service, port)) = self.server()? else { return Ok(None) };
        Ok(Some(Connection { router: router.to_owned(), service, port, speaks }))
    }

    /// Gathers the names of a rule; an error for a matcher that TCP routers do not have.
    fn read(&self, rule: &Expression, hosts: &mut BTreeSet<String>) -> Result<(), DeadEnd> {
        match rule {
            Expression::Call { name, arguments } => match name.to_ascii_lowercase().as_str() {
                "hostsni" => hosts.extend(arguments.iter().cloned()),
                "hostsniregexp" | "clientip" | "alpn" => {}
                _ => {
                    let what = format!(
                        "the rule of TCP router `{}` asks for {name}, which TCP routers do not have",
                        self.router
                    );
                    return Err(self.dead("rule", what));
                }
            },
            Expression::Not(inner) => self.read(inner, &mut BTreeSet::new())?,
            Expression::And(parts) | Expression::Or(parts) => {
                parts.iter().try_for_each(|part| self.read(part, hosts))?;
            }
        }
        Ok(())
    }

    /// The compose service and the port that it leads to; `None` where another provider knows it.
    fn server(&self) -> Result<Option<(String, u16)>, DeadEnd> {
        let router = self.router;
        let own = names(self.labels, RouteProtocol::Tcp, "services");
        let asked =
            self.labels.get(&format!("traefik.tcp.routers.{router}.service")).map(|asked| asked.trim().to_lowercase());
        let backend = match (asked, own.len()) {
            (Some(asked), _) => match asked.split_once('@') {
                None | Some((_, "docker" | "swarm")) => asked.split('@').next().unwrap_or_default().to_owned(),
                Some(_) => return Ok(None),
            },
            (None, 0 | 1) => own.first().cloned().unwrap_or_else(|| router.to_owned()),
            (None, _) => {
                let several = own.into_iter().collect::<Vec<_>>().join(" or ");
                let what =
                    format!("TCP router `{router}` can lead to {several}; set traefik.tcp.routers.{router}.service");
                return Err(self.dead("rule", what));
            }
        };
        let key = format!("traefik.tcp.services.{backend}.loadbalancer.server.port");
        // A service of Traefik may be defined beside any service of the stack.
        let others = self.compose.services.iter().map(|(name, service)| (name.as_str(), lower_labels(service)));
        let said = std::iter::once((self.name, self.labels.clone())).chain(others).find_map(|(name, labels)| {
            let port = labels.get(&key)?;
            Some((name.to_owned(), port.trim().to_owned()))
        });
        match said {
            None => Err(self.dead("rule", format!("no port for TCP router `{router}`; set {key}"))),
            Some((service, port)) => match port.parse::<u16>() {
                Ok(port) if port > 0 => Ok(Some((service, port))),
                Ok(_) | Err(_) => Err(DeadEnd {
                    label: key.clone(),
                    ..self.dead("rule", format!("label {key} takes a port number, not `{port}`"))
                }),
            },
        }
    }

    /// A dead end at a label of the router, or at any of its labels.
    fn dead(&self, field: &str, what: String) -> DeadEnd {
        let of_router = format!("traefik.tcp.routers.{}.", self.router);
        let wanted = format!("{of_router}{field}");
        let mut keys = self.service.deploy.labels.keys().filter(|key| key.to_ascii_lowercase().starts_with(&of_router));
        let first = keys.clone().next();
        let label = keys.find(|key| key.to_ascii_lowercase() == wanted).or(first);
        DeadEnd { service: self.name.to_owned(), label: label.cloned().unwrap_or_default(), what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recipe;
    use crate::source::Files;

    /// What the routers of a service come to whose labels below `traefik.tcp.` are these; `web` beside it defines `web`.
    fn of(labels: &[&str]) -> Vec<String> {
        let lines: Vec<String> = labels.iter().map(|label| format!("        - \"traefik.tcp.{label}\"\n")).collect();
        let head =
            "services:\n  app:\n    image: nginx:1\n    deploy:\n      labels:\n        - \"traefik.enable=true\"\n";
        let web = "  web:\n    image: nginx:1\n    deploy:\n      labels:\n        - \"traefik.tcp.services.web.loadbalancer.server.port=99\"\n";
        let mut files = Files::default();
        files.texts.insert("compose.yml".to_owned(), format!("{head}{}{web}", lines.concat()));
        files.texts.insert(".env.sample".to_owned(), String::new());
        let (recipe, _) =
            Recipe::read("shop", &files, &BTreeMap::from([("STACK_NAME".to_owned(), "shop".to_owned())]), &[]).unwrap();
        let said = |one| match one {
            Ok(Connection { router, service, port, speaks: Speaks::Anything }) => format!("{router}: {service}:{port}"),
            Ok(Connection { router, service, port, speaks: Speaks::Tls { name } }) => {
                format!("{router}: {service}:{port} TLS {}", name.unwrap_or_default())
            }
            Err(DeadEnd { service, label, what }) => format!("{service}: {label}: {what}"),
        };
        connections(&recipe.compose).into_iter().map(said).collect()
    }

    const ANY: &str = "routers.a.rule=HostSNI(`*`)";
    const PORT: &str = "services.a.loadbalancer.server.port=22";

    #[test]
    fn routers_that_traefik_follows_are_tried() {
        for (labels, says) in [
            (vec![ANY, PORT], "a: app:22"),
            (vec!["routers.A.Rule=hostsni(`*`) && !ClientIP(`10.0.0.0/8`)", PORT], "a: app:22"),
            (vec![ANY, "routers.a.service=web@swarm"], "a: web:99"),
            (vec!["routers.a.rule=HostSNI(`x.org`)", "routers.a.tls=true", PORT], "a: app:22"),
            (vec!["routers.a.rule=HostSNI(`x.org`)", "routers.a.tls.passthrough=true", PORT], "a: app:22 TLS x.org"),
            (vec![ANY, "routers.a.tls.passthrough=true", PORT], "a: app:22 TLS "),
        ] {
            assert_eq!(of(&labels), [says]);
        }
        assert_eq!(of(&[ANY, "routers.a.service=mail@file"]), [""; 0], "another provider's");
    }

    #[test]
    fn routers_that_traefik_drops_are_dead_ends() {
        let rule = "app: traefik.tcp.routers.a.rule: ";
        for (labels, says) in [
            (
                vec!["routers.a.entrypoints=ssh", PORT],
                "app: traefik.tcp.routers.a.entrypoints: TCP router `a` has no rule",
            ),
            (
                vec!["routers.a.rule=HostSNI(*)", PORT],
                &format!("{rule}the rule `HostSNI(*)` of TCP router `a` cannot be read"),
            ),
            (
                vec!["routers.a.rule=Host(`x.org`)", PORT],
                &format!("{rule}the rule of TCP router `a` asks for Host, which"),
            ),
            (
                vec!["routers.a.rule=HostSNI(`x.org`)", PORT],
                &format!("{rule}TCP router `a` has no TLS, so it cannot know"),
            ),
            (
                vec![ANY],
                &format!("{rule}no port for TCP router `a`; set traefik.tcp.services.a.loadbalancer.server.port"),
            ),
            (
                vec![ANY, PORT, "services.b.loadbalancer.server.port=23"],
                &format!("{rule}TCP router `a` can lead to a or b;"),
            ),
            (
                vec![ANY, PORT, "routers.a.service=c"],
                &format!("{rule}no port for TCP router `a`; set traefik.tcp.services.c."),
            ),
            (
                vec![ANY, "services.a.loadbalancer.server.port=ssh"],
                "app: traefik.tcp.services.a.loadbalancer.server.port: label traefik.tcp.services.a.loadbalancer.server.port takes",
            ),
        ] {
            let found = of(&labels).concat();
            assert!(found.starts_with(says), "{found}\n{says}");
        }
    }
}
