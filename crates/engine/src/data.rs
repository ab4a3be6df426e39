//! The app's data: what its volumes hold, and markers that prove it came through (DATA-1, DATA-2).
//!
//! Each place gets two markers, `one` and `two`. Mutating rewrites `one` and deletes `two`, so that a restore has to undo
//! both a change and a deletion.

mod asking;
pub mod counting;
pub mod files;
pub mod index;
mod mysql;
pub mod outside;
mod place;
mod postgres;
pub mod redis;
mod rows;
mod server;
mod sql;
pub mod sqlite;
mod tables;

use cc_ci_model::data::outside::Lasts;
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use futures_util::future::try_join_all;

use crate::swarm::Containers;
use crate::workbench::{WorkError, Workbench};
pub use place::MarkerPlace;
use place::{databases, folders, mounts_for};
use rows::Scene;
pub use server::DatabaseServer;
pub use sql::SqlLogin;

/// What the markers are to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerPhase {
    /// Seeded at base, looked for at head.
    Upgrade,
    /// Seeded before the backup, looked for after each restore.
    Backup,
}

impl MarkerPhase {
    /// The word in marker names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Backup => "backup",
        }
    }
}

/// Which content the markers should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// As they were seeded.
    Seeded,
    /// As [`mutate`] leaves them.
    Mutated,
}

/// The markers of one place as they were found; `None` when absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FoundMarkers {
    pub(crate) one: Option<String>,
    pub(crate) two: Option<String>,
}

/// Markers that were put somewhere.
#[derive(Debug, Clone)]
pub struct Seeded {
    phase: MarkerPhase,
    value: String,
    places: Vec<MarkerPlace>,
}

/// What came of [`seed`].
#[derive(Debug, Clone)]
pub struct Seeding {
    /// The markers.
    pub seeded: Seeded,
    /// Places that take no marker, which is no fault: a dump's path before the first backup, a server that keeps nothing.
    pub passed_over: Vec<String>,
    /// Places that should have taken a marker and did not.
    pub refused: Vec<String>,
}

impl Seeded {
    /// The markers' content: a random word that occurs nowhere else.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What they are to prove.
    #[must_use]
    pub fn phase(&self) -> MarkerPhase {
        self.phase
    }

    /// Markers that were put there earlier with this content.
    #[must_use]
    pub fn known(phase: MarkerPhase, value: &str, places: Vec<MarkerPlace>) -> Self {
        Self { phase, value: value.to_owned(), places }
    }

    /// Where they are.
    #[must_use]
    pub fn places(&self) -> &[MarkerPlace] {
        &self.places
    }

    /// Those that outlive a restart of their servers, and the places of the others: a cache that does not say that it logs every
    /// change may lose what it was told last.
    pub(crate) async fn lasting(
        &self,
        bench: &Workbench,
        stack: &StackName,
    ) -> Result<(Self, Vec<MarkerPlace>), WorkError> {
        let (mut places, mut passing) = (Vec::new(), Vec::new());
        for place in &self.places {
            let lasts = match place {
                MarkerPlace::Server(server) if server.may_be_a_cache() => {
                    server.folder(bench.containers(), stack).await?.is_ok_and(|(_, lasts)| lasts == Lasts::Yes)
                }
                MarkerPlace::Server(_) | MarkerPlace::Folder(_) | MarkerPlace::Sqlite(_) => true,
            };
            if lasts { &mut places } else { &mut passing }.push(place.clone());
        }
        Ok((Self { places, value: self.value.clone(), phase: self.phase }, passing))
    }

    fn expected(&self, state: Expected) -> FoundMarkers {
        match state {
            Expected::Seeded => FoundMarkers { one: Some(self.value.clone()), two: Some(self.value.clone()) },
            Expected::Mutated => FoundMarkers { one: Some(mutated(&self.value)), two: None },
        }
    }
}

fn mutated(value: &str) -> String {
    format!("{value}-mutated")
}

impl Seeding {
    /// What was put in but cannot be read back was not taken.
    pub(crate) fn read_back(&mut self, unread: Vec<Missing>) {
        self.refused.extend(unread.into_iter().map(|marker| format!("{}: {}", marker.place, marker.what)));
    }

