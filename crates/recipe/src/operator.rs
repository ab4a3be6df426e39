//! What an operator's app has when a newer version is deployed over it, and what that version wants beyond it (ENV-1).
//!
//! An operator's environment was made from the `.env.sample` of the version they installed. A line that is new in a later
//! sample is not there for them until they write it, so a test must not give it to the app either.

use crate::content::is_compose;
use crate::env_sample::EnvSample;
use crate::interpolate::uses;
use crate::recipe::{Environment, compose_files};
use crate::source::Files;
use serde::Serialize;
use std::collections::BTreeMap;

const SAMPLE: &str = ".env.sample";

/// The folder with abra's release notes, one file for each version.
const NOTES: &str = "release/";

/// Something in a newer `.env.sample` that apps made from an older one do not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct News {
    /// The variable.
    pub name: String,
    /// Its line in the newer sample.
    pub line: u32,
    /// What is new about it.
    pub what: NewsKind,
    /// The release note that mentions it.
    pub note: Option<String>,
}

/// What is new about a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewsKind {
    /// The variable itself.
    Variable,
    /// It is the version of a secret that has to be made.
    Secret {
        /// The version in the sample.
        version: String,
    },
    /// Its value, where apps keep the older one: a list of compose files, or a secret's version.
    Value {
        /// What apps have.
        before: String,
        /// What the newer sample says.
        after: String,
    },
}

impl News {
    /// What is new and whether a release note says so, in one sentence without its full stop.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { name, line, what, note } = self;
        let what = match what {
            NewsKind::Variable => format!("{name} is new ({SAMPLE}, line {line})"),
            NewsKind::Secret { version } => {
                format!("{name} is new ({SAMPLE}, line {line}): a secret has to be made, as version {version}")
            }
            NewsKind::Value { before, after } => {
                format!("{name} is now `{after}` ({SAMPLE}, line {line}), apps made before have `{before}`")
            }
        };
        match note {
            Some(note) => format!("{what}; {note} mentions it"),
            None => format!("{what}; no release note mentions it"),
        }
    }
}

/// What is new in the `.env.sample` of `head` for apps that were made from `base`.
///
/// A variable that every compose file reads with a default is no news: apps do without it.
#[must_use]
pub fn news(base: &Files, head: &Files) -> Vec<News> {
    let sample =
        |files: &Files| files.text(SAMPLE).map_or_else(EnvSample::default, |text| EnvSample::read(SAMPLE, text).0);
    let (older, newer) = (sample(base), sample(head));
    let (before, after) = (older.resolve(&Environment::new()), newer.resolve(&Environment::new()));
    let mut found: BTreeMap<&str, News> = BTreeMap::new();
    for entry in newer.in_force() {
        let name = entry.key.as_str();
        let value = after.get(name).cloned().unwrap_or_default();
        let is_secret = name.starts_with("SECRET_") && name.ends_with("_VERSION");
        let what = match before.get(name) {
            None if is_secret => NewsKind::Secret { version: value },
            None if name == "COMPOSE_FILE" => {
                let default = compose_files(&Environment::new()).join(":");
                if value == default {
                    continue;
                }
                NewsKind::Value { before: default, after: value }
            }
            None if has_default(head, name) => continue,
            None => NewsKind::Variable,
            Some(kept) if (is_secret || name == "COMPOSE_FILE") && *kept != value => {
                NewsKind::Value { before: kept.clone(), after: value }
            }
            Some(_) => continue,
        };
        let note = note_about(base, head, name);
        found.insert(name, News { name: name.to_owned(), line: entry.line, what, note });
    }
    let mut found: Vec<News> = found.into_values().collect();
    found.sort_by_key(|news| news.line);
    found
}

