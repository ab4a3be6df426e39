//! Providers that are up and shared by runs: what is kept about each, and those that a sweep lends to its runs (DEP-2, DEP-5).

use cc_ci_model::ids::{RecipeName, RunId};
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_model::warm::steps::Journal;
use cc_ci_store::state::StateFolder;
use cc_ci_store::whole::{self, StateFileError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is written down about an update that goes on, or was killed.
const JOURNAL: &str = "update.json";

/// What a person has to know about one that did not go well.
const ALERT: &str = "alert.json";

/// What is kept about a provider that is up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The id under which everything of it is labelled.
    pub run: RunId,
    /// Which recipe, at which version, on which stack and domain, and how it is asked.
    pub provider: Dependency,
    /// The certificate authority of its edge, PEM; empty when it has no route.
    pub authority: String,
    /// The catalogue's folder for it; `None` when it has none.
    pub catalogue: Option<PathBuf>,
    /// When it came up, RFC 3339, UTC.
    pub since: String,
}

/// All that a run of a sweep is given. Whatever else it needs it may not bring up itself: its one permit is for its app.
#[derive(Debug, Clone)]
pub struct LentProviders {
    /// The sweep.
    pub by: RunId,
    /// What it lends, by recipe.
    pub providers: BTreeMap<RecipeName, Record>,
}

/// What a person has to know about an update that did not go well. It stands until the next one that does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// When, RFC 3339, UTC.
    pub at: String,
    /// The version that was up.
    pub from: String,
    /// The one that was to be.
    pub to: String,
    /// What is up now.
    pub became: Became,
    /// Why the update did not go well.
    pub why: String,
}

/// What became of a provider whose update did not go well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Became {
    /// The old version is up, with its data.
    RolledBack,
    /// It is not up as it was: why going back went wrong.
    Broken(String),
}

impl std::fmt::Display for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, from, to, became, why } = self;
        match became {
            Became::RolledBack => write!(f, "the update to {to} on {at} was rolled back to {from}: {why}"),
            Became::Broken(wrong) => {
                write!(
                    f,
                    "the update to {to} on {at} could not be rolled back to {from}: {wrong}; it had failed with: {why}"
                )
            }
        }
    }
}

/// The folder of a warm provider.
#[must_use]
pub fn folder(state: &StateFolder, recipe: &RecipeName) -> PathBuf {
    state.warm().join(recipe.as_str())
}

/// What is written down about an update that goes on, or that was killed.
pub fn journal(state: &StateFolder, recipe: &RecipeName) -> Result<Option<Journal>, StateFileError> {
    whole::read(&folder(state, recipe).join(JOURNAL))
}

/// Writes down what is about to be done; `None` when there is nothing to mend any more.
pub(crate) fn put_journal(
    state: &StateFolder,
    recipe: &RecipeName,
    journal: Option<&Journal>,
) -> Result<(), StateFileError> {
    put(&folder(state, recipe).join(JOURNAL), journal)
}

/// What a person has to know about a provider.
pub fn alert(state: &StateFolder, recipe: &RecipeName) -> Result<Option<Alert>, StateFileError> {
    whole::read(&folder(state, recipe).join(ALERT))
}

/// Says it to whoever looks from now on; `None` when all is well.
pub(crate) fn put_alert(state: &StateFolder, recipe: &RecipeName, alert: Option<&Alert>) -> Result<(), StateFileError> {
    put(&folder(state, recipe).join(ALERT), alert)
}

fn put<T: Serialize>(path: &std::path::Path, what: Option<&T>) -> Result<(), StateFileError> {
    match what {
        Some(what) => whole::write(path, what),
        None => whole::remove(path),
    }
}
