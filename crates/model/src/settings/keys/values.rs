//! The values of keys that are more than one word, flag or number.

use crate::plan::demands::Verify;
use crate::settings::Reading;
use crate::settings::document::{Item, OURS, is_path};
use crate::tier::Tier;

/// The longest path of a picture. Bytes.
const LONGEST_PAGE: usize = 1000;

/// A path, which is remembered as given.
pub(super) fn path(reading: &mut Reading<'_, '_>, item: &Item<'_>) -> Option<String> {
    let path = reading.document.text(item)?;
    if !is_path(&path) {
        reading.document.report(item, format!("`{path}` is not a path"), "start it with `/`, without blanks");
        return None;
    }
    reading.given(item);
    Some(path)
}

/// A page of the app itself: an address that only looks like a path of it is refused.
pub(super) fn page(reading: &mut Reading<'_, '_>, item: &Item<'_>) -> Option<String> {
    let page = reading.document.text(item)?;
    if !is_path(&page) || page.starts_with("//") || page.contains('\\') || page.len() > LONGEST_PAGE {
        let what = format!("`{page}` is not a page of the app");
        reading.document.report(item, what, "start it with one `/`, without blanks, host and `#`");
        return None;
    }
    reading.given(item);
    Some(page)
}

pub(super) fn variables(reading: &mut Reading<'_, '_>, item: &Item<'_>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let Some(table) = reading.document.table(item) else { return variables };
    for item in reading.document.items(&item.key, table) {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !item.name.chars().all(letters) || item.name.starts_with(|c: char| c.is_ascii_digit()) {
            reading.document.report(&item, "is no name of a variable", "use letters, digits and `_`");
        } else if OURS.contains(&item.name.as_str()) {
            reading.document.report(&item, "is given by the run itself", "remove it");
        } else if let Some(value) = item.value.as_str() {
            reading.given(&item);
            variables.push((item.name.clone(), value.to_owned()));
        } else {
            reading.document.report(&item, "must be a text", "put it in quotes");
        }
    }
    variables
}

pub(super) fn verify(reading: &mut Reading<'_, '_>, item: &Item<'_>) {
    let Some(table) = reading.document.table(item) else { return };
    let before = reading.document.problems.len();
    let (mut service, mut command) = (None, None);
    for item in reading.document.items(&item.key, table) {
        match item.name.as_str() {
            "service" => service = reading.document.text(&item),
            "command" => command = reading.document.text(&item),
            _ => reading.document.unknown(&item, &["service", "command"]),
        }
    }
    match (service, command) {
        (Some(service), Some(command)) => {
            reading.given_as(item, format!("`{command}` in {service}"));
            reading.settings.verify = Some(Verify { service, command });
        }
        (None, _) | (_, None) if reading.document.problems.len() == before => {
            reading.document.report(item, "lacks `service` or `command`", "give both");
        }
        (None, _) | (_, None) => {}
    }
}

pub(super) fn skips(reading: &mut Reading<'_, '_>, item: &Item<'_>) {
    let Some(table) = reading.document.table(item) else { return };
    for item in reading.document.items(&item.key, table) {
        let tier = match Tier::parse(&item.name) {
            Ok(tier @ (Tier::Upgrade | Tier::Backup | Tier::Restore | Tier::Custom)) => tier,
            Ok(Tier::Install) => {
                reading.document.report(&item, "cannot be skipped", "every other tier needs the app");
                continue;
            }
            Err(_) => {
                reading.document.unknown(&item, &["upgrade", "backup", "restore", "custom"]);
                continue;
            }
        };
        let reason = item.value.as_str().map(str::trim).filter(|reason| reason.split_whitespace().count() >= 3);
        let Some(reason) = reason else {
            let hint = "say why the tier does not apply, in at least three words";
            reading.document.report(&item, "must be a reason", hint);
            continue;
        };
        reading.given(&item);
        reading.settings.skips.insert(tier, reason.to_owned());
    }
}

/// Patterns of what may be lost; none that would cover everything.
pub(super) fn loss_patterns(reading: &mut Reading<'_, '_>, item: &Item<'_>) -> Option<Vec<String>> {
    let patterns = reading.document.texts(item)?;
    if let Some(everything) = patterns.iter().find(|pattern| pattern.chars().all(|c| matches!(c, '*' | '?' | '/'))) {
        let what = format!("`{everything}` would let everything be lost");
        reading.document.report(item, what, "name the folder, the ending or the table");
        return None;
    }
    reading.given(item);
    Some(patterns)
}
