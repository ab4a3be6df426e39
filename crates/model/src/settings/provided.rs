//! What a recipe takes from others: the keys `dependencies` and `provided`, and what both together ask for (DEP-1, DEP-3).

use super::document::{Item, OURS};
use super::{Reading, Settings};
use crate::ids::RecipeName;
use cc_ci_recipe::source::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// The keys below `provided.<capability>` with a meaning of their own; any other text is an input of the provider's script.
const FIXED: [&str; 4] = ["from", "tests", "env", "secrets"];

/// Inputs that the run itself gives every script.
const RUN_INPUTS: [&str; 4] = ["namespace", "provider_url", "app_url", "app_domain"];

/// A capability that the recipe takes from a dependency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provided {
    /// The dependency; may be left out where there is only one.
    pub from: Option<RecipeName>,
    /// Tests that need it, as paths below the tests folder.
    pub tests: Vec<String>,
    /// Variables of the app by name, each with the output it gets.
    pub env: BTreeMap<String, String>,
    /// Secrets of the recipe by id, each with the output it gets.
    pub secrets: BTreeMap<String, String>,
    /// Inputs of the provider's script by name.
    pub inputs: BTreeMap<String, String>,
}

/// A dependency with what is taken from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyRequest {
    /// The recipe.
    pub recipe: RecipeName,
    /// By capability.
    pub capabilities: BTreeMap<String, Provided>,
}

