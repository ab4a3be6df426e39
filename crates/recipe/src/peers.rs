//! Which services name another service of their stack in their environment, and whether they can find it.
//!
//! Swarm gives a service's name an address on the networks that both are on, and on no other one. An app that asks its database only
//! when somebody opens a certain page starts and answers without it, so this is read from the files.

use crate::compose::{Compose, Service};
use std::collections::{BTreeMap, BTreeSet};

/// What says in place of a host that there is none, and the container itself.
const NOT_HOSTS: [&str; 11] =
    ["localhost", "none", "no", "off", "false", "disabled", "null", "nil", "undefined", "unset", "true"];

/// A service that a variable of another one names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer<'a> {
    /// Whose variable it is.
    pub service: &'a str,
    /// The variable.
    pub variable: &'a str,
    /// The service that it names.
    pub other: &'a str,
}

/// Every service that a variable of another one names, in a way in which hosts are named.
#[must_use]
pub fn peers<'a>(compose: &'a Compose, stack: &str) -> BTreeSet<Peer<'a>> {
    let named = named_hosts(&compose.services).filter_map(|(service, variable, host)| {
        let other = compose.services.keys().find(|name| is_name_of(host, name, stack))?;
        (other != service).then_some(Peer { service, variable, other: other.as_str() })
    });
    named.collect()
}

/// Those of them that are on no network together, so that nothing has that name for the one that uses it.
#[must_use]
pub fn cut_off<'a>(compose: &'a Compose, stack: &str) -> BTreeSet<Peer<'a>> {
    let networks = |name: &str| compose.services.get(name).map(|service| networks(compose, service));
    let mut all = peers(compose, stack);
    all.retain(|peer| {
        let (Some(own), Some(others)) = (networks(peer.service), networks(peer.other)) else { return false };
        own.is_disjoint(&others) && !has_alias(compose, &own, peer.other)
    });
    all
}

/// What named a service of `base` and names none of `head` any more, with the host that head's variable has now. A name with a dot may
/// be of a machine elsewhere, and one with an underscore of a service of another stack.
#[must_use]
pub fn lost<'a>(base: &'a Compose, head: &'a Compose, stack: &str) -> Vec<(Peer<'a>, &'a str)> {
    let mut hosts: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (service, variable, host) in named_hosts(&head.services) {
        hosts.entry((service, variable)).or_default().push(host);
    }
    let gone = peers(base, stack).into_iter().filter_map(|peer| {
        let hosts = hosts.get(&(peer.service, peer.variable))?;
        let service = head.services.get(peer.service)?;
        let known = |host: &&str| {
            head.services.keys().any(|name| is_name_of(host, name, stack))
                || has_alias(head, &networks(head, service), host)
                || NOT_HOSTS.contains(&host.to_ascii_lowercase().as_str())
                || host.contains(['.', '_', '/'])
        };
        let first = *hosts.first()?;
        // Of several hosts in one value the app may take any.
        (!hosts.iter().any(known)).then_some((peer, first))
    });
    gone.collect()
}

/// Every host that variables name: service, variable, host.
fn named_hosts(services: &BTreeMap<String, Service>) -> impl Iterator<Item = (&str, &str, &str)> {
    services.iter().flat_map(|(service, one)| {
        let given = one.environment.iter().filter_map(|(variable, value)| Some((variable, value.as_deref()?)));
        given.flat_map(move |(variable, value)| {
            hosts(variable, value).map(move |host| (service.as_str(), variable.as_str(), host))
        })
    })
}

/// The hosts that a value names: in addresses with a scheme, as `host:port`, as `host=…`, in Go's `tcp(host:port)`, and alone where the
/// variable is called so.
fn hosts<'v>(variable: &str, value: &'v str) -> impl Iterator<Item = &'v str> {
    let means_host = means_host(variable);
    let found = value.split([',', ';', ' ', '\n']).filter_map(move |part| {
        let part = part.trim();
        if let Some((_, rest)) = part.split_once("://") {
            let authority = rest.split(['/', '?', '#']).next()?;
            return Some(without_port(authority.rsplit_once('@').map_or(authority, |(_, host)| host)));
        }
        if let Some((_, rest)) = part.split_once("tcp(") {
            return Some(without_port(rest.split(')').next()?));
        }
        if let Some((key, host)) = part.split_once('=') {
            let key = key.rsplit(':').next()?.to_ascii_lowercase();
            return ["host", "server"].contains(&key.as_str()).then(|| without_port(host));
        }
        let (host, port) = part.split_once(':').unwrap_or((part, ""));
        let has_port = port.split('/').next().is_some_and(|port| port.parse::<u16>().is_ok());
        (has_port || (port.is_empty() && means_host)).then_some(host)
    });
    found.filter(|host| !host.is_empty())
}

/// Whether a variable's name says that its value is another host. `HOST` and `HOSTNAME` alone mostly say where a server itself listens.
fn means_host(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    let ends = ["HOST", "_HOSTNAME", "_SERVER", "_ADDR", "_ADDRESS", "_ENDPOINT", "_UPSTREAM"];
    !["HOST", "VIRTUAL_HOST"].contains(&name.as_str()) && ends.iter().any(|end| name.ends_with(end))
}

fn without_port(host: &str) -> &str {
    host.split(':').next().unwrap_or(host)
}

fn is_name_of(host: &str, service: &str, stack: &str) -> bool {
    let host = host.strip_prefix("tasks.").unwrap_or(host);
    host == service || host.strip_prefix(stack).and_then(|rest| rest.strip_prefix('_')) == Some(service)
}

