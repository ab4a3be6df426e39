//! Compares our reading of compose files with that of `docker stack config`, the loader that decides what is deployed.
//!
//! Both readings become one flat table from place to value, in one notation: lists of mappings by their natural key, paths
//! absolute, durations as Go prints them, nothing and empty alike (in variables they differ). What we do not read is not in
//! it, except in [`meddling`].

mod ours;
mod theirs;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::overlay::AUTHORITIES;

use crate::compose::{Compose, duration_text, parse_duration};
use crate::source::{Ground, Problem};
use crate::yaml;

/// What `docker stack config` printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendering(Value);

/// One place where a deployment would not be what the plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The loader reads something else than we do.
    Reading {
        /// Dotted path from the top, such as `services.app.image`.
        place: String,
        /// Our value as JSON; `None` when we read nothing there.
        ours: Option<String>,
        /// The loader's.
        theirs: Option<String>,
    },
    /// The generated override changes what it must leave alone.
    Override {
        /// Dotted path from the top.
        place: String,
        /// The value of the recipe's files as JSON.
        without: Option<String>,
        /// The value once the override lies over them.
        with: Option<String>,
    },
    /// What we hand over is read otherwise than the recipe's own files.
    Handed {
        /// Dotted path from the top.
        place: String,
        /// The value of the recipe's files as JSON.
        own: Option<String>,
        /// The value of what we hand over.
        handed: Option<String>,
    },
    /// The loader takes the recipe's files, but not with the generated override over them.
    Refused {
        /// Its message.
        text: String,
    },
}

/// The longest value that a message repeats, in letters.
const LONGEST: usize = 160;

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading { place, ours, theirs } => {
                write!(out, "{place}: we read {}, `docker stack config` reads {}", shown(ours), shown(theirs))
            }
            Self::Override { place, without, with } => {
                write!(
                    out,
                    "{place}: the recipe has {}, the generated override makes it {}",
                    shown(without),
                    shown(with)
                )
            }
            Self::Handed { place, own, handed } => {
                write!(out, "{place}: the recipe has {}, what we hand to docker has {}", shown(own), shown(handed))
            }
            Self::Refused { text } => write!(out, "the loader refuses the generated override: {text}"),
        }
    }
}

impl Difference {
    /// Where it is, as a dotted path from the top; of a refusal, nowhere in particular.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        match self {
            Self::Reading { place, .. } | Self::Override { place, .. } | Self::Handed { place, .. } => Some(place),
            Self::Refused { .. } => None,
        }
    }
}

fn shown(value: &Option<String>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(text) if text.chars().count() > LONGEST => {
            format!("{}…", text.chars().take(LONGEST).collect::<String>())
        }
        Some(text) => text.clone(),
    }
}

impl Rendering {
    /// Reads what `docker stack config` printed.
    ///
    /// # Errors
    /// Fails when it is not YAML, or no mapping.
    pub fn read(printed: &str) -> Result<Self, Problem> {
        const NAME: &str = "output of `docker stack config`";
        match yaml::parse(NAME, printed, &mut yaml::Allowance::default())?.to_json() {
            Value::Object(root) => Ok(Self(Value::Object(root))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(Problem::error(NAME, "is not a mapping"))
            }
        }
    }
}

/// Every place where our reading is not the loader's, in the order of the places.
#[must_use]
pub fn differences(compose: &Compose, theirs: &Rendering, ground: &Ground<'_>) -> Vec<Difference> {
    let (ours, theirs) = (table(&ours::document(compose, ground)), table(&theirs::document(&theirs.0, Scope::Read)));
    unequal(&ours, &theirs, |place, ours, theirs| Difference::Reading { place, ours, theirs })
}

/// Every place that the generated override changes although it is there for more labels and variables, pinned images, the
/// way of publishing and name resolution only. Keys that we do not read are compared too: an override replaces top-level
/// entries as a whole.
#[must_use]
pub fn meddling(without: &Rendering, with: &Rendering) -> Vec<Difference> {
    let [without, mut with] = [without, with].map(|one| table(&theirs::document(&one.0, Scope::Untouchable)));
    with.retain(|place, _| without.contains_key(place) || !may_be_new(place));
    unequal(&without, &with, |place, without, with| Difference::Override { place, without, with })
}

