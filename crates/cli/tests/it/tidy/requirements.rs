//! Rules of the specification are cited by their ids; `docs/design/requirements.md` has the sentence of each.

use std::collections::BTreeSet;

const PAGE: &str = "docs/design/requirements.md";

/// The words before the numbers: a letter more after the number names a part.
const KINDS: [&str; 22] = [
    "APP", "BAK", "BASE", "CUST", "DATA", "DEP", "DEPLOY", "ENV", "ISO", "LINT", "OUT", "PERF", "RUN", "SAND", "SEC",
    "SRV", "SWARM", "TIER", "TRUST", "VER", "WARM", "WATCH",
];

/// Ids in a text: `RUN-3`, `RUN-3a`, `TIER-install`.
fn ids(text: &str) -> BTreeSet<String> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let words = text.split(|letter| !is_word(letter));
    let named = words.filter(|word| {
        let Some((kind, rest)) = word.split_once('-') else { return false };
        let part = if kind == "TIER" { rest } else { rest.trim_start_matches(|digit: char| digit.is_ascii_digit()) };
        let numbered = kind == "TIER" || rest.starts_with(|digit: char| digit.is_ascii_digit());
        KINDS.contains(&kind) && numbered && part.chars().all(|letter| letter.is_ascii_lowercase())
    });
    named.map(str::to_owned).collect()
}

#[test]
fn every_rule_that_is_cited_has_its_sentence() {
    let cites = |name: &str| !name.starts_with("crates/cli/tests/it/tidy") && name != PAGE;
    let cited: BTreeSet<String> =
        super::texts().iter().filter(|(name, _)| cites(name)).flat_map(|(_, text)| ids(text)).collect();
    assert!(cited.len() > 40, "only {} rules seen", cited.len());
    let page = std::fs::read_to_string(super::root().join(PAGE)).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**: "));
    let explained: BTreeSet<String> =
        lines.filter(|(_, sentence)| !sentence.is_empty()).map(|(id, _)| id.to_owned()).collect();
    super::none(&format!("rules without a line in {PAGE}"), &cited.difference(&explained).cloned().collect::<Vec<_>>());
    super::none(
        &format!("lines in {PAGE} that nothing cites"),
        &explained.difference(&cited).cloned().collect::<Vec<_>>(),
    );
}

#[test]
fn ids_are_told_from_other_words() {
    let text = "(RUN-3, RUN-3b) TIER-custom, UTF-8, SHA-256, RUN-x, `DEP-1`; CC_CI_TIER-1 BAK-1 to BAK-3";
    let expected = ["BAK-1", "BAK-3", "DEP-1", "RUN-3", "RUN-3b", "TIER-custom"];
    assert_eq!(ids(text), expected.map(str::to_owned).into());
}