    /// How the step ended: nothing seeded means nothing about data can be proven.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let Self { seeded, passed_over, refused } = self;
        let places: Vec<String> = seeded.places.iter().map(ToString::to_string).collect();
        if !refused.is_empty() {
            let summary = format!("no marker could be put into {}", refused.join("; "));
            return Outcome::Unverified(Finding::new(Cause::NothingToSeed, summary));
        }
        if places.is_empty() {
            let why = "there is no backed-up folder and no database that is recognised, so no marker was seeded";
            return Outcome::Unverified(Finding::new(Cause::NothingToSeed, why).with_details(passed_over.clone()));
        }
        Outcome::Passed { note: Some(format!("markers: {}", places.join(", "))) }
    }
}

/// A marker that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `files in app:/data`.
    pub place: String,
    /// The service it belongs to.
    pub service: String,
    /// What is wrong: which marker, what was expected, what was seen.
    pub what: String,
}

/// One finding for all markers that are not as they should be; `None` when there is none.
#[must_use]
pub fn finding(missing: &[Missing], cause: Cause) -> Option<Finding> {
    let first = missing.first()?;
    let details = missing.iter().map(|marker| format!("{}: {}", marker.place, marker.what)).collect();
    let summary = format!("seeded data is not there: {}: {}", first.place, first.what);
    Some(Finding::new(cause, summary).of_service(&first.service).with_details(details))
}

/// Puts markers into every place that takes one and reads them back.
pub async fn seed(
    bench: &Workbench,
    stack: &StackName,
    phase: MarkerPhase,
    places: &[MarkerPlace],
) -> Result<Seeding, WorkError> {
    let mut seeding = plant(bench, stack, phase, places).await?;
    let unread = verify(bench, stack, &seeding.seeded, Expected::Seeded).await?;
    seeding.read_back(unread);
    Ok(seeding)
}

/// Puts markers into every place that takes one, all at once. They count only once they are read back.
pub(crate) async fn plant(
    bench: &Workbench,
    stack: &StackName,
    phase: MarkerPhase,
    places: &[MarkerPlace],
) -> Result<Seeding, WorkError> {
    let value = format!("{:032x}", rand::random::<u128>());
    let mounts = mounts_for(bench, stack, places).await?;
    let scene = Scene { bench, stack, mounts: &mounts, phase };
    let of_databases = databases(places).map(async |place| rows::seed(&scene, place, &value).await);
    let (of_folders, of_databases) =
        tokio::try_join!(files::seed(bench, &mounts, phase, &value, folders(places)), try_join_all(of_databases))?;
    let mut seeding = Seeding {
        seeded: Seeded { phase, value: value.clone(), places: Vec::new() },
        passed_over: Vec::new(),
        refused: Vec::new(),
    };
    for (folder, taken) in of_folders {
        match taken {
            files::Taken::Yes => seeding.seeded.places.push(MarkerPlace::Folder(folder.clone())),
            files::Taken::NoFolder => seeding.passed_over.push(format!("{folder}: not a folder")),
        }
    }
    for (place, taken) in databases(places).zip(of_databases) {
        match taken {
            Ok(rows::Taken::Yes) => seeding.seeded.places.push(place.clone()),
            Ok(rows::Taken::PassedOver(why)) => seeding.passed_over.push(format!("{}: {why}", place.name())),
            Err(refusal) => seeding.refused.push(format!("{}: {refusal}", place.name())),
        }
    }
    Ok(seeding)
}

/// Rewrites and deletes what was seeded, and reads back that this worked: else a restore would prove nothing.
pub async fn mutate(bench: &Workbench, stack: &StackName, seeded: &Seeded) -> Result<Vec<Missing>, WorkError> {
    let mut missing = change(bench, stack, seeded).await?;
    missing.extend(verify(bench, stack, seeded, Expected::Mutated).await?);
    Ok(missing)
}

