//! Finds the recipe's own tests and hooks among the names in its tests folder. Pure: names in, a list per tier out.

mod content;
mod idle;
pub mod reads;
#[cfg(test)]
mod tests;

use super::hook::{Approval, Hook, HookPlace, HookTime};
use super::origin::Origin;
use crate::tier::Tier;
use cc_ci_recipe::source::{Problem, nearest};
use reads::Reads;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The folder of a recipe that holds them.
pub const FOLDER: &str = "tests";

/// What a file of the tests folder is run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runner {
    /// `*.hurl`: a file of HTTP requests and assertions.
    Hurl,
    /// `test_*.py`: pytest, which tells its test functions apart.
    Pytest,
    /// `browser_*.py`: pytest with Playwright and a browser.
    Browser,
    /// Anything that can be executed.
    Executable,
}

impl Runner {
    /// The runner of a file by its name.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        match name.ends_with(".py") {
            _ if name.ends_with(".hurl") => Self::Hurl,
            true if name.starts_with("test_") => Self::Pytest,
            true if name.starts_with("browser_") => Self::Browser,
            true | false => Self::Executable,
        }
    }

    /// Whether a file of this kind runs without an execute bit.
    fn needs_no_mode(self) -> bool {
        match self {
            Self::Hurl | Self::Pytest | Self::Browser => true,
            Self::Executable => false,
        }
    }
}

/// What a tests folder holds; paths are below that folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnTests {
    /// Tests by the tier they run in, in running order.
    pub tests: BTreeMap<Tier, Vec<String>>,
    /// Hooks that run, by when and where; those on the host come first.
    pub hooks: BTreeMap<(HookTime, HookPlace), String>,
    /// Hooks that would run on the host and may not.
    pub denied: Vec<Hook>,
    /// Files that do not run and need not, with the reason.
    pub ignored: Vec<(String, &'static str)>,
    /// Files that make the folder unusable.
    pub refused: Vec<Problem>,
    /// What tests and hooks read, by path, of those that were looked into.
    pub reads: BTreeMap<String, BTreeSet<Reads>>,
    /// Programs that are neither tests nor hooks, and may have been meant to be.
    idle: Vec<String>,
}

