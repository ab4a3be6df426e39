//! Holds settings against the recipe they are for: what it does not have cannot be asked of it.

use super::{backup, route};
use crate::error::{ErrorKind, RunnerError};
use cc_ci_model::plan::build::{BackupPromise, HasRoute};
use cc_ci_model::plan::demands::Probe;
use cc_ci_model::settings::{Capable, Settings};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::Recipe;
use std::collections::BTreeMap;

/// Refuses settings that mean something the recipe does not have.
pub(crate) fn checked(settings: &Settings, recipe: &Recipe) -> Result<(), RunnerError> {
    let refuse = |key: &str, what: String| {
        let place = settings.place(key);
        Err(RunnerError::new(ErrorKind::Settings, format!("cannot use the settings of `{}`", recipe.name))
            .at(format!("{place}: {key}: {what}")))
    };
    let known = |service: &str| {
        let services: Vec<&str> = recipe.compose.services.keys().map(String::as_str).collect();
        if services.contains(&service) {
            Ok(())
        } else {
            Err(format!("there is no service `{service}`: it has {}", services.join(", ")))
        }
    };
    let asked =
        ["health.path", "health.statuses", "health.scheme"].into_iter().find(|key| settings.given.contains_key(*key));
    if let (Some(key), HasRoute::None) = (asked, route(recipe)) {
        return refuse(key, "the recipe has no route to ask".to_owned());
    }
    for probe in &settings.ready {
        match probe {
            Probe::Tcp { service, .. } => {
                if let Err(what) = known(service) {
                    return refuse("ready", what);
                }
            }
            Probe::Http { .. } if route(recipe) == HasRoute::None => {
                return refuse("ready", "the recipe has no route to ask".to_owned());
            }
            Probe::Http { .. } => {}
        }
    }
    if let Some(verify) = &settings.verify
        && let Err(what) = known(&verify.service)
    {
        return refuse("backup.verify", what);
    }
    match (settings.backup, backup(recipe)) {
        (Some(Capable::Yes), BackupPromise::Not { reason }) => {
            refuse("backup.capable", format!("the recipe promises no backup: {reason}"))
        }
        (Some(Capable::Yes | Capable::No) | None, _) => Ok(()),
    }
}

/// The tiers that the settings skip, each with the reason and where it stands.
pub(crate) fn skips(settings: &Settings) -> BTreeMap<Tier, String> {
    let mut skips: BTreeMap<Tier, String> = settings
        .skips
        .iter()
        .map(|(tier, reason)| (*tier, format!("{reason} ({})", settings.place(&format!("skip.{tier}")))))
        .collect();
    if settings.backup == Some(Capable::No) {
        let reason = format!("`backup.capable` is false ({})", settings.place("backup.capable"));
        skips.entry(Tier::Backup).or_insert(reason);
    }
    skips
}
