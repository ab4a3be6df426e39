//! Compose files that CI adds to a recipe's own: `compose.ci.yml`, which may only set variables, and `previous/compose.yml`,
//! which repairs one older version (CUST-4).

use crate::Recipe;
use crate::compose::Compose;
use crate::source::{Files, Problem, nearest};
use crate::yaml::{Allowance, Value, parse};
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// The overlay of variables, in a tests or catalogue folder.
pub const CI: &str = "compose.ci.yml";

/// The repair of an older version, in a tests or catalogue folder.
pub const PREVIOUS: &str = "previous/compose.yml";

/// The key of [`PREVIOUS`] that names the version it is for.
pub const FOR_VERSION: &str = "x-for-version";

/// Variables to set, by service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// Values by service and name, with variables filled in.
    pub services: BTreeMap<String, BTreeMap<String, String>>,
}

impl Variables {
    /// Reads a `compose.ci.yml` that is to be laid over `recipe`.
    ///
    /// # Errors
    /// Returns everything in it that is not the variable of a service of the recipe: CI must never test something else.
    pub fn read(file: &str, text: &str, recipe: &Recipe) -> Result<Self, Vec<Problem>> {
        let files: Files = [(file, text)].into_iter().collect();
        let (compose, mut problems) = Compose::read(&files, &[file.to_owned()], &recipe.environment);
        let mut reported: Vec<&str> = Vec::new();
        for key in compose.places.keys() {
            let below = |above: &&str| key.strip_prefix(*above).is_some_and(|rest| rest.starts_with('.'));
            if reported.iter().any(below) {
                continue;
            }
            if let Some(problem) = refused(key, file, recipe) {
                reported.push(key);
                problems.push(compose.at(key, problem));
            }
        }
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.line);
            return Err(problems);
        }
        let services = compose.services.into_iter().map(|(name, service)| {
            let given = service.environment.into_iter().filter_map(|(name, value)| Some((name, value?)));
            (name, given.collect())
        });
        Ok(Self { services: services.collect() })
    }

    /// These with `more` in their place where both give a value.
    #[must_use]
    pub fn under(mut self, more: Self) -> Self {
        for (service, variables) in more.services {
            self.services.entry(service).or_default().extend(variables);
        }
        self
    }

    /// A compose file that sets them, for the services that `recipe` has; `None` when there is nothing to set.
    #[must_use]
    pub fn text(&self, recipe: &Recipe) -> Option<String> {
        let known = self
            .services
            .iter()
            .filter(|(name, variables)| recipe.compose.services.contains_key(*name) && !variables.is_empty());
        let services: Map<String, serde_json::Value> = known
            .map(|(name, variables)| {
                let escaped = variables.iter().map(|(name, value)| (name.clone(), json!(value.replace('$', "$$"))));
                (name.clone(), json!({ "environment": escaped.collect::<Map<_, _>>() }))
            })
            .collect();
        if services.is_empty() {
            return None;
        }
        let mut root = Map::new();
        // The loader merges files of one version only.
        if let Some(version) = &recipe.compose.version {
            root.insert("version".to_owned(), json!(version));
        }
        root.insert("services".to_owned(), json!(services));
        Some(serde_json::Value::Object(root).to_string())
    }
}

/// Services that would lose a port with an overlay on them, each with the port: the loader lays ports over each other by their
/// published number, so one number over both TCP and UDP becomes one port as soon as another file names the service.
#[must_use]
pub fn lost_ports(without: &Compose, with: &Compose) -> Vec<String> {
    let lost = without.services.iter().filter_map(|(name, service)| {
        let left = with.services.get(name)?;
        let port = service.ports.iter().find(|port| !left.ports.contains(port))?;
        Some(format!("service {name} would lose port {}/{}", port.published, port.protocol))
    });
    lost.collect()
}

/// Why a key may not stand in a `compose.ci.yml`, if so.
fn refused(key: &str, file: &str, recipe: &Recipe) -> Option<Problem> {
    let parts: Vec<&str> = key.split('.').collect();
    match parts.as_slice() {
        ["version" | "services"] | ["services", _, "environment", ..] => None,
        [top, ..] if top.starts_with("x-") => None,
        ["services", name] => {
            let services = recipe.compose.services.keys().map(String::as_str);
            if recipe.compose.services.contains_key(*name) {
                return None;
            }
            let problem = Problem::error(file, format!("the recipe has no service `{name}`"));
            Some(match nearest(name, services) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("an overlay of CI sets variables of the recipe's own services"),
            })
        }
        ["services", _, "image"] => {
            let hint = "change the image in the recipe itself: CI must never test something else than the recipe";
            Some(Problem::error(file, "changes the image that the recipe sets").hint(hint))
        }
        _ => {
            let hint = "write only `environment` of services here, and everything else into the recipe itself";
            Some(Problem::error(file, "is no variable of a service").hint(hint))
        }
    }
}

/// The version that a `previous/compose.yml` is for.
///
/// # Errors
/// Fails when it is no YAML or does not say.
pub fn for_version(file: &str, text: &str) -> Result<String, Problem> {
    let root = parse(file, text, &mut Allowance::default())?;
    let entries = match root.value {
        Value::Map(entries) => entries,
        Value::Null | Value::Scalar(_) | Value::List(_) => Vec::new(),
    };
    let version = entries.into_iter().find_map(|(key, node)| match node.value {
        Value::Scalar(scalar) if key.name == FOR_VERSION && !scalar.raw.trim().is_empty() => Some(scalar.raw),
        Value::Scalar(_) | Value::Null | Value::List(_) | Value::Map(_) => None,
    });
    version.ok_or_else(|| {
        let hint = format!("add a line such as `{FOR_VERSION}: \"1.0.0+2.2.6\"` at its top");
        Problem::error(file, "does not say which version it repairs").line(1).key(FOR_VERSION).hint(hint)
    })
}
