//! What is wrong with the merged files, beyond the form of each one.

use super::{Compose, MountKind, Service};
use crate::source::{Files, Problem, Severity, Topic, nearest};

/// The longest name of a secret or config that the engine takes, in letters.
pub(crate) const MAX_NAME: usize = 64;

pub(super) fn check(compose: &Compose, files: &Files) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, service) in &compose.services {
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
    contents_exist(compose, files, &mut problems);
    problems
}

fn services_exist(compose: &Compose, name: &str, service: &Service, problems: &mut Vec<Problem>) {
    for (index, wanted) in service.depends_on.iter().enumerate() {
        if !compose.services.contains_key(wanted) {
            let key = format!("services.{name}.depends_on.{index}");
            let known = compose.services.keys().map(String::as_str);
            let problem = unknown(compose, &key, "service", wanted, known, "define it, or remove it from the list");
            // Swarm knows no order of services, and the loader does not look who is named.
            problems.push(Problem { severity: Severity::Warning, ..problem });
        }
    }
}

fn entries_exist(compose: &Compose, name: &str, service: &Service, problems: &mut Vec<Problem>) {
    let key = |section: &str, item: &str| format!("services.{name}.{section}.{item}");
    for network in service.networks.keys().filter(|network| *network != "default") {
        if !compose.networks.contains_key(network) {
            let known = compose.networks.keys().map(String::as_str);
            let what_now = "define it under the top-level `networks`";
            problems.push(unknown(compose, &key("networks", network), "network", network, known, what_now));
        }
    }
    for mount in service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume) {
        let Some(volume) = &mount.source else { continue };
        if !compose.volumes.contains_key(volume) {
            let known = compose.volumes.keys().map(String::as_str);
            let what_now = "define it under the top-level `volumes`";
            problems.push(unknown(compose, &key("volumes", &mount.target), "volume", volume, known, what_now));
        }
    }
    for used in &service.configs {
        if !compose.configs.contains_key(&used.source) {
            let known = compose.configs.keys().map(String::as_str);
            let what_now = "define it under the top-level `configs`";
            problems.push(unknown(compose, &key("configs", &used.source), "config", &used.source, known, what_now));
        }
    }
    for used in &service.secrets {
        if !compose.secrets.contains_key(&used.source) {
            let known = compose.secrets.keys().map(String::as_str);
            let what_now = "define it under the top-level `secrets`";
            problems.push(unknown(compose, &key("secrets", &used.source), "secret", &used.source, known, what_now));
        }
    }
}

fn unknown<'a>(
    compose: &Compose,
    key: &str,
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    what_now: &str,
) -> Problem {
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => what_now.to_owned(),
    };
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

fn used_by_any(compose: &Compose, section: &str, id: &str) -> bool {
    compose.services.values().any(|service| {
        let uses = if section == "secrets" { &service.secrets } else { &service.configs };
        uses.iter().any(|used| used.source == id)
    })
}

fn contents_exist(compose: &Compose, files: &Files, problems: &mut Vec<Problem>) {
    let secrets = compose.secrets.iter().map(|(id, entry)| ("secrets", id, entry));
    let configs = compose.configs.iter().map(|(id, entry)| ("configs", id, entry));
    for (section, id, entry) in secrets.chain(configs) {
        // The loader makes every entry, used or not.
        if entry.external {
            continue;
        }
        match &entry.file {
            None if entry.driver.is_some() => {}
            None => {
                let hint = "add `external: true`, or a `file`";
                let problem = Problem::error("", "is neither external nor has a file").hint(hint);
                problems.push(compose.at(&format!("{section}.{id}"), problem));
            }
            // What no service uses and lies outside is left to whoever asks what the recipe wants of the machine.
            Some(file) if (file.starts_with('/') || file.starts_with("../")) && !used_by_any(compose, section, id) => {}
            Some(file) if file.starts_with('/') => {
                let what = format!("file `{file}` is one of the machine, not of the recipe");
                let hint = "commit the file, and name it relative to the recipe's root";
                problems.push(compose.at(&format!("{section}.{id}.file"), Problem::error("", what).hint(hint)));
            }
            Some(file) if !files.has(file) => {
                let problem = Problem::error("", format!("file `{file}` does not exist in the recipe"));
                let known = files.texts.keys().map(String::as_str);
                let hint = match nearest(file, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "commit the file, or correct the path (it is relative to the recipe's root)".to_owned(),
                };
                problems.push(compose.at(&format!("{section}.{id}.file"), problem.hint(hint)));
            }
            Some(_) => {}
        }
    }
}
