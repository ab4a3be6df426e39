//! Which files of a recipe decide what is deployed: two commits that agree on these deploy the same.

use crate::compose::Compose;
use crate::env_sample::EnvSample;
use crate::recipe::{Environment, compose_files};
use crate::source::{Files, tidy_path};
use crate::yaml::entries;
use std::collections::{BTreeMap, BTreeSet};

const SAMPLE: &str = ".env.sample";

/// How many entries of compose files are looked through: real recipes have a tenth of it.
const MAX_ENTRIES: usize = 40_000;

/// The paths of a recipe's deployable content: its compose files, optional ones included, `.env.sample`, `abra.sh`, and the
/// files that configs, secrets and environments are made from.
#[must_use]
pub fn deployable(files: &Files) -> BTreeSet<String> {
    let sample = files.text(SAMPLE).map_or_else(EnvSample::default, |text| EnvSample::read(SAMPLE, text).0);
    let env = sample.resolve(&Environment::new());
    let listed =
        sample.entries.iter().filter(|entry| entry.key == "COMPOSE_FILE").flat_map(|entry| entry.text.split(':'));
    let listed = listed.map(|name| tidy_path(name.trim()));
    let there = files.texts.keys().filter(|path| is_compose(path)).cloned();
    let default = compose_files(&env);
    let compose: BTreeSet<String> = there.chain(listed).chain(default.iter().cloned()).collect();
    let mut found: BTreeSet<String> = [SAMPLE.to_owned(), "abra.sh".to_owned()].into();
    let mut left = MAX_ENTRIES;
    for name in &compose {
        let entries = files.text(name).map_or(0, entries);
        let Some(fewer) = left.checked_sub(entries) else {
            // What more than any recipe decides is not worked out: everything counts.
            found.extend(files.texts.keys().cloned());
            break;
        };
        left = fewer;
        found.extend(made_from(files, name, &env));
    }
    found.extend(compose);
    found
}

/// Whether two trees, given as a content's id by path, agree on everything deployable. `deployable` is that of `head`.
#[must_use]
pub fn is_same(
    deployable: &BTreeSet<String>,
    head: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
) -> bool {
    let of = |tree: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let counts = |path: &&String| deployable.contains(*path) || is_compose(path);
        tree.keys().filter(counts).map(|path| (path.clone(), tree[path].clone())).collect()
    };
    of(head) == of(other)
}

/// What abra takes for compose files, and those in folders that a `COMPOSE_FILE` may name.
pub(crate) fn is_compose(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let aside = path.starts_with("tests/") || path.starts_with('.');
    name.starts_with("compose") && (name.ends_with(".yml") || name.ends_with(".yaml")) && !aside
}

/// Files that one compose file makes configs, secrets and environments from.
fn made_from(files: &Files, compose: &str, env: &Environment) -> Vec<String> {
    let (read, _) = Compose::read(files, &[compose.to_owned()], env);
    let entries = read.configs.values().chain(read.secrets.values());
    let made = entries.filter_map(|entry| entry.file.as_deref()).map(tidy_path);
    made.chain(read.env_files.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Files {
        let compose = "services:\n  app:\n    image: a\n    env_file: app.env\nconfigs:\n  one:\n    file: ./one.tmpl\n\
                       secrets:\n  two:\n    file: keys/two\n";
        [
            (
                ".env.sample",
                "COMPOSE_FILE=\"compose.yml:extra/more.yml\"\n#COMPOSE_FILE=\"$COMPOSE_FILE:compose.x.yml\"\n",
            ),
            ("README.md", "one.tmpl"),
            ("abra.sh", ""),
            ("app.env", "A=1"),
            ("compose.x.yml", ""),
            ("compose.yml", compose),
            ("extra/more.yml", "configs:\n  three:\n    file: three.tmpl\n"),
            ("extra/three.tmpl", ""),
            ("keys/two", ""),
            ("one.tmpl", ""),
            ("release/1.0.0+1", ""),
            ("tests/compose.ci.yml", ""),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn texts_tests_and_notes_are_not_deployed() {
        let files = tree();
        let aside: Vec<&String> = files.texts.keys().filter(|path| !deployable(&files).contains(*path)).collect();
        assert_eq!(aside, ["README.md", "release/1.0.0+1", "tests/compose.ci.yml"]);
    }

    #[test]
    fn trees_are_the_same_when_they_agree_on_what_is_deployed() {
        let files = tree();
        let head: BTreeMap<String, String> = files.texts.keys().map(|path| (path.clone(), path.clone())).collect();
        let with = |path: &str| {
            let mut other = head.clone();
            other.insert(path.to_owned(), "other".to_owned());
            is_same(&deployable(&files), &head, &other)
        };
        for path in ["README.md", "release/1.0.0+1", "tests/ci.toml", "new.txt"] {
            assert!(with(path), "{path}");
        }
        for path in ["compose.yml", "compose.new.yml", "abra.sh", ".env.sample", "one.tmpl", "keys/two", "app.env"] {
            assert!(!with(path), "{path}");
        }
        let mut without = head.clone();
        without.remove("compose.x.yml");
        assert!(!is_same(&deployable(&files), &head, &without));
    }
}
