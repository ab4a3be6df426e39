//! The addresses at which base could be reached and head cannot.

use super::tree::Tree;
use cc_ci_model::settings::Settings;
use cc_ci_recipe::traefik::{self, RouteAddress, Withdrawn};

/// How a recipe writes the app's own domain.
const OWN: &str = "${DOMAIN}";

/// What head gives up, in words; what its settings declare is left out.
pub(super) fn withdrawn(base: &Tree, head: &Tree, settings: &Settings) -> Vec<String> {
    let domain = head.recipe.environment.get("DOMAIN").map(String::as_str);
    let lost = traefik::withdrawn(&base.recipe.routes, &head.recipe.routes);
    let lost =
        lost.iter().filter(|one| !settings.withdrawn_routes.iter().any(|name| declares(name, &one.address, domain)));
    lost.map(|one| sentence(one, domain)).collect()
}

fn declares(name: &str, address: &RouteAddress, domain: Option<&str>) -> bool {
    match address {
        RouteAddress::Host(host) => name.replace(OWN, domain.unwrap_or(OWN)).eq_ignore_ascii_case(host),
        RouteAddress::EntryPoint(_, point) => point.as_ref().is_some_and(|point| name.eq_ignore_ascii_case(point)),
    }
}

fn sentence(lost: &Withdrawn, domain: Option<&str>) -> String {
    let Withdrawn { address, router, service } = lost;
    let shown = address.to_string();
    let shown = domain.map_or_else(|| shown.clone(), |domain| shown.replace(domain, OWN));
    format!("head has no router for {shown}, at which router `{router}` of `{service}` was reached at base")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::traefik::RouteProtocol;

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
    fn the_apps_domain_is_said_as_a_recipe_writes_it() {
        let lost = Withdrawn { address: host("api.shop.test"), router: "a".to_owned(), service: "app".to_owned() };
        assert_eq!(
            sentence(&lost, Some("shop.test")),
            "head has no router for api.${DOMAIN}, at which router `a` of `app` was reached at base"
        );
    }
}