/// Every place where the loader reads what we hand over otherwise than the recipe's own files, whatever the key. Variables from
/// files are variables like the others by then.
#[must_use]
pub fn unfaithful(own: &Rendering, handed: &Rendering) -> Vec<Difference> {
    let [own, handed] = [own, handed].map(|rendering| {
        let mut leaves = BTreeMap::new();
        every_leaf("", &rendering.0, &mut leaves);
        // Ours may be a later version, which knows all that an earlier one does.
        leaves
            .retain(|place, _| place != "version" && !(place.starts_with("services.") && place.ends_with(".env_file")));
        leaves
    });
    unequal(&own, &handed, |place, own, handed| Difference::Handed { place, own, handed })
}

fn every_leaf(place: &str, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                every_leaf(&place, value, leaves);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            leaves.insert(place.to_owned(), value.clone());
        }
    }
}

/// A label, a variable, the network `default` written out that the loader would make anyway, or the authorities that an app
/// with dependencies trusts.
fn may_be_new(place: &str) -> bool {
    let service = place.starts_with("services.");
    let authorities = [format!("configs.{AUTHORITIES}"), format!(".configs.{AUTHORITIES}")];
    let authorities = place.starts_with(&authorities[0]) || (service && place.contains(&authorities[1]));
    authorities
        || place == "networks.default"
        || place.contains(".labels.")
        || (service && place.contains(".environment."))
}

/// Which part of a rendering is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// What we read.
    Read,
    /// All but what the override is there to change.
    Untouchable,
}

fn unequal(
    left: &BTreeMap<String, Value>,
    right: &BTreeMap<String, Value>,
    difference: impl Fn(String, Option<String>, Option<String>) -> Difference,
) -> Vec<Difference> {
    let places = left.keys().chain(right.keys().filter(|place| !left.contains_key(*place)));
    let mut places: Vec<&String> = places.filter(|place| left.get(*place) != right.get(*place)).collect();
    places.sort();
    let text = |value: Option<&Value>| value.map(Value::to_string);
    places.into_iter().map(|place| difference(place.clone(), text(left.get(place)), text(right.get(place)))).collect()
}

/// The places of a document and their values. An entry counts by its name alone, even when it is empty.
fn table(document: &Value) -> BTreeMap<String, Value> {
    let mut table = BTreeMap::new();
    for (section, entries) in document.as_object().into_iter().flatten() {
        for (name, entry) in entries.as_object().into_iter().flatten() {
            let place = format!("{section}.{name}");
            table.insert(place.clone(), Value::from("defined"));
            for name in entry.get("networks").and_then(Value::as_object).into_iter().flat_map(|uses| uses.keys()) {
                table.insert(format!("{place}.networks.{name}"), Value::from("used"));
            }
            flatten(&place, entry, &mut table);
        }
    }
    table
}

fn flatten(place: &str, value: &Value, table: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let inner = format!("{place}.{key}");
                if key == "environment" && place.starts_with("services.") {
                    // A variable without value is not a variable that is missing.
                    let variables = value.as_object().into_iter().flatten();
                    table.extend(variables.map(|(name, value)| (format!("{inner}.{name}"), value.clone())));
                } else {
                    flatten(&inner, value, table);
                }
            }
        }
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::String(text) if is_duration(place) => {
            let text = parse_duration(text).map_or_else(|| text.clone(), duration_text);
            // A pause of nothing is what the loader prints as no pause at all.
            if !(place.ends_with("update_config.delay") && text == "0s") {
                table.insert(place.to_owned(), Value::from(text));
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            table.insert(place.to_owned(), value.clone());
        }
    }
}

fn is_duration(place: &str) -> bool {
    let Some((above, key)) = place.rsplit_once('.') else { return false };
    match key {
        "stop_grace_period" => true,
        "interval" | "timeout" | "start_period" | "start_interval" => above.ends_with(".healthcheck"),
        "delay" | "monitor" => above.ends_with("_config") || above.ends_with(".restart_policy"),
        "window" => above.ends_with(".restart_policy"),
        _ => false,
    }
}

/// A list as a mapping; of items with the same key, the later ones carry their number.
fn keyed(items: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut fields = serde_json::Map::new();
    for (key, value) in items {
        let mut unique = key.clone();
        let mut number = 1;
        while fields.contains_key(&unique) {
            number += 1;
            unique = format!("{key} #{number}");
        }
        fields.insert(unique, value);
    }
    Value::Object(fields)
}
