//! What a promotion leaves, and how it is kept: the draft of a canonical, its secrets, and the repository of its data (WARM-1).

use crate::labels;
use crate::swarm::{Operate, SwarmError};
use cc_ci_model::canonical::SavedVolumes;
use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Object, ObjectKind};
use futures_util::future::BoxFuture;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Asked when the verdict is due: where to save to, or why the run is not to be promoted.
pub type Begin = Arc<dyn Fn() -> BoxFuture<'static, Result<Place, String>> + Send + Sync>;

/// Asked when a run is to begin with what its canonical kept, or why it cannot.
pub type Lend = Arc<dyn Fn() -> BoxFuture<'static, Result<Lent, String>> + Send + Sync>;

/// What is kept, for as long as somebody reads from it.
pub struct Lent {
    /// The repository; `None` where nothing was ever saved.
    pub place: Option<Place>,
    /// Gives it back when it is dropped.
    pub held: Box<dyn Any + Send + Sync>,
}

/// The repository of canonicals, as it is handed to one run.
#[derive(Clone)]
pub struct Place {
    /// What its volume is labelled with and named for.
    pub label: RunId,
    /// What opens it; `None` when it was never laid out whole.
    pub key: Option<String>,
    /// The snapshots that canonicals need. All others are forgotten.
    pub needed: BTreeSet<String>,
}

impl Place {
    /// The name of its volume.
    #[must_use]
    pub fn volume(&self) -> String {
        format!("cc-ci-{}-repo", self.label)
    }
}

/// What is to become the canonical.
#[derive(Clone)]
pub struct Draft {
    /// The version.
    pub version: String,
    /// Secrets that stay when the run is torn down.
    pub secrets: BTreeSet<Object>,
    /// What the volumes held; `None` for an app without any.
    pub data: Option<SavedVolumes>,
    /// What opens the repository, where that was laid out just now.
    pub new_key: Option<String>,
    /// How many stacks came up meanwhile: none.
    pub deploys: usize,
    /// Milliseconds that it took.
    pub ms: u64,
}

/// Whether the labels of a secret say that it is kept for a recipe.
pub(crate) fn is_kept_for(labels: &BTreeMap<String, String>, recipe: &str) -> bool {
    labels.get(labels::CANONICAL).is_some_and(|of| of == recipe)
}

/// Gives each secret that a shelf keeps its label. What has it is left alone; one that is gone is named.
pub async fn label_kept<'a>(
    operate: &dyn Operate,
    recipe: &str,
    secrets: impl Iterator<Item = &'a str> + Send,
) -> Result<Vec<String>, SwarmError> {
    let mut gone = Vec::new();
    for name in secrets.map(str::to_owned).collect::<Vec<_>>() {
        match operate.labels(&Object::new(ObjectKind::Secret, &name)).await? {
            None => gone.push(name),
            Some(labels) if is_kept_for(&labels, recipe) && !labels.contains_key(labels::RUN) => {}
            Some(_) => operate.keep_secret(recipe, &name).await?,
        }
    }
    Ok(gone)
}

/// Removes secrets that leave a recipe's shelf: those that carry its label, or still that of the run they were promoted from.
pub async fn remove_leaving<'a>(
    operate: &dyn Operate,
    recipe: &str,
    leaving: impl Iterator<Item = (&'a str, &'a RunId)> + Send,
) -> Result<(), SwarmError> {
    let leaving: Vec<_> = leaving.map(|(name, run)| (Object::new(ObjectKind::Secret, name), run.clone())).collect();
    for (secret, run) in leaving {
        let Some(labels) = operate.labels(&secret).await? else { continue };
        let of_run = labels.get(labels::RUN).is_some_and(|label| *label == run.as_str());
        if is_kept_for(&labels, recipe) || of_run {
            operate.remove(&secret).await?;
        }
    }
    Ok(())
}

/// Removes the repository of canonicals with everything in it: no shelf needs it any more.
pub async fn remove_repository(operate: &dyn Operate, place: &Place) -> Result<bool, SwarmError> {
    let volume = Object::new(ObjectKind::Volume, place.volume());
    match operate.labels(&volume).await? {
        Some(labels) if labels.get(labels::RUN).is_some_and(|label| *label == place.label.as_str()) => {
            operate.remove(&volume).await
        }
        Some(_) | None => Ok(true),
    }
}
