//! Providers that are up and shared by runs: what is kept about each, and those that a sweep lends to its runs (DEP-2, DEP-5).

use cc_ci_model::ids::{RecipeName, RunId};
use cc_ci_model::plan::dependency::Dependency;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

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
