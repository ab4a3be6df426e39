//! Walks one compose file: fills in variables, checks types as the loader's schema does, remembers where keys stand.

use std::collections::BTreeMap;
use std::time::Duration;

use super::words::parse_duration;
use super::{Compose, KeyPlace, entries, service};
use crate::interpolate::interpolate;
use crate::scalar::{Scalar, ScalarKind, is_old_boolean};
use crate::source::{Files, Problem, Topic, nearest};
use crate::yaml::{Key, Node, Value, parse};

/// One file being read, and what was found so far.
pub(super) struct Reader<'a> {
    file: &'a str,
    /// Folder of the first compose file: paths in every file are relative to it.
    pub(super) folder: &'a str,
    /// Where an `env_file` is looked for.
    pub(super) files: &'a Files,
    /// The app's environment.
    pub(super) env: &'a BTreeMap<String, String>,
    problems: Vec<Problem>,
    places: BTreeMap<String, KeyPlace>,
    /// Bytes that variables have been filled with.
    filled: usize,
}

/// The most that variables may fill in one file, in bytes.
const MAX_FILLED: usize = 4 << 20;

/// Reads one file. What cannot be read is left out and reported.
pub(super) fn document(
    file: &str,
    text: &str,
    folder: &str,
    files: &Files,
    env: &BTreeMap<String, String>,
) -> (Compose, Vec<Problem>) {
    let mut reader = Reader { file, folder, files, env, problems: Vec::new(), places: BTreeMap::new(), filled: 0 };
    let mut compose = match parse(file, text) {
        Ok(root) => reader.top(root),
        Err(problem) => return (Compose::default(), vec![problem]),
    };
    compose.places = reader.places;
    (compose, reader.problems)
}

const SECTIONS: [&str; 6] = ["version", "services", "volumes", "networks", "secrets", "configs"];