impl Settings {
    /// The dependencies in order, each with what `recipe` takes from it.
    ///
    /// # Errors
    /// Returns every contradiction: a recipe that needs itself, a capability from nobody, a variable given twice.
    pub fn requests(&self, recipe: &RecipeName) -> Result<Vec<DependencyRequest>, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut requests: Vec<DependencyRequest> = Vec::new();
        for name in &self.dependencies {
            if name == recipe {
                problems.push(self.contradiction("dependencies", "a recipe cannot be its own dependency", "remove it"));
            }
            requests.push(DependencyRequest { recipe: name.clone(), capabilities: BTreeMap::new() });
        }
        let mut taken: BTreeMap<(&str, &str), String> = BTreeMap::new();
        for (capability, provided) in &self.provided {
            let key = format!("provided.{capability}");
            let given = [("env", &provided.env), ("secrets", &provided.secrets)];
            for (kind, name) in given.iter().flat_map(|(kind, map)| map.keys().map(|name| (*kind, name.as_str()))) {
                let place = format!("{key}.{kind}.{name}");
                let by_hand = [&self.environment, &self.upgrade_environment].iter().any(|env| env.contains_key(name));
                if kind == "env" && by_hand {
                    let what = format!("`{name}` is given by the settings as well");
                    problems.push(self.contradiction(&place, &what, "give it in one place only"));
                }
                if let Some(other) = taken.insert((kind, name), place.clone()) {
                    let what = format!("`{name}` is given by {other} as well");
                    problems.push(self.contradiction(&place, &what, "give it in one place only"));
                }
            }
            match self.source(&key, provided) {
                Ok(at) => {
                    if let Some(request) = requests.get_mut(at) {
                        request.capabilities.insert(capability.clone(), provided.clone());
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(requests) } else { Err(problems) }
    }

    /// Which dependency a capability comes from.
    fn source(&self, key: &str, provided: &Provided) -> Result<usize, Problem> {
        let names = || self.dependencies.iter().map(RecipeName::as_str).collect::<Vec<_>>().join(", ");
        match (&provided.from, self.dependencies.as_slice()) {
            (_, []) => {
                let hint = "name the provider's recipe in `dependencies`";
                Err(self.contradiction(key, "there is no dependency that could provide it", hint))
            }
            (Some(from), all) => all.iter().position(|name| name == from).ok_or_else(|| {
                let what = format!("`{from}` is none of the dependencies");
                self.contradiction(&format!("{key}.from"), &what, &format!("they are {}", names()))
            }),
            (None, [_]) => Ok(0),
            (None, [_, _, ..]) => {
                let hint = format!("say `from`: one of {}", names());
                Err(self.contradiction(key, "which dependency provides it is not said", &hint))
            }
        }
    }

    /// A problem at the place of a key, or of the first key below it.
    #[must_use]
    pub fn contradiction(&self, key: &str, what: &str, hint: &str) -> Problem {
        let below = format!("{key}.");
        let given = self.given.iter().filter(|(name, _)| *name == key || name.starts_with(&below));
        match given.map(|(_, given)| given).min_by_key(|given| given.line) {
            Some(given) => Problem::error(&given.file, what).line(given.line).key(key).hint(hint),
            None => Problem::error(super::FILE, what).key(key).hint(hint),
        }
    }
}

/// Reads `dependencies`.
pub(super) fn dependencies(reading: &mut Reading<'_, '_>, item: &Item<'_>) {
    let Some(texts) = reading.document.texts(item) else { return };
    let mut names: Vec<RecipeName> = Vec::new();
    for text in texts {
        match RecipeName::parse(&text) {
            Ok(name) if names.contains(&name) => {
                let hint = "each dependency is deployed once, whatever is taken from it";
                reading.document.report(item, format!("`{name}` stands there twice"), hint);
                return;
            }
            Ok(name) => names.push(name),
            Err(error) => {
                reading.document.report(item, error.to_string(), "name recipes, not addresses");
                return;
            }
        }
    }
    reading.settings.dependencies = names;
    reading.given(item);
}

/// Reads `provided`: a table per capability.
pub(super) fn provided(reading: &mut Reading<'_, '_>, item: &Item<'_>) {
    let Some(table) = reading.document.table(item) else { return };
    for item in reading.document.items(&item.key, table) {
        if !is_name(&item.name) {
            reading.document.report(&item, "is no name of a capability", "use small letters, digits, `-` and `_`");
            continue;
        }
        let Some(table) = reading.document.table(&item) else { continue };
        let mut found = reading.settings.provided.get(&item.name).cloned().unwrap_or_default();
        let any = reading.document.items(&item.key, table);
        if any.is_empty() {
            reading.given_as(&item, "all defaults".to_owned());
        }
        for inner in any {
            one(reading, &inner, &mut found);
        }
        reading.settings.provided.insert(item.name.clone(), found);
    }
}

fn one(reading: &mut Reading<'_, '_>, item: &Item<'_>, found: &mut Provided) {
    match item.name.as_str() {
        "from" => {
            let Some(text) = reading.document.text(item) else { return };
            match RecipeName::parse(&text) {
                Ok(name) => {
                    found.from = Some(name);
                    reading.given(item);
                }
                Err(error) => reading.document.report(item, error.to_string(), "name one of the dependencies"),
            }
        }
        "tests" => {
            let Some(tests) = reading.document.texts(item) else { return };
            let distinct: BTreeSet<&String> = tests.iter().collect();
            if distinct.len() < tests.len() {
                reading.document.report(item, "names a test twice", "name each once");
                return;
            }
            found.tests = tests;
            reading.given(item);
        }
        "env" => {
            for (name, output) in outputs(reading, item, Names::Variables) {
                found.env.insert(name, output);
            }
        }
        "secrets" => {
            for (name, output) in outputs(reading, item, Names::Secrets) {
                found.secrets.insert(name, output);
            }
        }
        name if !is_name(name) || name.contains('-') => {
            reading.document.report(item, "is no name of an input", "use small letters, digits and `_`");
        }
        name if RUN_INPUTS.contains(&name) || name.starts_with("random_") => {
            reading.document.report(item, "is given to every script by the run itself", "remove it");
        }
        _ if item.value.as_table().is_some() => reading.document.unknown(item, &FIXED),
        name => {
            let name = name.to_owned();
            if let Some(text) = reading.document.text(item) {
                found.inputs.insert(name, text);
                reading.given(item);
            }
        }
    }
}

/// What the keys of a table name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Variables,
    Secrets,
}

/// Name and output of each entry.
fn outputs(reading: &mut Reading<'_, '_>, item: &Item<'_>, names: Names) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(table) = reading.document.table(item) else { return found };
    for item in reading.document.items(&item.key, table) {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || (c == '-' && names == Names::Secrets);
        if !item.name.chars().all(letters) || item.name.starts_with(|c: char| c.is_ascii_digit()) {
            reading.document.report(&item, "is no name of a variable or secret", "use letters, digits and `_`");
        } else if names == Names::Variables && OURS.contains(&item.name.as_str()) {
            reading.document.report(&item, "is given by the run itself", "remove it");
        } else if let Some(output) = reading.document.text(&item) {
            reading.given(&item);
            found.push((item.name.clone(), output));
        }
    }
    found
}

/// Whether a text can name a capability, an input or an output.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}
