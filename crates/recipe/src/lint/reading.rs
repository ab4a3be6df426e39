//! A recipe as lint reads it: also one that cannot be deployed, and with each of its optional compose files.

use crate::Recipe;
use crate::abra_sh::AbraSh;
use crate::compose::Compose;
use crate::env_sample::{EnvSample, Presence, Quotes, expand_value};
use crate::recipe::{compose_files, stack_name};
use crate::source::{Files, Problem, Topic};
use crate::yaml;
use std::collections::{BTreeMap, BTreeSet};

/// The list of compose files, in the app's environment.
const LIST: &str = "COMPOSE_FILE";

/// The most choices of compose files that are read: real recipes have under twenty, and each costs a reading.
const MAX_CHOICES: usize = 64;

/// The most entries that all choices hold together: real recipes have a tenth of it.
const MAX_ENTRIES: usize = 20_000;

/// A recipe at one commit, read leniently.
#[derive(Debug)]
pub struct Reading<'a> {
    /// Its files.
    pub files: &'a Files,
    /// Its `.env.sample`.
    pub sample: EnvSample,
    /// Its `abra.sh`.
    pub abra_sh: AbraSh,
    /// The stack name that stands in for an operator's.
    pub stack: String,
    /// The compose files that are deployed by default, and after them each documented or possible choice of more.
    pub sets: Vec<Set>,
    /// Every compose file in the recipe's root, merged: what abra lints.
    pub all: Compose,
}

/// Compose files that are deployed together.
#[derive(Debug)]
pub struct Set {
    /// Their names, in the order in which they are merged.
    pub names: Vec<String>,
    /// The merged files.
    pub compose: Compose,
    /// What reading them finds wrong. Beyond the default choice, only what the further files add.
    pub problems: Vec<Problem>,
    /// The environment they are filled in with.
    pub env: BTreeMap<String, String>,
}

impl<'a> Reading<'a> {
    /// Reads the files of the recipe `name`.
    #[must_use]
    pub fn of(name: &str, files: &'a Files) -> Self {
        let sample = files.text(super::SAMPLE).map_or_else(EnvSample::default, |text| EnvSample::read("", text).0);
        let abra_sh = files.text("abra.sh").map_or_else(AbraSh::default, |text| AbraSh::read("", text).0);
        let stack = stack_name(name);
        let given = BTreeMap::from([("STACK_NAME".to_owned(), stack.clone())]);
        let exports = abra_sh.exports.iter().map(|export| (export.name.clone(), export.value.clone()));
        let mut env = sample.resolve(&given);
        env.extend(exports);

        let default = compose_files(&env);
        let mut sets = vec![set(name, files, &default, &given, &env)];
        let (optional, full) = with_optional(&sample, &given, &env);
        let (choices, unread) = within_bounds(choices(&sample, &env, files, &default), files);
        sets[0].problems.extend(unread);
        for names in choices {
            let mut wider = set(name, files, &names, &optional, &full);
            wider.problems.retain(|problem| !sets[0].problems.contains(problem));
            sets.push(wider);
        }
        let root: Vec<String> = files.texts.keys().filter(|path| is_root_compose(path)).cloned().collect();
        let (all, _) = Compose::read(files, &root, &env);
        Self { files, sample, abra_sh, stack, sets, all }
    }

    /// The files that are deployed by default.
    #[must_use]
    pub fn default(&self) -> &Set {
        // `of` makes it first, and nothing else makes a reading.
        &self.sets[0]
    }

    /// Whether any compose file lies in the recipe's root.
    pub(super) fn has_root_compose(&self) -> bool {
        self.files.texts.keys().any(|path| is_root_compose(path))
    }

    /// Problems of one topic in the default files.
    pub(super) fn problems(&self, topic: Topic) -> impl Iterator<Item = &Problem> {
        self.default().problems.iter().filter(move |problem| problem.topic == topic)
    }

    /// Problems of one topic in any choice of files, each once.
    pub(super) fn problems_anywhere(&self, topic: Topic) -> Vec<&Problem> {
        let mut found: Vec<&Problem> = Vec::new();
        for problem in self.sets.iter().flat_map(|set| &set.problems).filter(|problem| problem.topic == topic) {
            if !found.contains(&problem) {
                found.push(problem);
            }
        }
        found
    }

    /// The compose files of any choice, each once, with their texts.
    pub(super) fn compose_texts(&self) -> Vec<(&str, &str)> {
        let names: BTreeSet<&str> = self.sets.iter().flat_map(|set| &set.names).map(String::as_str).collect();
        names.into_iter().filter_map(|name| Some((name, self.files.text(name)?))).collect()
    }

    /// The lines of the compose files without comments: file, line and text.
    pub(super) fn compose_lines(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.compose_texts().into_iter().flat_map(|(name, text)| {
            let lines = text.lines().zip(1_u32..);
            let code = lines.filter(|(line, _)| !line.trim_start().starts_with('#'));
            code.map(move |(line, number)| (name, number, line.split(" #").next().unwrap_or(line)))
        })
    }

