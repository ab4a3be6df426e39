//! What readers of YAML differ about: those of version 1.1, as in Docker 26, and those of 1.2, as in Docker 28.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Parser, ScalarStyle};

use super::allowance::MAX_EVENTS;
use crate::scalar::{ScalarKind, is_old_boolean, plain};
use crate::source::Problem;

/// Every place of a compose file that readers of YAML take differently. The file has been read before, within its bounds.
pub(crate) fn differences(file: &str, text: &str) -> Vec<Problem> {
    let mut walk = Walk { file, open: Vec::new(), anchored: BTreeMap::new(), found: Vec::new() };
    for event in Parser::new_from_str(text).take(MAX_EVENTS) {
        let Ok((event, span)) = event else { break };
        walk.see(&event, u32::try_from(span.start.line()).unwrap_or(u32::MAX).max(1));
    }
    walk.found
}

/// The keys of a mapping, or of all mappings in a list: what a merge would bring.
type Keys = BTreeSet<String>;

/// A list or mapping that has not ended.
enum Open {
    List { anchor: usize, keys: Keys },
    Mapping { anchor: usize, own: Keys, merged: Keys, key: Option<(String, u32)> },
}

struct Walk<'f> {
    file: &'f str,
    open: Vec<Open>,
    anchored: BTreeMap<usize, Keys>,
    found: Vec<Problem>,
}

impl Walk<'_> {
    fn see(&mut self, event: &Event<'_>, line: u32) {
        if let Event::Scalar(value, style, _, tag) = event {
            if *style == ScalarStyle::Plain && tag.is_none() {
                self.scalar(value, line);
            }
            self.node(value, Keys::new(), line);
        } else if let Event::Alias(anchor) = event {
            let keys = self.anchored.get(anchor).cloned().unwrap_or_default();
            self.node("", keys, line);
        } else if let Event::SequenceStart(_, anchor, _) = event {
            self.open.push(Open::List { anchor: *anchor, keys: Keys::new() });
        } else if let Event::MappingStart(_, anchor, _) = event {
            self.open.push(Open::Mapping { anchor: *anchor, own: Keys::new(), merged: Keys::new(), key: None });
        } else if let Event::SequenceEnd | Event::MappingEnd = event {
            let (anchor, keys) = match self.open.pop() {
                Some(Open::List { anchor, keys }) => (anchor, keys),
                Some(Open::Mapping { anchor, own, merged, .. }) => (anchor, own.into_iter().chain(merged).collect()),
                None => return,
            };
            self.anchored.insert(anchor, keys.clone());
            self.node("", keys, line);
        } else if let Event::DocumentStart(_, Some(_)) = event {
            self.report(line, "a `%YAML` line, which some readers refuse", "remove it");
        }
    }

    /// A node that is complete: as a key, as a value, or in a list.
    fn node(&mut self, text: &str, keys: Keys, line: u32) {
        let mut shadowed = None;
        match self.open.last_mut() {
            Some(Open::List { keys: all, .. }) => all.extend(keys),
            Some(Open::Mapping { own, merged, key, .. }) => match key.take() {
                None => *key = Some((text.to_owned(), line)),
                Some((name, line)) if name == "<<" => {
                    shadowed = keys.intersection(own).next().map(|name| (name.clone(), line));
                    merged.extend(keys);
                }
                Some((name, _)) => drop(own.insert(name)),
            },
            None => {}
        }
        if let Some((name, line)) = shadowed {
            let what =
                format!("`{name}` stands here and in what is merged behind it: readers differ about which counts");
            self.report(line, what, "write `<<` before the mapping's own keys");
        }
    }

    fn scalar(&mut self, written: &str, line: u32) {
        let kind = plain(written).kind;
        let lower = written.to_ascii_lowercase();
        let what = if is_old_boolean(written) {
            "a text to some readers and a boolean to others"
        } else if kind == ScalarKind::Time {
            "a text to some readers and a point in time to others"
        } else if kind == ScalarKind::Number && (lower.contains("0o") || is_new_float(&lower)) {
            "a text to some readers and a number to others"
        } else {
            return;
        };
        self.report(line, format!("`{written}` without quotes is {what}"), &format!("put it in quotes: \"{written}\""));
    }

    fn report(&mut self, line: u32, what: impl Into<String>, hint: &str) {
        self.found.push(Problem::error(self.file, what).line(line).hint(hint));
    }
}

/// `1e3` and `1.`: YAML 1.1 wants a sign in the exponent and a digit behind the point.
fn is_new_float(lower: &str) -> bool {
    let unsigned_exponent = !lower.starts_with("0x")
        && lower.split_once('e').is_some_and(|(_, exponent)| !exponent.starts_with(['+', '-']));
    unsigned_exponent || lower.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        differences("compose.yml", text).iter().map(|one| one.to_string().replace("\nhint", " | hint")).collect()
    }

    #[test]
    fn what_readers_take_differently_is_found_with_its_line() {
        let text = "x-a: &a {A: 1, B: 2}\nservices:\n  app:\n    image: x\n    init: yes\n    labels: {day: 2001-01-01, m: 0o17, f: 1e3, g: 1.}\n    \
                    environment:\n      B: 3\n      <<: *a\n    off: x\n";
        insta::assert_snapshot!(found(text).join("\n"), @r#"
        compose.yml, line 5: `yes` without quotes is a text to some readers and a boolean to others | hint: put it in quotes: "yes"
        compose.yml, line 6: `2001-01-01` without quotes is a text to some readers and a point in time to others | hint: put it in quotes: "2001-01-01"
        compose.yml, line 6: `0o17` without quotes is a text to some readers and a number to others | hint: put it in quotes: "0o17"
        compose.yml, line 6: `1e3` without quotes is a text to some readers and a number to others | hint: put it in quotes: "1e3"
        compose.yml, line 6: `1.` without quotes is a text to some readers and a number to others | hint: put it in quotes: "1."
        compose.yml, line 9: `B` stands here and in what is merged behind it: readers differ about which counts | hint: write `<<` before the mapping's own keys
        compose.yml, line 10: `off` without quotes is a text to some readers and a boolean to others | hint: put it in quotes: "off"
        "#);
        assert_eq!(found("n: 1\n").len(), 1);
        let merged = "x-a: &a {A: 1}\nx-b: &b\n  <<: *a\nservices: {app: {A: 2, <<: [*b, {C: 1}]}}\n";
        assert_eq!(found(merged).len(), 1, "{:?}", found(merged));
        assert_eq!(found("%YAML 1.1\n---\nversion: '3.8'\n").len(), 1);
    }

    #[test]
    fn what_all_readers_take_alike_is_passed_over() {
        let text = "x-a: &a {A: 1, B: 2}\nservices:\n  app:\n    <<: *a\n    B: 3\n    init: true\n    mode: 0755\n    tag: 1.10\n    quoted: \"yes\"\n    \
                    said: !!str no\n    port: 22:22\n    hex: 0xe1\n    none: ~\n    size: 1_000\n    small: 1.5e-3\n    block: |\n      yes\n";
        assert_eq!(found(text), Vec::<String>::new());
    }
}
