//! What the readers of a compose file share: variables filled in, where keys stand, values by their type.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::KeyPlace;
use super::words::parse_duration;
use crate::interpolate::{InterpolationError, fill, uses};
use crate::reserved::is_reserved;
use crate::scalar::{Scalar, ScalarKind, is_old_boolean, plain};
use crate::source::{Files, Problem};
use crate::yaml::{Allowance, Key, Node, Value};

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
    /// What all files of the reading may still hold.
    pub(super) allowance: &'a mut Allowance,
    /// The files that variables were read from, relative to the recipe's root.
    pub(super) env_files: BTreeSet<String>,
    /// Bytes that variables have been filled with.
    filled: usize,
}

/// The longest key as it is written in ASCII: readers of YAML look no further than 1,024 letters for the colon.
const MAX_KEY: usize = 1_000;

/// Variables that a shell has by itself.
const OF_A_SHELL: [&str; 9] = ["HOME", "HOSTNAME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "USER"];

/// The most that variables may fill in one file, in bytes.
const MAX_FILLED: usize = 4 << 20;

impl<'a> Reader<'a> {
    /// Starts with `file`.
    pub(super) fn new(
        file: &'a str,
        folder: &'a str,
        files: &'a Files,
        env: &'a BTreeMap<String, String>,
        allowance: &'a mut Allowance,
    ) -> Self {
        let (problems, places, env_files) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        Self { file, folder, files, env, problems, places, allowance, env_files, filled: 0 }
    }

    /// Where each key stands, and what is wrong.
    pub(super) fn end(self) -> (BTreeMap<String, KeyPlace>, Vec<Problem>) {
        (self.places, self.problems)
    }
}

impl Reader<'_> {
    /// Replaces the variables in every text below `node`. Keys are left alone, as the loader leaves them.
    pub(super) fn fill(&mut self, path: &str, node: &mut Node) {
        match &mut node.value {
            Value::Null => {}
            Value::Scalar(scalar) if scalar.kind == ScalarKind::Text && scalar.text.contains('$') => {
                self.fill_text(path, node.line, scalar);
            }
            Value::Scalar(scalar) => {
                if scalar.plain && scalar.kind == ScalarKind::Text {
                    self.not_a_boolean(path, node.line, &scalar.text);
                }
                if scalar.number().is_some_and(|number| !number.value().is_finite()) {
                    let what = format!("`{}` is a number that docker cannot hand on", scalar.raw);
                    self.report(path, node.line, what, Some(&format!("put it in quotes: \"{}\"", scalar.raw)));
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.fill(&format!("{path}.{index}"), item);
                }
            }
            Value::Map(entries) => {
                for (key, child) in entries {
                    let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                    self.key(&path, key);
                    self.fill(&path, child);
                }
            }
        }
    }

    fn fill_text(&mut self, path: &str, line: u32, scalar: &mut Scalar) {
        const DOLLAR: &str = "write `$$` for a dollar sign, and `${NAME}` or `${NAME:-default}` for a variable";
        match fill(&scalar.text, self.env) {
            Ok(_) if self.filled > MAX_FILLED => {}
            Ok(filled) => {
                self.filled += filled.text.len();
                if self.filled > MAX_FILLED {
                    self.report(path, line, "variables make this file larger than any recipe", None);
                }
                self.not_of_a_shell(path, line, &scalar.text);
                if let Some(error) = filled.passed_over {
                    let what = format!("{error}: docker drops it, because a variable follows");
                    self.warn(path, line, what, DOLLAR);
                }
                scalar.raw = std::mem::replace(&mut scalar.text, filled.text);
                scalar.substituted = true;
            }
            Err(InterpolationError::Required { name, message }) => {
                let what = format!("`${{{name}:?{message}}}`: abra has no required variables");
                self.report(path, line, what, Some(&format!("give {name} a value in .env.sample")));
            }
            Err(error @ InterpolationError::NotAVariable { .. }) => {
                self.report(path, line, error.to_string(), Some(DOLLAR));
            }
            Err(error @ InterpolationError::TooLong) => self.report(path, line, error.to_string(), None),
        }
    }

    /// Warns of a variable that has a value on every machine, but none in the app's settings.
    fn not_of_a_shell(&mut self, path: &str, line: u32, text: &str) {
        let unset = |name: &&str| OF_A_SHELL.contains(name) && !self.env.contains_key(*name);
        let names = uses(text).into_iter().filter(|(_, default)| default.is_none()).map(|(name, _)| name);
        if let Some(name) = names.into_iter().find(unset) {
            let what = format!("{name} is not in .env.sample and empty here, whatever the machine's own {name} is");
            self.warn(path, line, what, &format!("write the value, or set {name} in .env.sample"));
        }
    }

    /// A key has to be a text for docker, and the JSON that it is handed in has keys of one line.
    fn key(&mut self, path: &str, key: &Key) {
        let length: usize = key.name.chars().map(|letter| if letter.is_ascii() { 1 } else { 10 }).sum();
        if length > MAX_KEY {
            let what = format!("a key of {} letters", key.name.chars().count());
            let hint = "make it shorter: readers of YAML stop looking for its colon";
            self.problems.push(Problem::error(self.file, what).line(key.line).hint(hint));
        }
        if !key.plain {
            return;
        }
        self.not_a_boolean(path, key.line, &key.name);
        if key.name == "null" || key.name.is_empty() || plain(&key.name).kind != ScalarKind::Text {
            let what = format!("the key `{}` is no text", key.name);
            self.report(path, key.line, what, Some(&format!("put it in quotes: \"{}\"", key.name)));
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

    /// Reports an error at a line that is no key's.
    pub(super) fn report_line(&mut self, line: u32, what: impl Into<String>, hint: Option<&str>) {
        let problem = Problem::error(self.file, what).line(line);
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

    /// Calls `read` with each key of a mapping, its path and its node.
    pub(super) fn each_key(&mut self, path: &str, node: &Node, mut read: impl FnMut(&mut Self, &str, &str, &Node)) {
        for (key, child) in map(node) {
            let path = format!("{path}.{}", key.name);
            self.note(&path, key.line);
            read(self, &key.name, &path, child);
        }
    }

    /// A text or number, for places where the loader takes both; a number loses its notation, which is worth a warning.
    fn text_or_number(&mut self, path: &str, node: &Node) -> Option<String> {
        match &node.value {
            Value::Scalar(scalar @ Scalar { kind: ScalarKind::Number | ScalarKind::Time, .. }) => {
                if scalar.text != scalar.raw {
                    let what = format!("`{}` is read as {}", scalar.raw, scalar.text);
                    self.warn(path, node.line, what, &format!("put it in quotes: \"{}\"", scalar.raw));
                }
                Some(scalar.text.clone())
            }
            Value::Scalar(_) | Value::Null | Value::List(_) | Value::Map(_) => text(node),
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
                for item in items {
                    let Some(text) = text(item) else { continue };
                    let (key, value) = match text.split_once('=') {
                        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                        None => (text, None),
                    };
                    let path = format!("{path}.{key}");
                    self.note(&path, item.line);
                    if pairs.get(&key).is_some_and(|earlier| *earlier != value) {
                        let hint = "keep one of the two";
                        self.warn(
                            &path,
                            item.line,
                            "is given twice in this list, and the earlier value does not count",
                            hint,
                        );
                    }
                    pairs.insert(key, value);
                }
            }
            Value::Null | Value::Scalar(_) => {}
        }
        pairs
    }

    /// Labels: pairs, with nothing for a key without value.
    pub(super) fn labels(&mut self, path: &str, node: &Node) -> BTreeMap<String, String> {
        self.pairs(path, node).into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect()
    }

    /// Variables: a key without value, or with an empty one, takes it from the app's environment where that has it.
    pub(super) fn environment(&mut self, path: &str, node: &Node) -> BTreeMap<String, Option<String>> {
        let pairs = self.pairs(path, node).into_iter().map(|(key, value)| self.looked_up(key, value));
        let pairs: BTreeMap<String, Option<String>> = pairs.collect();
        let empty = |value: &Option<String>| value.as_ref().is_none_or(String::is_empty);
        for (key, _) in pairs.iter().filter(|(key, value)| is_reserved(key) && empty(value)) {
            let what = format!("`{key}` without a value may be taken from the machine that deploys");
            self.report(&format!("{path}.{key}"), node.line, what, Some("give it a value"));
        }
        pairs
    }

    /// A variable as the loader sets it: what is empty counts as not given.
    pub(super) fn looked_up(&self, key: String, value: Option<String>) -> (String, Option<String>) {
        let given = value.as_ref().is_some_and(|text| !text.is_empty());
        let value = if given { value } else { self.env.get(&key).cloned().or(value) };
        (key, value)
    }
}

// What is not of the shape that is wanted is nothing here: the schema has reported it.

/// The entries of a mapping.
pub(super) fn map(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Null | Value::Scalar(_) | Value::List(_) => &[],
    }
}

/// The items of a list.
pub(super) fn list(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Null | Value::Scalar(_) | Value::Map(_) => &[],
    }
}

/// A text.
pub(super) fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(Scalar { text, kind: ScalarKind::Text, .. }) => Some(text.clone()),
        Value::Null | Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// A text that means nothing when it is empty.
pub(super) fn filled_text(node: &Node) -> Option<String> {
    text(node).filter(|text| !text.is_empty())
}

/// A list of texts.
pub(super) fn texts(node: &Node) -> Vec<String> {
    list(node).iter().filter_map(text).collect()
}

/// A whole number from 0 on.
pub(super) fn number(node: &Node) -> Option<u64> {
    match &node.value {
        Value::Scalar(scalar) => scalar.whole().and_then(|whole| u64::try_from(whole).ok()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Scalar(scalar @ Scalar { kind: ScalarKind::Boolean, .. }) => Some(scalar.text == "true"),
        Value::Null | Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// A duration such as `30s`.
pub(super) fn duration(node: &Node) -> Option<Duration> {
    text(node).and_then(|text| parse_duration(&text))
}