    /// The text of one line.
    pub(super) fn line(&self, file: &str, line: u32) -> &str {
        let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        self.files.text(file).and_then(|text| text.lines().nth(at)).unwrap_or_default()
    }
}

fn set(
    name: &str,
    files: &Files,
    names: &[String],
    given: &BTreeMap<String, String>,
    env: &BTreeMap<String, String>,
) -> Set {
    let mut given = given.clone();
    given.insert(LIST.to_owned(), names.join(":"));
    let problems = match Recipe::read(name, files, &given, &[]) {
        Ok((_, problems)) | Err(problems) => problems,
    };
    let (compose, _) = Compose::read(files, names, env);
    Set { names: names.to_vec(), compose, problems, env: env.clone() }
}

/// What an operator gives who uncomments every optional line, and the environment that results.
fn with_optional(
    sample: &EnvSample,
    given: &BTreeMap<String, String>,
    env: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut optional, mut full) = (given.clone(), env.clone());
    for entry in sample.entries.iter().filter(|entry| entry.presence == Presence::Optional && entry.key != LIST) {
        if full.contains_key(&entry.key) {
            continue;
        }
        let value = match entry.quotes {
            Quotes::Single => entry.text.clone(),
            Quotes::None | Quotes::Double => expand_value(&entry.text, &full),
        };
        optional.insert(entry.key.clone(), value.clone());
        full.insert(entry.key.clone(), value);
    }
    (optional, full)
}

/// Lists beyond the default: those in commented lines of the sample, and each file that no list names on top of the default.
fn choices(sample: &EnvSample, env: &BTreeMap<String, String>, files: &Files, default: &[String]) -> Vec<Vec<String>> {
    let mut lists: Vec<Vec<String>> = Vec::new();
    let documented = sample.entries.iter().filter(|entry| entry.key == LIST && entry.presence == Presence::Optional);
    let mut effective = env.clone();
    effective.insert(LIST.to_owned(), default.join(":"));
    for entry in documented.take(MAX_CHOICES + 1) {
        let text = expand_value(&entry.text, &effective);
        let names = compose_files(&BTreeMap::from([(LIST.to_owned(), text)]));
        let names: Vec<String> = names.into_iter().filter(|name| files.text(name).is_some()).collect();
        if !names.is_empty() && names != default && !lists.contains(&names) {
            lists.push(names);
        }
    }
    let known: BTreeSet<&String> = default.iter().chain(lists.iter().flatten()).collect();
    let others = files.texts.keys().filter(|path| is_compose(path) && !known.contains(path));
    let alone: Vec<Vec<String>> = others.map(|path| default.iter().chain([path]).cloned().collect()).collect();
    lists.extend(alone);
    lists
}

/// The first of those choices that can be read in a reasonable time, and a problem when there are more.
fn within_bounds(mut choices: Vec<Vec<String>>, files: &Files) -> (Vec<Vec<String>>, Option<Problem>) {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut room = MAX_ENTRIES;
    let mut fits = |names: &Vec<String>| {
        let entries = names
            .iter()
            .map(|name| *known.entry(name.clone()).or_insert_with(|| files.text(name).map_or(0, yaml::entries)));
        let left = room.checked_sub(entries.fold(0, usize::saturating_add));
        room = left.unwrap_or_default();
        left.is_some()
    };
    let fitting = choices.iter().take(MAX_CHOICES).take_while(|names| fits(names)).count();
    let unread = choices.get(fitting).and_then(|names| names.last()).map(|name| {
        let more = choices.len() - fitting - 1;
        let what = format!(
            "was not read, nor were {more} more choices of compose files: there are too many, or they are too large"
        );
        Problem::error(name.as_str(), what).hint("remove what is not used, or share less by anchors")
    });
    choices.truncate(fitting);
    (choices, unread)
}

/// What abra's pattern for compose files matches.
fn is_root_compose(path: &str) -> bool {
    path.starts_with("compose") && path.ends_with(".yml") && !path.contains('/')
}

fn is_compose(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let of_tests = path.starts_with("tests/") || path.starts_with('.');
    is_root_compose(name) && !of_tests
}

/// What the sample's lists name, commented lines included: the line and each file.
pub(super) fn listed<'s>(reading: &'s Reading<'_>) -> impl Iterator<Item = (u32, Presence, Vec<String>)> + 's {
    let entries = reading.sample.entries.iter().filter(|entry| entry.key == LIST);
    entries.map(|entry| {
        let names = entry.text.split(':').map(str::trim);
        let names = names.filter(|name| !name.is_empty() && !name.contains('$')).map(str::to_owned).collect();
        (entry.line, entry.presence, names)
    })
}
