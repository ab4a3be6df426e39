//! A snapshot of all volumes of an app that was stopped, in a repository that outlives the run: how it is taken, and how it is put
//! back into volumes. What a promotion keeps and what an update of a warm provider falls back on are taken by the same code.

mod listing;

use crate::backup::BackupRepository;
use crate::backup::restic::{self, Restoring};
use crate::data::index::{self, Digests};
use crate::labels;
use crate::ledger::Ledger;
use crate::promotion::Place;
use crate::run::World;
use crate::swarm::{Containers, SwarmError};
use crate::workbench::{BenchUse, WorkError, Workbench};
use cc_ci_model::canonical::SavedVolumes;
use cc_ci_model::data::VolumeIndex;
use cc_ci_model::ids::RunId;
use cc_ci_model::report::text::count;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long saving, or any other call of restic, may take.
const LIMIT: Duration = Duration::from_secs(900);

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The work could not be done.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// It was done, and is not good enough.
    #[error("{0}")]
    Refused(String),
}

impl From<SwarmError> for SnapshotError {
    fn from(error: SwarmError) -> Self {
        Self::Work(error.into())
    }
}

/// Where the work is done.
pub(crate) struct Hands<'a> {
    containers: Containers,
    ledger: &'a Ledger,
    run: &'a RunId,
    image: &'a str,
}

impl<'a> Hands<'a> {
    /// In benches of this run.
    pub(crate) fn of(world: &'a World, run: &'a RunId) -> Self {
        let (containers, image) = (world.doors.containers(), world.tools_image.as_str());
        Self { containers, ledger: &world.ledger, run, image }
    }

    /// A bench with some volumes, and the repository at its place.
    async fn bench(
        &self,
        volumes: &BTreeSet<String>,
        what: BenchUse,
        repository: &str,
    ) -> Result<Workbench, WorkError> {
        Workbench::with_repository(&self.containers, self.ledger, self.run, self.image, (volumes, what), repository)
            .await
    }

    /// A bench on which volumes are emptied.
    pub(crate) async fn changing(&self, volumes: &BTreeSet<String>, repository: &str) -> Result<Workbench, WorkError> {
        self.bench(volumes, BenchUse::Change, repository).await
    }
}

/// What was saved, and what opens the repository where that was laid out just now.
pub(crate) struct Saved {
    pub(crate) data: SavedVolumes,
    pub(crate) new_key: Option<String>,
}

/// Saves volumes as one snapshot, whose listing is then held against what the volumes hold. The app is stopped. The repository's volume
/// is made where it is missing; what nobody needs is forgotten.
pub(crate) async fn save(
    hands: &Hands<'_>,
    volumes: BTreeSet<String>,
    place: &Place,
    tags: &[String],
) -> Result<Saved, SnapshotError> {
    hands.containers.node.make_volume(&place.volume(), labels::of_run(&place.label)).await?;
    let bench = hands.bench(&volumes, BenchUse::Save, &place.volume()).await?;
    let (repository, new_key) = match &place.key {
        Some(key) => (BackupRepository::opened_by(key), None),
        None => {
            let repository = BackupRepository::make(&bench).await?;
            let key = repository.key().to_owned();
            (repository, Some(key))
        }
    };
    if place.key.is_some() {
        restic::forget_others(&bench, &repository, &place.needed, LIMIT).await?;
    }
    let indexed = index::contents(&bench, &volumes, Digests::None).await?;
    let paths: Vec<String> = volumes.iter().map(|volume| Workbench::path(volume)).collect();
    let summary = restic::save_tagged(&bench, &repository, &paths, tags, LIMIT).await?;
    let nodes = restic::list(&bench, &repository, &summary.snapshot_id).await?;
    if let Some(missing) = listing::missing(&indexed, &nodes) {
        return Err(SnapshotError::Refused(format!("the snapshot is not what the volumes held: {missing}")));
    }
    bench.remove().await?;
    let files = indexed.values().map(|index| index.files().count() as u64).sum();
    let bytes = indexed.values().map(VolumeIndex::bytes).sum();
    Ok(Saved { data: SavedVolumes { snapshot: summary.snapshot_id, volumes, files, bytes }, new_key })
}

/// Looks whether a snapshot can be read and holds all of its volumes. The inner `Err` says what it lacks.
pub(crate) async fn look(
    hands: &Hands<'_>,
    data: &SavedVolumes,
    (volume, key): (&str, &str),
) -> Result<Result<(), String>, WorkError> {
    let bench = hands.bench(&BTreeSet::new(), BenchUse::ReadBack, volume).await?;
    let nodes = restic::list(&bench, &BackupRepository::opened_by(key), &data.snapshot).await?;
    bench.remove().await?;
    let missing = data.volumes.iter().find(|volume| !nodes.contains_key(&Workbench::path(volume)));
    Ok(missing.map_or(Ok(()), |volume| Err(format!("the snapshot does not hold volume {volume}"))))
}

/// Writes a snapshot into its volumes, which are there and empty, and counts what is in them then. The inner `Err` says what of it did
/// not come back.
pub(crate) async fn put_back(
    hands: &Hands<'_>,
    data: &SavedVolumes,
    (volume, key): (&str, &str),
) -> Result<Result<(), String>, WorkError> {
    let bench = hands.bench(&data.volumes, BenchUse::Restore, volume).await?;
    let repository = BackupRepository::opened_by(key);
    let restoring = Restoring { id: &data.snapshot, specials: Vec::new(), largest: data.bytes };
    let refused = restic::restore(&bench, &repository, restoring, LIMIT).await?;
    if !refused.is_empty() {
        // What cannot be put back anywhere is no loss: nodes of devices, sockets.
        let nodes = restic::list(&bench, &repository, &data.snapshot).await?;
        let is_odd = |line: &&String| {
            let mut odd = nodes.values().filter(|node| !restic::is_plain(node));
            odd.any(|node| line.starts_with(&format!("{}:", node.path)))
        };
        if let Some(line) = refused.iter().find(|line| !is_odd(line)) {
            return Ok(Err(format!("restic cannot put back {line}")));
        }
    }
    let found = index::contents(&bench, &data.volumes, Digests::None).await?;
    bench.remove().await?;
    let files = found.values().map(|index| index.files().count() as u64).sum::<u64>();
    let bytes = found.values().map(VolumeIndex::bytes).sum::<u64>();
    if (files, bytes) == (data.files, data.bytes) {
        return Ok(Ok(()));
    }
    let both = |files: u64, bytes: u64| format!("{} of {}", count(files, "file"), count(bytes, "byte"));
    Ok(Err(format!("{} came back, {} were kept", both(files, bytes), both(data.files, data.bytes))))
}
