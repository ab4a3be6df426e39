//! Markers in databases, whichever kind they are of.

use cc_ci_model::data::Mounted;
use cc_ci_model::ids::StackName;
use std::collections::BTreeSet;

use super::{FoundMarkers, MarkerPhase, MarkerPlace, sqlite};
use crate::workbench::{WorkError, Workbench};

/// Where a database is looked for.
pub(super) struct Scene<'a> {
    /// The bench with the stack's volumes.
    pub(super) bench: &'a Workbench,
    /// The stack.
    pub(super) stack: &'a StackName,
    /// What its services mount now.
    pub(super) mounts: &'a BTreeSet<Mounted>,
    /// What the markers are to prove.
    pub(super) phase: MarkerPhase,
}

/// What a database took.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Both markers.
    Yes,
    /// None, which is no fault: why.
    PassedOver(&'static str),
}

/// Puts both markers into the database at `place`. The inner error is what it said instead; a folder is not asked.
pub(super) async fn seed(
    scene: &Scene<'_>,
    place: &MarkerPlace,
    value: &str,
) -> Result<Result<Taken, String>, WorkError> {
    let Scene { bench, stack, mounts, phase } = *scene;
    match place {
        MarkerPlace::Folder(_) => Ok(Ok(Taken::PassedOver("a folder"))),
        MarkerPlace::Server(server) => server.seed(bench.containers(), stack, phase, value).await,
        MarkerPlace::Sqlite(file) => Ok(sqlite::seed(bench, mounts, file, phase, value).await?.map(|()| Taken::Yes)),
    }
}

/// Rewrites the first marker to `value` and deletes the second.
pub(super) async fn mutate(
    scene: &Scene<'_>,
    place: &MarkerPlace,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    let Scene { bench, stack, mounts, phase } = *scene;
    match place {
        MarkerPlace::Folder(_) => Ok(Ok(())),
        MarkerPlace::Server(server) => server.mutate(bench.containers(), stack, phase, value).await,
        MarkerPlace::Sqlite(file) => sqlite::mutate(bench, mounts, file, phase, value).await,
    }
}

/// Reads both markers; `None` for a folder.
pub(super) async fn read(
    scene: &Scene<'_>,
    place: &MarkerPlace,
) -> Result<Option<Result<FoundMarkers, String>>, WorkError> {
    let Scene { bench, stack, mounts, phase } = *scene;
    Ok(match place {
        MarkerPlace::Folder(_) => None,
        MarkerPlace::Server(server) => Some(server.read(bench.containers(), stack, phase).await?),
        MarkerPlace::Sqlite(file) => Some(sqlite::read(bench, mounts, file, phase).await?),
    })
}
