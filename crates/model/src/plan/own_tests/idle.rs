//! Programs of the tests folder that nothing runs: without them a run shows less than their author believes (RUN-6).

use super::{MODE, OwnTests, is_program, names_a_test, stem};
use crate::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};

/// How deep below the tests folder a program is looked at: what lies deeper was put there by a package manager.
const DEEPEST: usize = 2;

/// Endings of files that are written for people. What they tell somebody to run by hand is run by nobody else.
const PROSE: [&str; 4] = [".md", ".txt", ".rst", ".adoc"];

/// Where one would look for a program's name when something runs it.
type Texts<'a> = BTreeMap<&'a str, &'a str>;

/// Whether a file that is no test and no hook may be a program that was meant to be one.
pub(super) fn may_be(path: &str, executable: bool) -> bool {
    let (folders, name) = path.rsplit_once('/').map_or((None, path), |(folders, name)| (Some(folders), name));
    let mut folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    let (depth, hidden) = (folders.clone().count(), folders.any(|folder| folder.starts_with(['.', '_'])));
    let meant = executable || (is_program(name) && names_a_test(name));
    meant && depth <= DEEPEST && !hidden && !name.starts_with('.')
}

/// Those of `programs` that nothing runs: no test and no hook names them, and nothing that one of these names does.
pub(super) fn unused<'p>(own: &OwnTests, programs: &'p [String], texts: &Texts<'_>) -> Vec<&'p str> {
    let of_people = |path: &str| PROSE.iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    let (mut idle, mut used): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for program in programs.iter().map(String::as_str) {
        // What is no text and has no program's ending is data whose mode nobody looked at.
        let begins = texts.get(program).is_some_and(|text| text.starts_with("#!"));
        if begins || is_program(program) {
            idle.push(program);
        }
    }
    let meant: BTreeSet<&str> = idle.iter().copied().collect();
    used.extend(texts.keys().filter(|path| own.runs(path) || !(meant.contains(*path) || of_people(path))));
    while let Some(user) = used.pop() {
        let Some(text) = texts.get(user) else { continue };
        let (named, unnamed): (Vec<&str>, Vec<&str>) = idle.into_iter().partition(|program| names(text, program));
        used.extend(named);
        idle = unnamed;
    }
    idle
}

/// Why such a program does not run, and what to do about it.
pub(super) fn words(path: &str) -> (&'static str, &'static str) {
    match path.split_once('/') {
        None if Tier::parse(stem(path)).is_ok() => ("not executable", MODE),
        None => {
            let why = "no tier has this name, and no test and no hook names it";
            (why, "name it for its tier (install, upgrade, backup, restore), or move it to the folder `custom`")
        }
        Some(("custom", name)) if !name.contains('/') => ("not executable", MODE),
        Some(("hooks", _)) => ("hooks lie in `hooks` and in `hooks/host`", "move it there"),
        Some(_) => {
            let why = "tests run from `tests` and `tests/custom` only, and no test and no hook names it";
            (
                why,
                "move it to the folder `custom`; a hook belongs into `hooks`, and what nobody is to run out of `tests`",
            )
        }
    }
}

/// Whether a text names a program: by its name, by its module's name, or with everything in its folder.
fn names(text: &str, program: &str) -> bool {
    let (folder, name) = program.rsplit_once('/').unwrap_or(("", program));
    let folder = folder.rsplit('/').next().unwrap_or(folder);
    let module = name.strip_suffix(".py");
    has_word(text, name)
        || module.is_some_and(|module| has_word(text, module))
        || (!folder.is_empty() && names_all_of(text, folder))
}

/// Whether a text does something with everything in a folder. The word alone says nothing: folders are called what tests talk about.
fn names_all_of(text: &str, folder: &str) -> bool {
    let inside = ["/*", "/$", "/\"", "/'", "\"/"].map(|sign| format!("{folder}{sign}"));
    let itself = [format!("\"{folder}\""), format!("'{folder}'"), format!("cd {folder}")];
    inside.iter().chain(&itself).any(|form| text.contains(form.as_str()))
        || (["run-parts", "find"].iter().any(|program| has_word(text, program)) && has_word(text, folder))
}

/// Whether a text holds a name that is no part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    text.match_indices(word).any(|(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        // The full stop of a sentence ends a name, that of a further ending does not.
        !before.ends_with(joins)
            && !after.starts_with(joins)
            && !after.strip_prefix('.').is_some_and(|end| end.starts_with(joins))
    })
}