/// A network, as the engine tells it from others: two keys may stand for one that exists outside of the stack.
type NetworkId<'a> = (bool, &'a str);

fn network_id<'a>(compose: &'a Compose, key: &'a str) -> NetworkId<'a> {
    match compose.networks.get(key) {
        Some(network) if network.external => (true, network.name.as_deref().unwrap_or(key)),
        Some(_) | None => (false, key),
    }
}

/// The networks of a service.
fn networks<'a>(compose: &'a Compose, service: &'a Service) -> BTreeSet<NetworkId<'a>> {
    if service.networks.is_empty() {
        return [network_id(compose, "default")].into();
    }
    service.networks.keys().map(|key| network_id(compose, key)).collect()
}

/// Whether any service has this name on one of these networks.
fn has_alias(compose: &Compose, on: &BTreeSet<NetworkId<'_>>, name: &str) -> bool {
    let mut uses = compose.services.values().flat_map(|service| &service.networks);
    uses.any(|(key, one)| one.aliases.iter().any(|alias| alias == name) && on.contains(&network_id(compose, key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    const STACK: &str = "shop-1";

    fn stack(app: &str, db: &str) -> Compose {
        let text = format!(
            "services:\n  app:\n    image: a:1\n{app}  db:\n    image: b:1\n{db}\
             networks:\n  inside:\n  other:\n  proxy: {{external: true}}\n  edge: {{external: true, name: proxy}}\n"
        );
        let files: Files = [("compose.yml", text.as_str())].into_iter().collect();
        Compose::read(&files, &["compose.yml".to_owned()], &BTreeMap::new()).0
    }

    fn variable(given: &str) -> String {
        format!("    environment:\n      - {given}\n")
    }

    #[test]
    fn a_host_is_found_however_it_is_written() {
        for given in [
            "DB_HOST=db",
            "PGHOST=db",
            "MYSQL_SERVER=db",
            "REDIS=db:6379",
            "REDIS=db:6379/0",
            "DATABASE_URL=postgres://shop:p@ss@db:5432/shop?x=1",
            "DATABASE_URL=postgresql+psycopg://db/shop",
            "DSN=mysql:host=db;dbname=shop",
            "DSN=user=shop host=db port=5432",
            "DSN=shop:secret@tcp(db:3306)/shop",
            "NODES=http://x.example.org,http://db:9200",
            "DB_HOST=shop-1_db",
            "DB_HOST=tasks.db",
            "DB_HOST=tasks.shop-1_db",
        ] {
            let compose = stack(&variable(given), "");
            assert_eq!(peers(&compose, STACK).len(), 1, "{given}");
        }
        for given in [
            "DB_TYPE=db",
            "HOST=db",
            "DB_NAME=db",
            "DB_HOST=db.example.org",
            "X=https://example.org/db",
            "A=x/db:1",
            "DB=db:x",
        ] {
            assert_eq!(peers(&stack(&variable(given), ""), STACK).len(), 0, "{given}");
        }
        // One that names itself says where it listens.
        assert_eq!(peers(&stack("", &variable("DB_HOST=db")), STACK).len(), 0);
    }

    #[track_caller]
    fn check(app: &str, db: &str, is_cut_off: bool) {
        let compose = stack(&format!("{}{app}", variable("DB_HOST=db")), db);
        assert_eq!(!cut_off(&compose, STACK).is_empty(), is_cut_off, "{app}{db}");
    }

    #[test]
    fn who_is_on_no_network_with_another_cannot_find_it() {
        check("", "", false);
        check("    networks: [proxy, inside]\n", "    networks: [inside]\n", false);
        check("    networks: [proxy]\n", "    networks: [inside]\n", true);
        check("    networks: [proxy]\n", "", true);
        check("    networks: [proxy]\n", "    networks: [edge]\n", false);
        check("    networks: [inside]\n", "    networks: [other]\n", true);
        // Another service may have the name there.
        let alias = "  pool:\n    image: c:1\n    networks: {inside: {aliases: [db]}}\n";
        check("    networks: [inside]\n", &format!("    networks: [other]\n{alias}"), false);
        check("    networks: [other]\n", &format!("    networks: []\n{alias}"), true);
    }

    #[test]
    fn a_name_is_lost_where_base_had_a_service_and_head_has_none() {
        let base = stack(&variable("DB_HOST=db"), "");
        let lost_as = |given: &str| {
            let head = stack(&variable(given), "");
            lost(&base, &head, STACK).first().map(|(_, host)| (*host).to_owned())
        };
        assert_eq!(lost_as("DB_HOST=database").as_deref(), Some("database"));
        for given in [
            "DB_HOST=db",
            "DB_HOST=",
            "DB_HOST=None",
            "DB_HOST=db.example.org",
            "DB_HOST=other-stack_db",
            "DB_HOST=localhost",
            "DB_HOST=database,db",
            "DB_HOST=/run/db.sock",
            "X=1",
        ] {
            assert_eq!(lost_as(given), None, "{given}");
        }
        // The service is called otherwise, and the variable is as it was.
        let mut renamed = stack(&variable("DB_HOST=db"), "");
        let db = renamed.services.remove("db").unwrap();
        renamed.services.insert("postgres".to_owned(), db);
        assert_eq!(lost(&base, &renamed, STACK).len(), 1);
    }
}
