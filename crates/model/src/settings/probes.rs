//! Reads the ready probes: tables that each name a port or a path.

use super::Reading;
use super::document::{Item, is_path};
use crate::plan::demands::{Health, Probe};
use std::collections::BTreeSet;
use toml::de::DeTable;

/// The most connections in a row.
const MOST: u64 = 100;

pub(super) fn read(reading: &mut Reading<'_, '_>, item: &Item<'_>) {
    let mut probes = Vec::new();
    let mut names = BTreeSet::new();
    for (item, table) in reading.document.tables(item) {
        let Some(probe) = probe(reading, &item, table) else { continue };
        if names.insert(probe.name()) {
            probes.push(probe);
        } else {
            reading.document.report(&item, "is the same as one above", "remove one of them");
        }
    }
    let names: Vec<String> = probes.iter().map(Probe::name).collect();
    reading.given_as(item, names.join(", "));
    reading.settings.ready = probes;
}

fn probe(reading: &mut Reading<'_, '_>, item: &Item<'_>, table: &DeTable<'_>) -> Option<Probe> {
    let before = reading.document.problems.len();
    let (mut tcp, mut http, mut stable, mut accepted) = (None, None, None, None);
    for item in reading.document.items(&item.key, table) {
        match item.name.as_str() {
            "tcp" => tcp = address(reading, &item),
            "http" => {
                http = reading.document.text(&item).filter(|path| is_path(path));
                if http.is_none() {
                    reading.document.report(&item, "is not a path", "start it with `/`, without blanks");
                }
            }
            "stable" => stable = reading.document.number(&item, 1, MOST),
            "statuses" => accepted = reading.document.statuses(&item),
            _ => reading.document.unknown(&item, &["tcp", "http", "stable", "statuses"]),
        }
    }
    if reading.document.problems.len() > before {
        return None;
    }
    match (tcp, http, stable, accepted) {
        (Some((service, port)), None, stable, None) => {
            let stable = stable.and_then(|stable| u32::try_from(stable).ok()).unwrap_or(1);
            Some(Probe::Tcp { service, port, stable })
        }
        (None, Some(path), None, statuses) => {
            Some(Probe::Http { path, statuses: statuses.unwrap_or_else(|| Health::default().statuses) })
        }
        _ => {
            let hint = "write `tcp = \"service:port\"` with `stable`, or `http = \"/path\"` with `statuses`";
            reading.document.report(item, "must be either a port or a path", hint);
            None
        }
    }
}

fn address(reading: &mut Reading<'_, '_>, item: &Item<'_>) -> Option<(String, u16)> {
    let address = item.value.as_str().and_then(|text| {
        let (service, port) = text.split_once(':')?;
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let service = Some(service).filter(|service| !service.is_empty() && service.chars().all(name))?;
        Some((service.to_owned(), port.parse().ok().filter(|port| *port != 0)?))
    });
    if address.is_none() {
        reading.document.report(item, "is not `service:port`", "write it like \"app:64738\"");
    }
    address
}
