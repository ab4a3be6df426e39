//! Requests of networks: those of others, how they are made, and names on them that are not the app's.

use super::Item;
use super::asking::{Asking, named};
use crate::compose::Network;
use crate::traefik::PROXY_NETWORK;

/// The one option of an overlay network that takes nothing from anybody.
const HARMLESS_OPTION: &str = "encrypted";

/// Networks that a service is on; the others are never made.
pub(super) fn ask(asking: &mut Asking<'_>) {
    let recipe = asking.recipe;
    for (id, engine) in &recipe.networks {
        let network = recipe.compose.networks.get(id).cloned().unwrap_or_default();
        let key = named("networks", id, network.name.as_ref());
        let ours = if engine.external { engine.name == PROXY_NETWORK } else { asking.own(&engine.name) };
        if engine.external && matches!(engine.name.as_str(), "host" | "bridge" | "ingress" | "docker_gwbridge") {
            asking.ask(Item::HostNetwork, &engine.name, &key);
        } else if !ours {
            asking.ask(Item::ForeignNetwork, &engine.name, &key);
        }
        if let Some(driver) = network.driver.as_deref().filter(|driver| *driver != "overlay") {
            asking.ask(Item::HostNetwork, driver, &format!("networks.{id}.driver"));
        }
        made_with(asking, id, &network);
        if engine.external {
            names_on(asking, id);
        }
    }
}

fn made_with(asking: &mut Asking<'_>, id: &str, network: &Network) {
    if let Some(pools) = network.ipam.as_ref().filter(|pools| says_something(pools)) {
        asking.ask(Item::NetworkOption, format!("ipam={pools}"), &format!("networks.{id}.ipam"));
    }
    for (name, value) in network.driver_opts.iter().filter(|(name, _)| *name != HARMLESS_OPTION) {
        asking.ask(Item::NetworkOption, format!("{name}={value}"), &format!("networks.{id}.driver_opts.{name}"));
    }
}

/// Whether `ipam` says more than that everything is to be as usual.
fn says_something(pools: &serde_json::Value) -> bool {
    let Some(entries) = pools.as_object() else { return !pools.is_null() };
    entries.iter().any(|(key, value)| match key.as_str() {
        "driver" => value != "default",
        _ => !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()),
    })
}

/// On a network of others a service may be called by its own name, by names that begin with its stack's, and by hosts of the
/// app's domain. Any other name could be taken for somebody else's service.
fn names_on(asking: &mut Asking<'_>, id: &str) {
    for (service, settings) in &asking.recipe.compose.services {
        for alias in settings.networks.get(id).into_iter().flat_map(|used| &used.aliases) {
            if alias != service && !asking.own(alias) && !asking.own_host(alias) {
                asking.ask(Item::Alias, alias, &format!("services.{service}.networks.{id}"));
            }
        }
    }
}
