//! Finds the recipe's own tests and hooks among the names in its tests folder. Pure: names in, a list per tier out.

use crate::tier::Tier;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The folder of a recipe that holds them.
pub const FOLDER: &str = "tests";

/// What a tests folder holds; paths are below that folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnTests {
    /// Tests by the tier they run in, in running order.
    pub tests: BTreeMap<Tier, Vec<String>>,
    /// Hooks by the tier whose operation they precede.
    pub hooks: BTreeMap<Tier, String>,
    /// Files that look like tests and will not run, with the reason.
    pub ignored: Vec<(String, &'static str)>,
}

/// Whether hooks, which run on the host, may run (TRUST-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The caller said so.
    Hooks,
    /// The default.
    No,
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
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let hurl = name.ends_with(".hurl");
        match folder {
            "" => match Tier::parse(stem) {
                Ok(tier @ (Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Restore)) if hurl || executable => {
                    self.tests.entry(tier).or_default().push(path.to_owned());
                }
                Ok(Tier::Custom) if hurl || executable => {
                    self.ignore(path, "tests of the custom tier belong into the folder `custom`");
                }
                Ok(_) if is_program(name) => self.ignore(path, "not executable"),
                Err(_) if hurl => self.ignore(path, "no tier has this name: install, upgrade, backup, restore"),
                Ok(_) | Err(_) => {}
            },
            "custom" => {
                if hurl || executable {
                    self.tests.entry(Tier::Custom).or_default().push(path.to_owned());
                } else if is_program(name) {
                    self.ignore(path, "not executable");
                }
            }
            "hooks" => match stem.strip_prefix("pre_").map(Tier::parse) {
                Some(Ok(tier @ (Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Restore))) if executable => {
                    if let Entry::Vacant(free) = self.hooks.entry(tier) {
                        free.insert(path.to_owned());
                    } else {
                        self.ignore(path, "another hook for the same operation comes first");
                    }
                }
                Some(Ok(_)) if !executable => self.ignore(path, "not executable"),
                Some(_) | None => {
                    self.ignore(path, "no operation has this name: pre_install, pre_upgrade, pre_backup, pre_restore");
                }
            },
            _ if hurl => self.ignore(path, "Hurl files run from `tests` and `tests/custom` only"),
            _ => {}
        }
    }

    fn ignore(&mut self, path: &str, why: &'static str) {
        self.ignored.push((path.to_owned(), why));
    }

    /// These and those of a second folder, whose paths get `prefix`. Of two hooks for one operation the second folder's runs.
    #[must_use]
    pub fn and(mut self, prefix: &str, more: Self) -> Self {
        let prefixed = |path: String| format!("{prefix}/{path}");
        for (tier, paths) in more.tests {
            self.tests.entry(tier).or_default().extend(paths.into_iter().map(prefixed));
        }
        for (tier, path) in more.hooks {
            if let Some(other) = self.hooks.insert(tier, prefixed(path)) {
                self.ignore(&other, "another hook for the same operation comes first");
            }
        }
        self.ignored.extend(more.ignored.into_iter().map(|(path, why)| (prefixed(path), why)));
        self
    }

    /// Takes the hooks out unless they are trusted; answers with a note for each one that will not run.
    pub fn apply(&mut self, trust: Trust) -> Vec<String> {
        let mut notes: Vec<String> =
            self.ignored.iter().map(|(path, why)| format!("{FOLDER}/{path} does not run: {why}")).collect();
        match trust {
            Trust::Hooks => {}
            Trust::No => {
                let hooks = std::mem::take(&mut self.hooks);
                notes.extend(hooks.values().map(|path| {
                    format!("{FOLDER}/{path} does not run: hooks run on the host, and only with --trust-hooks")
                }));
            }
        }
        notes
    }
}

/// Whether a name promises something to run, so that a missing mode bit is worth a word.
fn is_program(name: &str) -> bool {
    [".sh", ".py", ".bash", ".pl", ".rb", ".js"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, bool); 15] = [
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
                "upgrade: upgrade.py",
                "restore: restore",
                "custom: custom/a_login custom/b.hurl"
            ]
        );
        assert_eq!(found.hooks, BTreeMap::from([(Tier::Upgrade, "hooks/pre_upgrade".to_owned())]));
    }

    #[test]
    fn a_second_folder_adds_to_the_first() {
        let more = [("install.hurl", false), ("custom/z.sh", true), ("hooks/pre_upgrade", true), ("backup.sh", false)];
        let both = OwnTests::find(FILES).and("catalogue", OwnTests::find(more));
        assert_eq!(both.tests[&Tier::Install], ["install.hurl", "install.sh", "catalogue/install.hurl"]);
        assert_eq!(both.tests[&Tier::Custom], ["custom/a_login", "custom/b.hurl", "catalogue/custom/z.sh"]);
        assert_eq!(both.hooks[&Tier::Upgrade], "catalogue/hooks/pre_upgrade");
        let ignored: Vec<&str> = both.ignored.iter().map(|(path, _)| path.as_str()).collect();
        assert!(ignored.ends_with(&["hooks/pre_upgrade", "catalogue/backup.sh"]), "{ignored:?}");
    }

    #[test]
    fn what_will_not_run_is_said() {
        let mut found = OwnTests::find(FILES);
        assert_eq!(
            found.apply(Trust::No),
            [
                "tests/backup.sh does not run: not executable",
                "tests/custom.hurl does not run: tests of the custom tier belong into the folder `custom`",
                "tests/custom/deep/x.hurl does not run: Hurl files run from `tests` and `tests/custom` only",
                "tests/custom/late.sh does not run: not executable",
                "tests/hooks/pre_custom does not run: no operation has this name: pre_install, pre_upgrade, pre_backup, \
                 pre_restore",
                "tests/login.hurl does not run: no tier has this name: install, upgrade, backup, restore",
                "tests/hooks/pre_upgrade does not run: hooks run on the host, and only with --trust-hooks",
            ]
        );
        assert!(found.hooks.is_empty());
        let mut trusted = OwnTests::find(FILES);
        assert_eq!(trusted.apply(Trust::Hooks).len(), 6);
        assert_eq!(trusted.hooks.len(), 1);
    }
}
