//! Requests of labels: the name spaces by which the engine and cc-ci know what belongs to whom.

use super::Item;
use super::asking::Asking;

/// Name spaces that are not the recipe's.
const RESERVED: [&str; 2] = ["cc-ci.", "com.docker."];

/// Labels of services, their containers, volumes, networks, secrets and configs.
pub(super) fn ask(asking: &mut Asking<'_>) {
    let compose = &asking.recipe.compose;
    for (name, service) in &compose.services {
        check(asking, &format!("services.{name}.labels"), &service.labels);
        check(asking, &format!("services.{name}.deploy.labels"), &service.deploy.labels);
    }
    for (id, volume) in &compose.volumes {
        check(asking, &format!("volumes.{id}.labels"), &volume.labels);
    }
    for (id, network) in &compose.networks {
        check(asking, &format!("networks.{id}.labels"), &network.labels);
    }
    for (section, entries) in [("secrets", &compose.secrets), ("configs", &compose.configs)] {
        for (id, entry) in entries {
            check(asking, &format!("{section}.{id}.labels"), &entry.labels);
        }
    }
}

fn check(asking: &mut Asking<'_>, key: &str, labels: &std::collections::BTreeMap<String, String>) {
    for (name, value) in labels {
        let name_lower = name.trim().to_ascii_lowercase();
        if RESERVED.iter().any(|space| name_lower.starts_with(space) || name_lower == space.trim_end_matches('.')) {
            asking.ask(Item::Label, format!("{name}={value}"), &format!("{key}.{name}"));
        }
    }
}