impl Reader<'_> {
    fn top(&mut self, mut root: Node) -> Compose {
        let mut compose = Compose::default();
        let Value::Map(sections) = &mut root.value else {
            let what = if root.value == Value::Null { "is empty" } else { "is not a mapping" };
            let hint = "a compose file starts with `services:` and the services below it";
            self.problems.push(Problem::error(self.file, what).line(root.line).hint(hint));
            return compose;
        };
        for (key, node) in sections {
            let path = key.name.clone();
            self.note(&path, key.line);
            self.fill(&path, node);
            if key.name.starts_with("x-") {
                continue;
            }
            if key.name == "version" {
                compose.version = self.version(&path, node);
                continue;
            }
            if !SECTIONS.contains(&key.name.as_str()) {
                self.unknown_key(&path, key, &SECTIONS);
                continue;
            }
            let Some(children) = self.map(&path, node) else { continue };
            for (key, node) in children {
                let path = format!("{path}.{}", key.name);
                self.note(&path, key.line);
                let name = key.name.clone();
                match section_of(&path) {
                    "services" => drop(compose.services.insert(name, service::read(self, &path, node))),
                    "volumes" => drop(compose.volumes.insert(name, entries::volume(self, &path, node))),
                    "networks" => drop(compose.networks.insert(name, entries::network(self, &path, node))),
                    "secrets" => drop(compose.secrets.insert(name, entries::secret(self, &path, node))),
                    _ => drop(compose.configs.insert(name, entries::config(self, &path, node))),
                }
            }
        }
        compose
    }

    fn version(&mut self, path: &str, node: &Node) -> Option<String> {
        let version = self.text(path, node)?;
        let minor = version.strip_prefix("3.").and_then(|minor| minor.parse::<u8>().ok());
        if !matches!(version.as_str(), "" | "3") && minor.is_none_or(|minor| minor > 13) {
            let what = format!("compose file version `{version}` is not supported by Swarm");
            self.report(path, node.line, what, Some("write version: \"3.8\""));
        }
        Some(version)
    }

    /// Replaces the variables in every text below `node`. Keys are left alone, as the loader leaves them.
    fn fill(&mut self, path: &str, node: &mut Node) {
        match &mut node.value {
            Value::Null => {}
            Value::Scalar(scalar) if scalar.kind == ScalarKind::Text && scalar.text.contains('$') => {
                match interpolate(&scalar.text, self.env) {
                    Ok(_) if self.filled > MAX_FILLED => {}
                    Ok(text) => {
                        self.filled += text.len();
                        if self.filled > MAX_FILLED {
                            self.report(path, node.line, "variables make this file larger than any recipe", None);
                        }
                        scalar.raw = std::mem::replace(&mut scalar.text, text);
                        scalar.substituted = true;
                    }
                    Err(error) => {
                        let hint = "write `$$` for a dollar sign, and `${NAME}` or `${NAME:-default}` for a variable";
                        self.report(path, node.line, error.to_string(), Some(hint));
                    }
                }
            }
            Value::Scalar(scalar) => {
                if scalar.plain && scalar.kind == ScalarKind::Text {
                    self.not_a_boolean(path, node.line, &scalar.text);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.fill(&format!("{path}.{index}"), item);
                }
            }
            Value::Map(entries) => {
                for (key, child) in entries {
                    let path = format!("{path}.{}", key.name);
                    if key.plain {
                        self.not_a_boolean(&path, key.line, &key.name);
                    }
                    self.fill(&path, child);
                }
            }
        }
    }

    /// Warns of a text that older loaders take for a boolean.
    fn not_a_boolean(&mut self, path: &str, line: u32, written: &str) {
        if is_old_boolean(written) && !path.starts_with("x-") {
            let what = format!(
                "`{written}` without quotes is a boolean to older docker commands (26 is one), which refuse it"
            );
            self.warn(path, line, what, &format!("put it in quotes: \"{written}\""));
        }
    }

    /// Remembers where `path` stands.
    pub(super) fn note(&mut self, path: &str, line: u32) {
        self.places.insert(path.to_owned(), KeyPlace { file: self.file.to_owned(), line });
    }

    /// Reports an error at `path`.
    pub(super) fn report(&mut self, path: &str, line: u32, what: impl Into<String>, hint: Option<&str>) {
        let problem = Problem::error(self.file, what).line(line).key(path);
        self.problems.push(Problem { hint: hint.map(str::to_owned), ..problem });
    }

    /// Reports a problem of another file.
    pub(super) fn found(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports something that deploys all the same.
    pub(super) fn warn(&mut self, path: &str, line: u32, what: impl Into<String>, hint: &str) {
        self.problems.push(Problem::warning(self.file, what).line(line).key(path).hint(hint));
    }

    /// Reports a key that the loader refuses, with the key that was probably meant.
    pub(super) fn unknown_key(&mut self, path: &str, key: &Key, known: &[&str]) {
        let hint = match nearest(&key.name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "remove it: `docker stack deploy` refuses keys it does not know".to_owned(),
        };
        self.report(path, key.line, format!("unknown key `{}`", key.name), Some(&hint));
    }

    /// The entries of a mapping.
    pub(super) fn map<'n>(&mut self, path: &str, node: &'n Node) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            Value::Null | Value::Scalar(_) | Value::List(_) => {
                self.report(path, node.line, "must be a mapping", None);
                None
            }
        }
    }

    /// Calls `read` with each key of a mapping, its path and its node; `read` says whether it knows the key.
    pub(super) fn each_key(
        &mut self,
        path: &str,
        node: &Node,
        known: &[&str],
        mut read: impl FnMut(&mut Self, &str, &str, &Node),
    ) {
        for (key, child) in self.map(path, node).unwrap_or_default() {
            let path = format!("{path}.{}", key.name);
            self.note(&path, key.line);
            if known.contains(&key.name.as_str()) {
                read(self, &key.name, &path, child);
            } else if !key.name.starts_with("x-") {
                self.unknown_key(&path, key, known);
            }
        }
    }

    /// A text; a number or boolean has to be quoted.
    pub(super) fn text(&mut self, path: &str, node: &Node) -> Option<String> {
        match &node.value {
            Value::Scalar(Scalar { text, kind: ScalarKind::Text | ScalarKind::Time, .. }) => Some(text.clone()),
            Value::Scalar(scalar) => {
                let hint = format!("put it in quotes: \"{}\"", scalar.raw);
                self.report(path, node.line, "must be a string", Some(&hint));
                None
            }
            Value::Null | Value::List(_) | Value::Map(_) => {
                self.report(path, node.line, "must be a string", None);
                None
            }
        }
    }

    /// A text that means nothing when it is empty.
    pub(super) fn filled_text(&mut self, path: &str, node: &Node) -> Option<String> {
        self.text(path, node).filter(|text| !text.is_empty())
    }

    /// A text or number, for places where the loader takes both; a number loses its notation, which is worth a warning.
    pub(super) fn text_or_number(&mut self, path: &str, node: &Node) -> Option<String> {
        match &node.value {
            Value::Scalar(scalar @ Scalar { kind: ScalarKind::Number | ScalarKind::Time, .. }) => {
                if scalar.text != scalar.raw {
                    let what = format!("`{}` is read as {}", scalar.raw, scalar.text);
                    self.warn(path, node.line, what, &format!("put it in quotes: \"{}\"", scalar.raw));
                }
                Some(scalar.text.clone())
            }
            Value::Scalar(Scalar { kind: ScalarKind::Boolean, raw, .. }) => {
                let hint = format!("put it in quotes: \"{raw}\"");
                self.report(path, node.line, "must be a string, number or null", Some(&hint));
                None
            }
            Value::Scalar(_) | Value::Null | Value::List(_) | Value::Map(_) => self.text(path, node),
        }
    }

    /// A whole number from 0 on.
    pub(super) fn number(&mut self, path: &str, node: &Node) -> Option<u64> {
        let Value::Scalar(scalar) = &node.value else {
            self.report(path, node.line, "must be an integer", None);
            return None;
        };
        let number = match scalar.kind {
            ScalarKind::Text if self.substituted(path, node, scalar) => scalar.text.trim().parse().ok(),
            ScalarKind::Text | ScalarKind::Boolean | ScalarKind::Time => None,
            ScalarKind::Number => scalar.whole().and_then(|whole| u64::try_from(whole).ok()),
        };
        if number.is_none() {
            self.report(path, node.line, "must be an integer", None);
        }
        number
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, path: &str, node: &Node) -> Option<bool> {
        let flag = match &node.value {
            Value::Scalar(scalar @ Scalar { kind: ScalarKind::Boolean, .. }) => Some(scalar.text == "true"),
            Value::Scalar(scalar) if self.substituted(path, node, scalar) => match scalar.text.as_str() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" | "y" | "yes" | "on" => Some(true),
                "0" | "f" | "F" | "false" | "FALSE" | "False" | "n" | "no" | "off" => Some(false),
                _ => None,
            },
            Value::Null | Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
        };
        if flag.is_none() {
            self.report(path, node.line, "must be true or false", None);
        }
        flag
    }

    /// A duration such as `30s`.
    pub(super) fn duration(&mut self, path: &str, node: &Node) -> Option<Duration> {
        if let Value::Scalar(scalar) = &node.value {
            self.substituted(path, node, scalar);
        }
        let text = self.text(path, node)?;
        let duration = parse_duration(&text);
        if duration.is_none() {
            let what = format!("`{text}` is not a duration");
            self.report(path, node.line, what, Some("write a number with its unit: 30s, 1m30s, 500ms"));
        }
        duration
    }

    /// Whether variables were filled in, which is an error where the schema wants something else than a text: `abra`
    /// checks the schema before it fills them in.
    fn substituted(&mut self, path: &str, node: &Node, scalar: &Scalar) -> bool {
        if scalar.substituted && scalar.text != scalar.raw {
            let what = format!("a variable (`{}`) in a field that is not a text", scalar.raw);
            let hint = "write the value itself: abra refuses the recipe before it fills in variables";
            let problem = Problem::error(self.file, what).line(node.line).key(path).hint(hint);
            self.problems.push(problem.topic(Topic::TypedVariable));
        }
        scalar.substituted
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, path: &str, node: &Node) -> Vec<String> {
        let Some(items) = self.list(path, node) else { return Vec::new() };
        let read = items.iter().enumerate();
        read.filter_map(|(index, item)| self.text(&format!("{path}.{index}"), item)).collect()
    }

    /// The items of a list.
    pub(super) fn list<'n>(&mut self, path: &str, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            Value::Null | Value::Scalar(_) | Value::Map(_) => {
                self.report(path, node.line, "must be a list", None);
                None
            }
        }
    }

    /// Pairs written as a mapping or as a list of `key=value`; a key without a value has `None`.
    pub(super) fn pairs(&mut self, path: &str, node: &Node) -> BTreeMap<String, Option<String>> {
        let mut pairs = BTreeMap::new();
        match &node.value {
            Value::Map(entries) => {
                for (key, child) in entries {
                    let path = format!("{path}.{}", key.name);
                    self.note(&path, key.line);
                    if key.name.contains("${") {
                        let hint = "use the list form (`- key=value`): keys of a mapping are not filled in";
                        self.warn(&path, key.line, "a variable in a key stays as it is written", hint);
                    }
                    let value = match &child.value {
                        Value::Null => None,
                        Value::Scalar(_) | Value::List(_) | Value::Map(_) => self.text_or_number(&path, child),
                    };
                    pairs.insert(key.name.clone(), value);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let Some(text) = self.pair_text(&format!("{path}.{index}"), item) else { continue };
                    let (key, value) = match text.split_once('=') {
                        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                        None => (text, None),
                    };
                    self.note(&format!("{path}.{key}"), item.line);
                    pairs.insert(key, value);
                }
            }
            Value::Null | Value::Scalar(_) => {
                self.report(path, node.line, "must be a mapping or a list of `key=value`", None);
            }
        }
        pairs
    }

    fn pair_text(&mut self, path: &str, item: &Node) -> Option<String> {
        if let Value::Map(entries) = &item.value
            && let [(key, _)] = entries.as_slice()
        {
            let hint = format!("write `- {}=value`, or leave out the dashes", key.name);
            self.report(path, item.line, "a list item with `key: value` in it", Some(&hint));
            return None;
        }
        self.text(path, item)
    }

    /// Labels: pairs, with nothing for a key without value.
    pub(super) fn labels(&mut self, path: &str, node: &Node) -> BTreeMap<String, String> {
        self.pairs(path, node).into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect()
    }

    /// Variables: a key without value, or with an empty one, takes it from the app's environment where that has it.
    pub(super) fn environment(&mut self, path: &str, node: &Node) -> BTreeMap<String, Option<String>> {
        let pairs = self.pairs(path, node);
        pairs.into_iter().map(|(key, value)| self.looked_up(key, value)).collect()
    }

    /// A variable as the loader sets it: what is empty counts as not given.
    pub(super) fn looked_up(&self, key: String, value: Option<String>) -> (String, Option<String>) {
        let given = value.as_ref().is_some_and(|text| !text.is_empty());
        let value = if given { value } else { self.env.get(&key).cloned().or(value) };
        (key, value)
    }
}

fn section_of(path: &str) -> &str {
    path.split_once('.').map_or(path, |(section, _)| section)
}