impl OwnTests {
    /// Sorts the files of a tests folder: `(path below it, whether it is executable)`.
    pub fn find<'a>(files: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        let mut found = Self::default();
        let mut files: Vec<(&str, bool)> = files.into_iter().collect();
        files.sort_unstable();
        for (path, executable) in files {
            found.sort_in(path, executable);
        }
        found
    }

    fn sort_in(&mut self, path: &str, executable: bool) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let runner = Runner::of(path);
        let runs = executable || runner.needs_no_mode();
        match folder {
            _ if runner != Runner::Hurl && name.to_ascii_lowercase().ends_with(".hurl") => {
                self.unrun(path, "the ending of Hurl files is `.hurl`", "rename it");
            }
            "" => self.of_tier(path, name, runner, runs),
            "custom" => {
                if runs {
                    self.tests.entry(Tier::Custom).or_default().push(path.to_owned());
                } else if is_program(name) && (!name.ends_with(".py") || names_a_test(name)) {
                    self.unrun(path, "not executable", MODE);
                } else if is_program(name) {
                    // A module that tests beside it import.
                    self.ignore(path, "not executable");
                } else {
                    self.idle.push(path.to_owned());
                }
            }
            "hooks" => self.hook(path, name, HookPlace::Sandbox, executable || runner == Runner::Hurl),
            // On the host there is nothing but the file itself.
            "hooks/host" => self.hook(path, name, HookPlace::Host, executable && runner != Runner::Hurl),
            _ if runner == Runner::Hurl => {
                self.unrun(path, "Hurl files run from `tests` and `tests/custom` only", "move it there");
            }
            _ if runner != Runner::Executable => {
                self.unrun(path, "pytest files run from `tests` and `tests/custom` only", "move it there");
            }
            _ if idle::may_be(path, executable) => self.idle.push(path.to_owned()),
            _ => {}
        }
    }

    fn of_tier(&mut self, path: &str, name: &str, runner: Runner, runs: bool) {
        let stem = stem(name);
        let tier = match runner {
            Runner::Pytest => stem.strip_prefix("test_").unwrap_or(stem),
            Runner::Browser => stem.strip_prefix("browser_").unwrap_or(stem),
            Runner::Hurl | Runner::Executable => stem,
        };
        match Tier::parse(tier) {
            Ok(tier @ (Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Restore)) if runs => {
                self.tests.entry(tier).or_default().push(path.to_owned());
            }
            Ok(Tier::Custom) if runs => {
                self.unrun(path, "tests of the custom tier belong into the folder `custom`", "move it there");
            }
            Ok(_) if is_program(name) => self.unrun(path, "not executable", MODE),
            Err(_) if runner != Runner::Executable || (is_program(name) && names_a_test(name)) => {
                let hint = "name it for its tier, or move it to the folder `custom`";
                self.unrun(path, "no tier has this name: install, upgrade, backup, restore", hint);
            }
            Ok(_) => self.idle.push(path.to_owned()),
            Err(_) if idle::may_be(path, runs) => self.idle.push(path.to_owned()),
            Err(_) => {}
        }
    }

    /// A hook that is there to run and cannot is refused: without it the run would be another one.
    fn hook(&mut self, path: &str, name: &str, place: HookPlace, runs: bool) {
        let times = HookTime::ALL.map(HookTime::word);
        match HookTime::parse(stem(name)) {
            Some(time) if runs => match self.hooks.entry((time, place)) {
                Entry::Vacant(free) => {
                    free.insert(path.to_owned());
                }
                Entry::Occupied(_) => self.ignore(path, "another hook for the same moment comes first"),
            },
            Some(_) if place == HookPlace::Host && name.ends_with(".hurl") => self.refuse(
                path,
                "Hurl files do not run on the host".to_owned(),
                "put it into `hooks`: there it runs in the sandbox".to_owned(),
            ),
            Some(_) => self.refuse(
                path,
                "a hook that is not executable".to_owned(),
                "make it so with `chmod +x`; git keeps that bit".to_owned(),
            ),
            None if runs || is_program(name) => {
                let hint = match nearest(stem(name), times) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the moments are {}", times.join(", ")),
                };
                self.refuse(path, format!("no moment has the name `{}`", stem(name)), hint);
            }
            // Data for the hooks beside it.
            None => {}
        }
    }

    /// A test that is there to run and does not is refused: without it the run would show less than its author believes.
    fn unrun(&mut self, path: &str, why: &str, hint: &str) {
        self.refuse(path, format!("looks like a test and does not run: {why}"), hint.to_owned());
    }

    fn refuse(&mut self, path: &str, what: String, hint: String) {
        self.refused.push(Problem::error(format!("{FOLDER}/{path}"), what).hint(hint));
    }

    fn ignore(&mut self, path: &str, why: &'static str) {
        self.ignored.push((path.to_owned(), why));
    }

    /// Looks into the files of the folder, as far as they have a text: refuses tests that hold nothing to run, which pass whatever
    /// the app does, and programs that nothing runs; learns what tests and hooks read.
    #[must_use]
    pub fn with_texts(mut self, texts: &BTreeMap<&str, &str>) -> Self {
        let paths: Vec<String> = self.tests.values().flatten().cloned().collect();
        for path in paths {
            if let Some(what) = texts.get(path.as_str()).and_then(|text| content::lacking(Runner::of(&path), text)) {
                self.refuse(&path, format!("looks like a test and shows nothing: {what}"), FILL.to_owned());
            }
        }
        let programs = std::mem::take(&mut self.idle);
        for path in idle::unused(&self, &programs, texts) {
            let (why, hint) = idle::words(path);
            self.unrun(path, why, hint);
        }
        let beside: Vec<&str> = texts.iter().filter(|(path, _)| !self.runs(path)).map(|(_, text)| *text).collect();
        self.with_reads(|path| texts.get(path).copied(), beside)
    }

    /// These and those of a second folder, whose paths get `prefix`. Of two hooks for one moment and place the second
    /// folder's runs.
    #[must_use]
    pub fn and(mut self, prefix: &str, more: Self) -> Self {
        let prefixed = |path: String| format!("{prefix}/{path}");
        for (tier, paths) in more.tests {
            self.tests.entry(tier).or_default().extend(paths.into_iter().map(prefixed));
        }
        for (when, path) in more.hooks {
            if let Some(other) = self.hooks.insert(when, prefixed(path)) {
                self.ignore(&other, "another hook for the same moment comes first");
            }
        }
        self.ignored.extend(more.ignored.into_iter().map(|(path, why)| (prefixed(path), why)));
        self.reads.extend(more.reads.into_iter().map(|(path, reads)| (prefixed(path), reads)));
        let below = |problem: Problem| {
            let file = problem
                .file
                .strip_prefix(FOLDER)
                .map_or(problem.file.clone(), |rest| format!("{FOLDER}/{prefix}{rest}"));
            Problem { file, ..problem }
        };
        self.refused.extend(more.refused.into_iter().map(below));
        self
    }

    /// Takes those hooks out that may not run; answers with a note for each file that will not.
    pub fn apply(&mut self, approval: &Approval) -> Vec<String> {
        let mut notes: Vec<String> =
            self.ignored.iter().map(|(path, why)| format!("{FOLDER}/{path} does not run: {why}")).collect();
        match approval {
            Approval::By(_) => {}
            Approval::No => {
                for ((time, place), path) in std::mem::take(&mut self.hooks) {
                    match place {
                        HookPlace::Sandbox => {
                            self.hooks.insert((time, place), path);
                        }
                        HookPlace::Host => self.denied.push(Hook { time, place, path }),
                    }
                }
                notes.extend(self.denied.iter().map(|hook| {
                    let path = &hook.path;
                    format!(
                        "{FOLDER}/{path} was denied and does not run: hooks run on the host only with --trust-hooks, or where \
                         policy.toml has `host-hooks = true` for the recipe"
                    )
                }));
            }
        }
        notes
    }

    /// The recipe's own tests that an older tree has and this one has not, of tiers that have fewer of them than before: one that got
    /// another name is not gone.
    #[must_use]
    pub fn gone_since(&self, older: &Self) -> BTreeMap<Tier, Vec<String>> {
        let own = |of: &Self, tier: &Tier| -> BTreeSet<String> {
            let paths = of.tests.get(tier).into_iter().flatten();
            paths.filter(|path| Origin::of(path) == Origin::Recipe).cloned().collect()
        };
        let tiers = older.tests.keys().map(|tier| (*tier, own(older, tier), own(self, tier)));
        let fewer = tiers.filter(|(_, before, now)| now.len() < before.len());
        fewer.map(|(tier, before, now)| (tier, before.difference(&now).cloned().collect())).collect()
    }

    /// Hooks of an older tree for whose moment and place this one has none, allowed or not.
    pub fn hooks_gone_since<'o>(&self, older: &'o Self) -> impl Iterator<Item = &'o str> {
        let is_denied = |when: &(HookTime, HookPlace)| self.denied.iter().any(|hook| (hook.time, hook.place) == *when);
        let gone = older.hooks.iter().filter(move |(when, _)| !self.hooks.contains_key(when) && !is_denied(when));
        gone.map(|(_, path)| path.as_str())
    }

    /// What the hooks change, for the manifest: which and where, and by whose word; those that may not run as well.
    #[must_use]
    pub fn manifest(&self, approval: &Approval) -> BTreeMap<String, String> {
        let line = |time: HookTime, what: &str| format!("hook {time}{what}");
        let runs = self.hooks.iter().map(|((time, place), path)| match (place, approval) {
            (HookPlace::Sandbox, _) => (line(*time, ""), path.clone()),
            (HookPlace::Host, Approval::By(who)) => (line(*time, " on the host"), format!("{path}, approved by {who}")),
            (HookPlace::Host, Approval::No) => (line(*time, " on the host"), format!("{path}, approved by nobody")),
        });
        let denied = self.denied.iter().map(|hook| (line(hook.time, " on the host"), format!("{}, denied", hook.path)));
        runs.chain(denied).collect()
    }
}

/// Endings of programs.
const PROGRAMS: [&str; 12] =
    [".sh", ".py", ".bash", ".pl", ".rb", ".js", ".mjs", ".ts", ".php", ".bats", ".exp", ".zsh"];

/// What to do about a test without an execute bit.
const MODE: &str =
    "make it so with `chmod +x`; git keeps that bit. A file that tests read belongs into a folder of its own";

const FILL: &str = "write the test, or remove the file";

/// Whether a file is called a test: `login_test.py`, `LoginTest.js`, `login.spec.ts`.
fn names_a_test(name: &str) -> bool {
    let called = name.rsplit_once('.').map_or(name, |(called, _)| called);
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in called.chars() {
        if ['_', '-', '.'].contains(&letter) || (before.is_lowercase() && letter.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.iter().any(|word| ["test", "tests", "spec"].contains(&word.as_str()))
}

fn stem(name: &str) -> &str {
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether a name promises something to run, so that a missing mode bit is worth a word.
fn is_program(name: &str) -> bool {
    let of_pytest = ["conftest.py", "__init__.py"].contains(&name);
    !of_pytest && PROGRAMS.iter().any(|end| name.ends_with(end))
}
