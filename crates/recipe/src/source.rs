//! The recipe tree as text, and the problems that reading it finds.

mod bytes;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bytes::{LONGEST_TEXT, NoText, UnreadFile, read_text};

/// The files of a recipe at one commit, by path relative to the recipe's root. Where they come from (git, a folder, a test)
/// is not this crate's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Path to text. A file whose text cannot be read is there with an empty one.
    pub texts: BTreeMap<String, String>,
    /// The files among them whose text cannot be read.
    pub unread: BTreeMap<String, UnreadFile>,
}

/// What a file holds, for comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileContent<'a> {
    /// Its text.
    Text(&'a str),
    /// The id of its content, where that is no text.
    Object(&'a str),
}

impl Files {
    /// The text at `path`; `./a` and `a` are the same file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(&tidy_path(path)).map(String::as_str)
    }

    /// The text at `path`, `None` where there is no such file.
    ///
    /// # Errors
    /// Fails where there is something at `path` that cannot be read as text.
    pub fn readable(&self, path: &str) -> Result<Option<&str>, Problem> {
        let path = tidy_path(path);
        if let Some(unread) = self.unread.get(&path) {
            return Err(unread.why.problem(&path));
        }
        match self.texts.get(&path) {
            Some(text) => Ok(Some(text)),
            None if self.has(&path) => Err(Problem::error(path, "is a folder")),
            None => Ok(None),
        }
    }

    /// What the file at `path` holds.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<FileContent<'_>> {
        let path = tidy_path(path);
        match self.unread.get(&path) {
            Some(unread) => Some(FileContent::Object(&unread.object)),
            None => self.texts.get(&path).map(|text| FileContent::Text(text)),
        }
    }

    /// How many bytes the file at `path` holds; `None` where there is no such file.
    #[must_use]
    pub fn size(&self, path: &str) -> Option<u64> {
        let path = tidy_path(path);
        let unread = self.unread.get(&path).map(|unread| unread.size);
        unread.or_else(|| self.texts.get(&path).map(|text| text.len() as u64))
    }

    /// Whether the tree has a file, or a folder, at `path`.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let path = tidy_path(path);
        let folder = format!("{path}/");
        self.texts.contains_key(&path) || self.texts.keys().any(|known| known.starts_with(&folder))
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for Files {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        let texts = files.into_iter().map(|(path, text)| (path.into(), text.into())).collect();
        Self { texts, unread: BTreeMap::new() }
    }
}

/// `path` without `.` parts and with `..` parts resolved; a path that leaves the tree keeps its leading `..`.
#[must_use]
pub fn tidy_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// Where the recipe's files lie, for paths that the loader makes absolute.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The recipe's root, absolute.
    pub folder: &'a str,
    /// What the loader puts in place of `~`.
    pub home: Option<&'a str>,
}

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The recipe cannot be deployed as it is written.
    Error,
    /// The recipe deploys, but very likely not as its author meant.
    Warning,
}

/// What a problem is about, as far as a lint rule of its own exists for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topic {
    /// Anything else.
    #[default]
    General,
    /// A file that is not YAML: nothing is known about what stands in it.
    Unreadable,
    /// There is no `.env.sample`.
    NoSample,
    /// There is no service `app`, or no service at all.
    NoApp,
    /// A service without an image.
    NoImage,
    /// A variable in a field that is not a text.
    TypedVariable,
    /// The version variable of a secret or config has no value.
    NoVersion,
    /// A secret that no service uses.
    Unused,
    /// A label outside `deploy`.
    MisplacedLabel,
    /// A backup label that does not do what it says.
    BackupLabel,
    /// A comment behind a value of `.env.sample`.
    Modifier,
}

/// One thing wrong with a recipe: where, what, and what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether the recipe can be used all the same.
    pub severity: Severity,
    /// The file, relative to the recipe's root.
    pub file: String,
    /// The line in that file, counted from 1.
    pub line: Option<u32>,
    /// The key, as a dotted path from the top of the file.
    pub key: Option<String>,
    /// What is wrong, as a lower-case fragment.
    pub what: String,
    /// What to do now, when that is known.
    pub hint: Option<String>,
    /// What it is about.
    #[serde(skip)]
    pub topic: Topic,
}

impl Problem {
    /// A problem that makes the recipe unusable.
    pub fn error(file: impl Into<String>, what: impl Into<String>) -> Self {
        let (file, what) = (file.into(), what.into());
        Self { severity: Severity::Error, file, line: None, key: None, what, hint: None, topic: Topic::General }
    }

    /// A problem that does not stop the recipe from being deployed.
    pub fn warning(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, what) }
    }

    /// The same problem, at this line.
    #[must_use]
    pub fn line(self, line: u32) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The same problem, at this key.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// The same problem, with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same problem, with what it is about.
    #[must_use]
    pub fn topic(self, topic: Topic) -> Self {
        Self { topic, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(out, ", line {line}")?;
        }
        if let Some(key) = &self.key {
            write!(out, ": {key}")?;
        }
        write!(out, ": {}", self.what)?;
        match &self.hint {
            Some(hint) => write!(out, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// How many names are looked through for a near one.
const MOST_NAMES: usize = 200;

/// The name among `known` that `name` was probably meant to be: at most two letters away, and not a wholly different word.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .take(MOST_NAMES)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance * 2 < candidate.chars().count().max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be added, removed, replaced or swapped with their neighbour; names longer than 64 letters are
/// never near.
fn distance(left: &str, right: &str) -> usize {
    let is_long = |name: &str| name.chars().nth(64).is_some();
    if is_long(left) || is_long(right) { usize::MAX } else { strsim::osa_distance(left, right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_place_what_and_hint() {
        let problem = Problem::error("compose.yml", "unknown network `prox`").line(12).key("services.app.networks");
        insta::assert_snapshot!(problem.clone().hint("did you mean `proxy`?"), @r"
        compose.yml, line 12: services.app.networks: unknown network `prox`
        hint: did you mean `proxy`?
        ");
        insta::assert_snapshot!(Problem::warning(".env.sample", "is missing"), @".env.sample: is missing");
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("prox", ["proxy", "internal"]), Some("proxy"));
        assert_eq!(nearest("db", ["app", "web"]), None);
        assert_eq!(nearest("helthcheck", ["healthcheck"]), Some("healthcheck"));
        assert_eq!(nearest("paht", ["path", "statuses"]), Some("path"));
    }

    #[test]
    fn paths_are_compared_tidied() {
        let files: Files = [("conf/a.tmpl", "x")].into_iter().collect();
        assert!(files.has("./conf/../conf/a.tmpl"));
        assert!(files.has("conf"));
        assert!(!files.has("con"));
        assert_eq!(tidy_path("../x"), "../x");
    }
}
