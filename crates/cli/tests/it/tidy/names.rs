//! One name for one thing, and every variant of an enum thought of by its name.

use super::exceptions;
use super::source::code;
use std::collections::{BTreeMap, BTreeSet};

/// Crates and folders in which no arm of a `match` may be `_` over an enum of ours. The lint itself is switched on in the
/// file named here.
const NAMED: [(&str, &str); 3] = [
    ("crates/recipe/src/", "crates/recipe/src/lib.rs"),
    ("crates/model/src/", "crates/model/src/lib.rs"),
    ("crates/engine/src/run", "crates/engine/src/run.rs"),
];

const LINT: &str = "clippy::wildcard_enum_match_arm";

/// Names of the public types that a file makes.
fn types(code: &str) -> BTreeSet<String> {
    let made = |line: &str| {
        let words = line.trim_start().strip_prefix("pub ")?;
        let kind =
            ["struct ", "enum ", "trait ", "type ", "union "].iter().find_map(|kind| words.strip_prefix(kind))?;
        let end = kind.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(kind.len());
        // A macro names its types where it is used.
        (end > 0).then(|| kind[..end].to_owned())
    };
    code.lines().filter_map(made).collect()
}

#[test]
fn a_public_type_has_a_name_of_its_own() {
    let mut makers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in super::sources().into_iter().filter(|(name, _)| name.contains("/src/")) {
        for made in types(&code(&text)) {
            makers.entry(made).or_default().push(name.clone());
        }
    }
    assert!(makers.len() > 200, "only {} types seen", makers.len());
    let shared = makers.into_iter().filter(|(_, files)| files.len() > 1).map(|(name, _)| name);
    super::only("names that several public types share", &shared.collect(), exceptions::NAMES);
}

#[test]
fn every_variant_is_thought_of() {
    let sources: BTreeMap<String, String> = super::sources().into_iter().collect();
    let mut found = BTreeSet::new();
    for (folder, root) in NAMED {
        assert!(sources[root].contains(&format!("#![warn({LINT})]")), "{root} does not switch {LINT} on");
        let excused = |text: &str| text.contains(&format!("expect({LINT}"));
        let files = sources.iter().filter(|(name, text)| name.starts_with(folder) && excused(text));
        found.extend(files.map(|(name, _)| name.clone()));
    }
    super::only("files with a `_` arm", &found, exceptions::WILDCARDS);
}
