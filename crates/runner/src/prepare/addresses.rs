//! The addresses at which base could be reached and head cannot.

use super::tree::Tree;
use cc_ci_model::settings::Settings;
use cc_ci_recipe::compose::{Compose, Port};
use cc_ci_recipe::traefik::{self, DroppedAddress, RouteAddress};
use std::collections::BTreeSet;

/// How a recipe writes the app's own domain.
const OWN: &str = "${DOMAIN}";

/// What head gives up, in words; what its settings declare is left out.
pub(super) fn dropped(base: &Tree, head: &Tree, settings: &Settings) -> Vec<String> {
    let domain = head.recipe.environment.get("DOMAIN").map(String::as_str);
    let lost = traefik::dropped(&base.recipe.routes, &head.recipe.routes);
    let declared = &settings.dropped_addresses;
    let lost = lost.iter().filter(|one| !declared.iter().any(|name| declares(name, &one.address, domain)));
    let mut lost: Vec<String> = lost.map(|one| sentence(one, domain)).collect();
    lost.extend(closed_ports(&base.recipe.compose, &head.recipe.compose, declared));
    lost
}

/// Ports of the machine that base published and head does not, in words.
fn closed_ports(base: &Compose, head: &Compose, declared: &[String]) -> Vec<String> {
    let open: BTreeSet<(u16, &str)> = published(head).map(|(_, port)| number(port)).collect();
    let lost = published(base).filter(|(_, port)| !open.contains(&number(port)));
    let lost = lost.filter(|(_, port)| {
        let (published, protocol) = number(port);
        let names = [published.to_string(), format!("{published}/{protocol}")];
        !declared.iter().any(|name| names.contains(name))
    });
    let said = lost.map(|(service, port)| {
        format!(
            "head does not publish port {}/{}, at which `{service}` was reached at base",
            port.published, port.protocol
        )
    });
    said.collect()
}

/// The ports at which the services of a recipe are reached on the machine; those that Swarm picks are nobody's address.
fn published(compose: &Compose) -> impl Iterator<Item = (&String, &Port)> {
    let services = compose.services.iter();
    let ports = services.flat_map(|(name, service)| service.ports.iter().map(move |port| (name, port)));
    ports.filter(|(_, port)| port.published != 0)
}

fn number(port: &Port) -> (u16, &str) {
    (port.published, &port.protocol)
}

fn declares(name: &str, address: &RouteAddress, domain: Option<&str>) -> bool {
    match address {
        RouteAddress::Host(host) => name.replace(OWN, domain.unwrap_or(OWN)).eq_ignore_ascii_case(host),
        RouteAddress::EntryPoint(_, point) => point.as_ref().is_some_and(|point| name.eq_ignore_ascii_case(point)),
    }
}

fn sentence(lost: &DroppedAddress, domain: Option<&str>) -> String {
    let DroppedAddress { address, router, service } = lost;
    let shown = address.to_string();
    let shown = domain.map_or_else(|| shown.clone(), |domain| shown.replace(domain, OWN));
    format!("head has no router for {shown}, at which router `{router}` of `{service}` was reached at base")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::source::Files;
    use cc_ci_recipe::traefik::RouteProtocol;
    use std::collections::BTreeMap;

    fn host(name: &str) -> RouteAddress {
        RouteAddress::Host(name.to_owned())
    }

    #[test]
    fn an_address_is_declared_by_its_name() {
        let domain = Some("shop.test");
        assert!(declares("api.${DOMAIN}", &host("api.shop.test"), domain));
        assert!(declares("API.shop.test", &host("api.shop.test"), domain));
        assert!(!declares("${DOMAIN}", &host("api.shop.test"), domain));
        let ssh = RouteAddress::EntryPoint(RouteProtocol::Tcp, Some("ssh".to_owned()));
        assert!(declares("SSH", &ssh, domain));
        assert!(!declares("ssh", &host("ssh.test"), domain));
        assert!(!declares("*", &RouteAddress::EntryPoint(RouteProtocol::Tcp, None), domain));
    }

    #[test]
    fn a_port_that_is_not_published_any_more_is_given_up() {
        let compose = |ports: &str| {
            let text = format!("services:\n  app:\n    image: nginx:1\n    ports: [{ports}]\n");
            let files: Files = [("compose.yml", text.as_str())].into_iter().collect();
            Compose::read(&files, &["compose.yml".to_owned()], &BTreeMap::new()).0
        };
        let lost = |before: &str, now: &str, declared: &[&str]| {
            let declared: Vec<String> = declared.iter().map(|name| (*name).to_owned()).collect();
            closed_ports(&compose(before), &compose(now), &declared).join("; ")
        };
        let said = "head does not publish port 2222/tcp, at which `app` was reached at base";
        assert_eq!(lost("'2222:22'", "'2223:22'", &[]), said);
        assert_eq!(lost("'2222:22'", "'2222:22/udp'", &["2222/udp"]), said);
        assert_eq!(lost("'2222:22'", "'2222:2022', '80:80'", &[]), "");
        assert_eq!(lost("'2222:22', '22'", "", &["2222"]), "");
    }

    #[test]
    fn the_apps_domain_is_said_as_a_recipe_writes_it() {
        let lost = DroppedAddress { address: host("api.shop.test"), router: "a".to_owned(), service: "app".to_owned() };
        assert_eq!(
            sentence(&lost, Some("shop.test")),
            "head has no router for api.${DOMAIN}, at which router `a` of `app` was reached at base"
        );
    }
}
