//! What is wrong with the merged files, beyond the form of each one.

use std::collections::BTreeMap;

use super::contents::{self, MOST_PROBLEMS, used_by_any};
use super::{Compose, MountKind, Service};
use crate::source::{Files, Problem, Severity, Topic, nearest};

/// The longest name of a secret or config that the engine takes, in letters.
pub(crate) const MAX_NAME: usize = 64;

pub(super) fn check(compose: &Compose, files: &Files) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, service) in &compose.services {
        if problems.len() > MOST_PROBLEMS {
            break;
        }
        services_exist(compose, name, service, &mut problems);
        entries_exist(compose, name, service, &mut problems);
        // An image that is there and cannot be read has been reported where it stands.
        if service.image.is_empty() && !compose.places.contains_key(&format!("services.{name}.image")) {
            let what = format!("service `{name}` has no image");
            let hint = "give it an `image`, or drop the overlay that adds to a service of no other file";
            let problem = Problem::error("", what).hint(hint).topic(Topic::NoImage);
            problems.push(compose.at(&format!("services.{name}"), problem));
        }
    }
    names_fit(compose, &mut problems);
    contents::check(compose, files, &mut problems);
    problems
}

fn services_exist(compose: &Compose, name: &str, service: &Service, problems: &mut Vec<Problem>) {
    for (index, wanted) in service.depends_on.iter().enumerate() {
        if !compose.services.contains_key(wanted) {
            let key = format!("services.{name}.depends_on.{index}");
            let known = compose.services.keys().map(String::as_str);
            let problem = unknown(
                compose,
                &key,
                "service",
                wanted,
                known,
                "define it, or remove it from the list",
                problems.len(),
            );
            // Swarm knows no order of services, and the loader does not look who is named.
            problems.push(Problem { severity: Severity::Warning, ..problem });
        }
    }
}

fn entries_exist(compose: &Compose, name: &str, service: &Service, problems: &mut Vec<Problem>) {
    let networks = service.networks.keys().filter(|network| *network != "default");
    let networks = networks.map(|network| (network.as_str(), network.as_str()));
    defined(compose, name, ("networks", "network"), &compose.networks, networks, problems);
    let volumes = service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
    let volumes = volumes.filter_map(|mount| Some((mount.target.as_str(), mount.source.as_deref()?)));
    defined(compose, name, ("volumes", "volume"), &compose.volumes, volumes, problems);
    let configs = service.configs.iter().map(|used| (used.source.as_str(), used.source.as_str()));
    defined(compose, name, ("configs", "config"), &compose.configs, configs, problems);
    let secrets = service.secrets.iter().map(|used| (used.source.as_str(), used.source.as_str()));
    defined(compose, name, ("secrets", "secret"), &compose.secrets, secrets, problems);
}

/// Every name that a service uses, each with the last part of its key, is one of those at the top.
fn defined<'a, T>(
    compose: &Compose,
    service: &str,
    (section, kind): (&str, &str),
    known: &BTreeMap<String, T>,
    used: impl Iterator<Item = (&'a str, &'a str)>,
    problems: &mut Vec<Problem>,
) {
    for (item, wanted) in used.filter(|(_, wanted)| !known.contains_key(*wanted)) {
        let key = format!("services.{service}.{section}.{item}");
        let what_now = format!("define it under the top-level `{section}`");
        let names = known.keys().map(String::as_str);
        problems.push(unknown(compose, &key, kind, wanted, names, &what_now, problems.len()));
    }
}

fn unknown<'a>(
    compose: &Compose,
    key: &str,
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    what_now: &str,
    so_far: usize,
) -> Problem {
    // Whoever is wrong so often has not mistyped a name.
    let near = if so_far < 10 { nearest(name, known) } else { None };
    let hint = near.map_or_else(|| what_now.to_owned(), |near| format!("did you mean `{near}`?"));
    compose.at(key, Problem::error("", format!("unknown {kind} `{name}`")).hint(hint))
}

fn names_fit(compose: &Compose, problems: &mut Vec<Problem>) {
    let secrets = compose.secrets.iter().map(|(id, entry)| ("secrets", id, entry));
    let configs = compose.configs.iter().map(|(id, entry)| ("configs", id, entry));
    for (section, id, entry) in secrets.chain(configs) {
        let Some(name) = &entry.name else { continue };
        let length = name.chars().count();
        let key = format!("{section}.{id}.name");
        if length > MAX_NAME {
            let what = format!("`{name}` has {length} letters, the engine takes {MAX_NAME}");
            let hint = format!("shorten `{id}`, or deploy under a shorter domain");
            problems.push(compose.at(&key, Problem::error("", what).hint(hint)));
        }
        let used = used_by_any(compose, section, id);
        if used && name.ends_with('_') && entry.name_text.as_deref().is_some_and(|text| text.contains('$')) {
            let text = entry.name_text.as_deref().unwrap_or_default();
            let what = format!("`{name}` ends in `_`: the version in `{text}` is missing");
            let hint = match section {
                "secrets" => "set the SECRET_..._VERSION variable in .env.sample, such as `=v1`",
                _ => "export the version in abra.sh, such as `export APP_CONF_VERSION=v1`",
            };
            problems.push(compose.at(&key, Problem::error("", what).hint(hint).topic(Topic::NoVersion)));
        }
    }
}