/// Whether the compose files read a variable, and never without a default.
fn has_default(files: &Files, name: &str) -> bool {
    let texts = files.texts.iter().filter(|(path, _)| is_compose(path));
    let lines = texts.flat_map(|(_, text)| text.lines()).filter(|line| !line.trim_start().starts_with('#'));
    let mut reads = lines.flat_map(uses).filter(|(read, _)| *read == name).peekable();
    reads.peek().is_some() && reads.all(|(_, default)| default.is_some())
}

/// The release note that mentions a variable: the draft, or one that is new or changed since `base`.
fn note_about(base: &Files, head: &Files, name: &str) -> Option<String> {
    let is_word = |text: &str| text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).any(|word| word == name);
    let notes = head.texts.iter().filter(|(path, _)| path.starts_with(NOTES));
    let fresh = notes.filter(|(path, text)| path.ends_with("/next") || base.text(path) != Some(text));
    fresh.into_iter().find(|(_, text)| is_word(text)).map(|(path, _)| path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(sample: &str, more: &[(&str, &str)]) -> Files {
        [(SAMPLE, sample)].into_iter().chain(more.iter().copied()).collect()
    }

    fn told(base: &Files, head: &Files) -> String {
        news(base, head).iter().map(News::words).collect::<Vec<_>>().join("\n")
    }

    const OLD: &str = "TYPE=a\nDOMAIN=a.example\nSECRET_DB_VERSION=v1\n#OPTIONAL=1\n";

    #[test]
    fn what_apps_do_not_have_is_named_and_what_they_have_is_not() {
        let newer = "TYPE=a\nDOMAIN=b.example\nSECRET_DB_VERSION=v2 # length=9\n#OPTIONAL=1\n#ALSO=1\nTOKEN=x\n\
                     SECRET_API_VERSION=v1\nCOMPOSE_FILE=\"compose.yml:compose.db.yml\"\nOPTIONAL=1\n";
        insta::assert_snapshot!(told(&files(OLD, &[]), &files(newer, &[])), @r"
        SECRET_DB_VERSION is now `v2` (.env.sample, line 3), apps made before have `v1`; no release note mentions it
        TOKEN is new (.env.sample, line 6); no release note mentions it
        SECRET_API_VERSION is new (.env.sample, line 7): a secret has to be made, as version v1; no release note mentions it
        COMPOSE_FILE is now `compose.yml:compose.db.yml` (.env.sample, line 8), apps made before have `compose.yml`; no release note mentions it
        OPTIONAL is new (.env.sample, line 9); no release note mentions it
        ");
        assert_eq!(told(&files(OLD, &[]), &files(&format!("{OLD}#NEW=1\nCOMPOSE_FILE=compose.yml\n"), &[])), "");
    }

    #[test]
    fn a_variable_with_a_default_wherever_it_is_read_is_no_news() {
        let with = |compose: &str| told(&files(OLD, &[]), &files(&format!("{OLD}N=1\n"), &[("compose.yml", compose)]));
        assert_eq!(with("a: ${N:-1}\nb: ${N:-2}\n# ${N}\n"), "");
        assert_ne!(with("a: ${N:-1}\nb: ${N}\n"), "");
        assert_ne!(with("a: 1\n"), "");
    }

    #[test]
    fn a_release_note_counts_when_it_is_new_and_names_the_variable() {
        let with = |note: &str, text: &str, before: &[(&str, &str)]| {
            let head = files(&format!("{OLD}TOKEN=1\n"), &[(note, text)]);
            news(&files(OLD, before), &head)[0].note.clone()
        };
        assert_eq!(with("release/next", "Set TOKEN first.", &[]).as_deref(), Some("release/next"));
        assert_eq!(with("release/2.0.0+1", "`TOKEN`", &[]).as_deref(), Some("release/2.0.0+1"));
        assert_eq!(with("release/next", "Set TOKENS or MY_TOKEN.", &[]), None);
        assert_eq!(with("release/1.0.0+1", "TOKEN", &[("release/1.0.0+1", "TOKEN")]), None);
    }
}
