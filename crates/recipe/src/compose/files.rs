//! Reads the compose files of an app, one after the other, into one.

use super::{Compose, merge, read};
use crate::source::{Files, Problem};
use crate::yaml::Allowance;
use std::collections::BTreeMap;

/// The version as the loader counts: none, and a bare 3, mean its latest.
fn loader_version(compose: &Compose) -> &str {
    match compose.version.as_deref() {
        None | Some("" | "3") => "3.13",
        Some(version) => version,
    }
}

/// The loader merges files of one version only.
fn version_mismatch(base: &Compose, over: &Compose, first: &str, name: &str) -> Option<Problem> {
    if over.places.is_empty() {
        return None;
    }
    let (below, above) = (loader_version(base), loader_version(over));
    let what = format!("its version {above} is not the version {below} of {first}");
    let problem = Problem::error(name, what).key("version");
    let line = over.places.get("version").map(|place| place.line);
    let hint = "give all compose files the same `version`: `docker stack deploy` refuses to merge them";
    (below != above).then(|| Problem { line, ..problem }.hint(hint))
}

/// The most compose files that are read together: real recipes have 20.
const MAX_FILES: usize = 200;

/// A compose file that is not there: the one that every recipe has, or one that the list names.
fn missing(name: &str) -> Problem {
    let problem = Problem::error(name, "is missing");
    match name {
        "compose.yml" => problem.hint("add it: a recipe is deployed from this file"),
        _ => problem.hint("COMPOSE_FILE names it: correct the list in .env.sample, or add the file"),
    }
}

impl Compose {
    /// Reads, fills in and merges `names` in that order. Whatever can be read is returned next to what is wrong with it.
    #[must_use]
    pub fn read(files: &Files, names: &[String], env: &BTreeMap<String, String>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut merged: Option<Self> = None;
        let mut allowance = Allowance::default();
        let folder = names.first().and_then(|name| name.rsplit_once('/')).map_or("", |(folder, _)| folder);
        for name in names.iter().take(MAX_FILES) {
            let text = match files.readable(name) {
                Ok(Some(text)) => text,
                Ok(None) => {
                    problems.push(missing(name));
                    continue;
                }
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let (read, found) = read::document(name, text, folder, files, env, &mut allowance);
            problems.extend(found);
            if let Some(base) = &merged {
                problems.extend(version_mismatch(base, &read, &names[0], name));
            }
            merged = Some(match merged {
                None => read,
                Some(base) => merge::merge(base, read),
            });
        }
        if let Some(name) = names.get(MAX_FILES) {
            let what = format!("is one of {} compose files, and no recipe has more than {MAX_FILES}", names.len());
            problems.push(Problem::error(name, what));
        }
        let mut merged = merged.unwrap_or_default();
        merged.folder = folder.to_owned();
        (merged, problems)
    }

    /// This reading with one more file laid over it, such as a generated override. The file may not name others,
    /// and may have a later version: the files below are handed over in that one, too.
    #[must_use]
    pub fn with(&self, name: &str, text: &str, env: &BTreeMap<String, String>) -> (Self, Vec<Problem>) {
        let mut allowance = Allowance::default();
        let (over, problems) = read::document(name, text, &self.folder, &Files::default(), env, &mut allowance);
        (merge::merge(self.clone(), over), problems)
    }
}
