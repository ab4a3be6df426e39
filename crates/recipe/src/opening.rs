//! Where a recipe's services are reached beside HTTP and TCP routers: at ports of the machine, and behind UDP routers.
//!
//! What is spoken there may be anything, and UDP has no connections, so that nothing can be asked of a service there but whether it
//! listens. TCP routers are another matter: see [`traefik::connections`](crate::traefik::connections).

use crate::compose::Compose;
use crate::traefik::{RouteAddress, RouteProtocol, TraefikRoute, entry_points};
use std::fmt;

/// A protocol that has ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    /// By the name that a compose file has for it; `None` for SCTP.
    fn parse(name: &str) -> Option<Self> {
        match name {
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            _ => None,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// What somebody outside knows a service by; it stays the same when the port in the container moves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpeningAddress {
    /// A port of the machine.
    Machine(u16, Transport),
    /// A port that Swarm picks anew each time, for this one of a service.
    Picked(String, u16, Transport),
    /// An entry point of the proxy.
    Routed(RouteAddress),
}

impl fmt::Display for OpeningAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(port, transport) => write!(f, "port {port}/{transport} of the machine"),
            Self::Picked(..) => f.write_str("a port of the machine that Swarm picks"),
            Self::Routed(address) => address.fmt(f),
        }
    }
}

/// A port of a service to which such an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What somebody outside knows it by.
    pub address: OpeningAddress,
    /// The compose service.
    pub service: String,
    /// The port in its containers.
    pub port: u16,
    /// What is spoken there.
    pub transport: Transport,
}

/// The openings of a stack, in the order of its services. A UDP router whose labels name no port is none: the proxy chooses one.
#[must_use]
pub fn openings(compose: &Compose, routes: &[TraefikRoute]) -> Vec<Opening> {
    let mut found = Vec::new();
    for (service, one) in &compose.services {
        for port in &one.ports {
            let Some(transport) = Transport::parse(&port.protocol) else { continue };
            let address = match port.published {
                0 => OpeningAddress::Picked(service.clone(), port.target, transport),
                published => OpeningAddress::Machine(published, transport),
            };
            found.push(Opening { address, service: service.clone(), port: port.target, transport });
        }
    }
    for route in routes.iter().filter(|route| route.protocol == RouteProtocol::Udp) {
        let Some(port) = route.port else { continue };
        found.extend(entry_points(route).into_iter().map(|address| {
            let (address, service) = (OpeningAddress::Routed(address), route.service.clone());
            Opening { address, service, port, transport: Transport::Udp }
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;
    use crate::traefik::routes;
    use std::collections::BTreeMap;

    fn said(service: &str) -> Vec<String> {
        let text = format!("services:\n  app:\n    image: nginx:1\n{service}");
        let files: Files = [("compose.yml", text.as_str())].into_iter().collect();
        let (compose, _) = Compose::read(&files, &["compose.yml".to_owned()], &BTreeMap::new());
        let words = |one: &Opening| format!("{} -> {} {}/{}", one.address, one.service, one.port, one.transport);
        openings(&compose, &routes(&compose).0).iter().map(words).collect()
    }

    #[test]
    fn ports_of_the_machine_are_openings() {
        let ports = "    ports: ['2222:22', '53:53/udp', '9', '5:5/sctp', {target: 80, published: 8080, mode: host}]\n";
        assert_eq!(
            said(ports),
            [
                "port 2222/tcp of the machine -> app 22/tcp",
                "port 53/udp of the machine -> app 53/udp",
                "a port of the machine that Swarm picks -> app 9/tcp",
                "port 8080/tcp of the machine -> app 80/tcp",
            ]
        );
    }

    #[test]
    fn udp_routers_are_openings_and_others_are_not() {
        let labels = r#"    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.udp.routers.voice.entrypoints=Mumble,other"
        - "traefik.udp.services.voice.loadbalancer.server.port=64738"
        - "traefik.tcp.routers.ssh.rule=HostSNI(`*`)"
        - "traefik.tcp.services.ssh.loadbalancer.server.port=22"
"#;
        assert_eq!(
            said(labels),
            ["entry point `mumble` (udp) -> app 64738/udp", "entry point `other` (udp) -> app 64738/udp"]
        );
        assert!(said("").is_empty());
    }
}