/// Rewrites and deletes what was seeded, everywhere at once; returns what cannot be changed.
pub(crate) async fn change(bench: &Workbench, stack: &StackName, seeded: &Seeded) -> Result<Vec<Missing>, WorkError> {
    let mounts = mounts_for(bench, stack, &seeded.places).await?;
    let value = mutated(&seeded.value);
    let scene = Scene { bench, stack, mounts: &mounts, phase: seeded.phase };
    let of_databases = databases(&seeded.places).map(async |place| rows::mutate(&scene, place, &value).await);
    let ((), of_databases) = tokio::try_join!(
        files::mutate(bench, &mounts, seeded.phase, &value, folders(&seeded.places)),
        try_join_all(of_databases)
    )?;
    let refused = databases(&seeded.places).zip(of_databases).filter_map(|(place, answer)| {
        let what = format!("cannot be changed: {}", answer.err()?);
        Some(Missing { place: place.to_string(), service: place.service().to_owned(), what })
    });
    Ok(refused.collect())
}

/// Reads every marker, everywhere at once, and returns those that are not as `state` says.
pub async fn verify(
    bench: &Workbench,
    stack: &StackName,
    seeded: &Seeded,
    state: Expected,
) -> Result<Vec<Missing>, WorkError> {
    let expected = seeded.expected(state);
    let mounts = mounts_for(bench, stack, &seeded.places).await?;
    let scene = Scene { bench, stack, mounts: &mounts, phase: seeded.phase };
    let of_databases = databases(&seeded.places).map(async |place| rows::read(&scene, place).await);
    let (of_folders, of_databases) = tokio::try_join!(
        files::read(bench, &mounts, seeded.phase, folders(&seeded.places)),
        try_join_all(of_databases)
    )?;
    let mut missing = Vec::new();
    for (folder, found) in of_folders {
        missing.extend(differences(&format!("files in {folder}"), &folder.service, &expected, found));
    }
    for (place, found) in databases(&seeded.places).zip(of_databases) {
        if let Some(found) = found {
            missing.extend(differences(&place.to_string(), place.service(), &expected, found));
        }
    }
    Ok(missing)
}

fn differences(
    place: &str,
    service: &str,
    expected: &FoundMarkers,
    found: Result<FoundMarkers, String>,
) -> Vec<Missing> {
    let missing = |what| Missing { place: place.to_owned(), service: service.to_owned(), what };
    let found = match found {
        Ok(found) => found,
        Err(why) => return vec![missing(why)],
    };
    let words = |value: &Option<String>| value.as_ref().map_or("nothing".to_owned(), |value| format!("`{value}`"));
    [("one", &expected.one, &found.one), ("two", &expected.two, &found.two)]
        .into_iter()
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| {
            missing(format!("marker {name}: expected {}, found {}", words(expected), words(found)))
        })
        .collect()
}

/// Waits until a server answers; the inner error is what it said instead.
pub async fn ready(
    containers: &Containers,
    stack: &StackName,
    server: &DatabaseServer,
) -> Result<Result<(), String>, WorkError> {
    server.ready(containers, stack).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeded() -> Seeded {
        Seeded { phase: MarkerPhase::Backup, value: "v".into(), places: vec![] }
    }

    #[test]
    fn each_marker_that_differs_is_named_with_both_contents() {
        let found = FoundMarkers { one: Some("v-mutated".into()), two: None };
        let missing = differences("rows in db", "db", &seeded().expected(Expected::Seeded), Ok(found.clone()));
        let texts: Vec<&str> = missing.iter().map(|marker| marker.what.as_str()).collect();
        assert_eq!(texts, ["marker one: expected `v`, found `v-mutated`", "marker two: expected `v`, found nothing"]);
        assert_eq!(differences("", "", &seeded().expected(Expected::Mutated), Ok(found)), []);
        assert_eq!(differences("p", "s", &FoundMarkers::default(), Err("gone".into()))[0].what, "gone");
    }

    #[test]
    fn nothing_seeded_is_not_a_pass() {
        let mut seeding = Seeding { seeded: seeded(), passed_over: vec![], refused: vec![] };
        assert!(matches!(seeding.outcome(), Outcome::Unverified(Finding { cause: Cause::NothingToSeed, .. })));
        seeding.seeded.places.push(MarkerPlace::Server(DatabaseServer::Postgres(SqlLogin::of("db"))));
        assert!(matches!(seeding.outcome(), Outcome::Passed { .. }));
        seeding.refused.push("db: no psql".into());
        assert!(matches!(seeding.outcome(), Outcome::Unverified(_)));
    }
}
