//! Finds the recipe's own tests and hooks among the names in its tests folder. Pure: names in, a list per tier out.

mod content;
pub mod reads;

use super::hook::{Approval, Hook, HookPlace, HookTime};
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
            "" => self.of_tier(path, name, runner, runs),
            "custom" => {
                if runs {
                    self.tests.entry(Tier::Custom).or_default().push(path.to_owned());
                } else if is_program(name) && (!name.ends_with(".py") || names_a_test(name)) {
                    self.unrun(path, "not executable", MODE);
                } else if is_program(name) {
                    // A module that tests beside it import.
                    self.ignore(path, "not executable");
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
            Ok(_) | Err(_) => {}
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

    /// Refuses tests that hold nothing to run: whatever the app does, they pass. `text` is a file's text, if it has one.
    #[must_use]
    pub fn with_content(mut self, text: impl Fn(&str) -> Option<String>) -> Self {
        let paths: Vec<String> = self.tests.values().flatten().cloned().collect();
        for path in paths {
            if let Some(what) = text(&path).and_then(|text| content::lacking(Runner::of(&path), &text)) {
                self.refuse(&path, format!("looks like a test and shows nothing: {what}"), FILL.to_owned());
            }
        }
        self
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

/// What to do about a test without an execute bit.
const MODE: &str =
    "make it so with `chmod +x`; git keeps that bit. A file that tests read belongs into a folder of its own";

const FILL: &str = "write the test, or remove the file";

/// Whether a file is called a test.
fn names_a_test(name: &str) -> bool {
    stem(name).split(['_', '-']).any(|word| ["test", "tests"].contains(&word))
}

fn stem(name: &str) -> &str {
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether a name promises something to run, so that a missing mode bit is worth a word.
fn is_program(name: &str) -> bool {
    let of_pytest = ["conftest.py", "__init__.py"].contains(&name);
    !of_pytest && [".sh", ".py", ".bash", ".pl", ".rb", ".js"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, bool); 25] = [
        ("login.hurl", false),
        ("install.hurl", false),
        ("install.sh", true),
        ("upgrade.py", true),
        ("backup.sh", false),
        ("restore", true),
        ("custom.hurl", false),
        ("README.md", false),
        ("custom/b.hurl", false),
        ("custom/a_login", true),
        ("custom/data.json", false),
        ("custom/late.sh", false),
        ("custom/deep/x.hurl", false),
        ("hooks/pre_upgrade", true),
        ("hooks/pre_custom", true),
        ("hooks/backup_verify.hurl", false),
        ("hooks/install_steps", true),
        ("hooks/install_steps.sh", true),
        ("hooks/host/pre_upgrade", true),
        ("hooks/host/pre_restore.hurl", false),
        ("test_upgrade.py", false),
        ("test_login.py", false),
        ("custom/test_feeds.py", false),
        ("custom/browser_login.py", false),
        ("custom/conftest.py", false),
    ];

    #[test]
    fn tests_are_sorted_by_tier() {
        let found = OwnTests::find(FILES);
        let text: Vec<String> =
            found.tests.iter().map(|(tier, paths)| format!("{tier}: {}", paths.join(" "))).collect();
        assert_eq!(
            text,
            [
                "install: install.hurl install.sh",
                "upgrade: test_upgrade.py upgrade.py",
                "restore: restore",
                "custom: custom/a_login custom/b.hurl custom/browser_login.py custom/test_feeds.py"
            ]
        );
        let hooks: Vec<String> =
            found.hooks.iter().map(|((time, place), path)| format!("{time} {place:?}: {path}")).collect();
        assert_eq!(
            hooks,
            [
                "install_steps Sandbox: hooks/install_steps",
                "pre_upgrade Host: hooks/host/pre_upgrade",
                "pre_upgrade Sandbox: hooks/pre_upgrade",
                "backup_verify Sandbox: hooks/backup_verify.hurl",
            ]
        );
    }

    #[test]
    fn a_second_folder_adds_to_the_first() {
        let more = [("install.hurl", false), ("custom/z.sh", true), ("hooks/pre_upgrade", true), ("backup.sh", false)];
        let both = OwnTests::find(FILES).and("catalogue", OwnTests::find(more));
        assert_eq!(both.tests[&Tier::Install], ["install.hurl", "install.sh", "catalogue/install.hurl"]);
        assert_eq!(
            both.tests[&Tier::Custom],
            [
                "custom/a_login",
                "custom/b.hurl",
                "custom/browser_login.py",
                "custom/test_feeds.py",
                "catalogue/custom/z.sh"
            ]
        );
        assert_eq!(both.hooks[&(HookTime::PreUpgrade, HookPlace::Sandbox)], "catalogue/hooks/pre_upgrade");
        let ignored: Vec<&str> = both.ignored.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(ignored, ["hooks/install_steps.sh", "hooks/pre_upgrade"]);
        assert!(both.refused.iter().any(|problem| problem.file == "tests/catalogue/backup.sh"));
    }

    #[test]
    fn what_will_not_run_is_said() {
        let mut found = OwnTests::find(FILES);
        insta::assert_snapshot!(found.apply(&Approval::No).join("\n"), @r"
        tests/hooks/install_steps.sh does not run: another hook for the same moment comes first
        tests/hooks/host/pre_upgrade was denied and does not run: hooks run on the host only with --trust-hooks, or where policy.toml has `host-hooks = true` for the recipe
        ");
        assert_eq!(found.hooks.len(), 3);
        insta::assert_debug_snapshot!(found.manifest(&Approval::No), @r#"
        {
            "hook backup_verify": "hooks/backup_verify.hurl",
            "hook install_steps": "hooks/install_steps",
            "hook pre_upgrade": "hooks/pre_upgrade",
            "hook pre_upgrade on the host": "hooks/host/pre_upgrade, denied",
        }
        "#);
        let (mut trusted, by) = (OwnTests::find(FILES), Approval::By("--trust-hooks".to_owned()));
        assert_eq!(trusted.apply(&by).len(), 1);
        let manifest = trusted.manifest(&by);
        assert_eq!(manifest["hook pre_upgrade on the host"], "hooks/host/pre_upgrade, approved by --trust-hooks");
    }

    #[test]
    fn a_hook_that_cannot_run_is_refused() {
        let files = [("hooks/pre_backup", false), ("hooks/words.txt", false), ("hooks/pre_upgrad", true)];
        let found = OwnTests::find(FILES).and("catalogue", OwnTests::find(files));
        let hooks = found.refused.iter().filter(|problem| problem.file.contains("hooks/"));
        let text: Vec<String> = hooks.map(ToString::to_string).collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        tests/hooks/host/pre_restore.hurl: Hurl files do not run on the host
        hint: put it into `hooks`: there it runs in the sandbox
        tests/hooks/pre_custom: no moment has the name `pre_custom`
        hint: the moments are pre_install, install_steps, pre_upgrade, pre_backup, backup_verify, pre_restore
        tests/catalogue/hooks/pre_backup: a hook that is not executable
        hint: make it so with `chmod +x`; git keeps that bit
        tests/catalogue/hooks/pre_upgrad: no moment has the name `pre_upgrad`
        hint: did you mean `pre_upgrade`?
        ");
    }

    #[test]
    fn a_file_that_looks_like_a_test_and_does_not_run_is_refused() {
        let files = [
            ("Install.hurl", false),
            ("backup.sh", false),
            ("custom.sh", true),
            ("custom/a.sh", false),
            ("custom/b_test.py", false),
            ("custom/deep/x.hurl", false),
            ("elsewhere/test_a.py", false),
            ("login.hurl", false),
            ("test_install.sh", true),
            ("test_login.py", false),
        ];
        let found = OwnTests::find(files);
        let refused: Vec<&str> = found.refused.iter().map(|problem| problem.file.as_str()).collect();
        assert_eq!(refused, files.map(|(path, _)| format!("{FOLDER}/{path}")));
        insta::assert_snapshot!(found.refused[3], @"
        tests/custom/a.sh: looks like a test and does not run: not executable
        hint: make it so with `chmod +x`; git keeps that bit. A file that tests read belongs into a folder of its own
        ");
        // Modules and data that tests read beside them.
        let beside = [
            "signon.py",
            "schema",
            "ci.toml",
            "custom/helpers.py",
            "custom/conftest.py",
            "custom/latest.json",
            "lib/run.sh",
        ];
        assert_eq!(OwnTests::find(beside.map(|path| (path, false))).refused, []);
        assert_eq!(OwnTests::find([("contest.sh", true), ("session", true)]).refused, []);
    }

    #[test]
    fn a_file_is_run_by_its_name() {
        let of = |path: &str| Runner::of(path);
        assert_eq!((of("custom/test_a.py"), of("test_upgrade.py")), (Runner::Pytest, Runner::Pytest));
        assert_eq!((of("custom/browser_a.py"), of("a.hurl")), (Runner::Browser, Runner::Hurl));
        assert_eq!(
            (of("test_a.sh"), of("custom/a.py"), of("test_/a")),
            (Runner::Executable, Runner::Executable, Runner::Executable)
        );
    }
}
