//! Counts the rows of every table of every database that an app keeps (DATA-3).
//!
//! Each server is asked by its own client in its own container, as for markers. The counts are exact, and bounded in time: a
//! server that does not answer within its time limit is not counted, which the caller says.

use cc_ci_model::data::Mounted;
use cc_ci_model::data::rows::{Counted, RowCounts, Server};
use cc_ci_model::ids::StackName;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

use super::tables::Held;
use super::{MarkerPlace, mounts_for, sqlite};
use crate::workbench::{WorkError, Workbench};

/// How long one server may take to be counted.
const LIMIT: Duration = Duration::from_secs(20);

/// Counts what is kept at those of `places` that are databases; a server's every database is counted, not only the one that
/// takes a marker.
pub async fn count(bench: &Workbench, stack: &StackName, places: &[MarkerPlace]) -> Result<RowCounts, WorkError> {
    let mounts = mounts_for(bench, stack, places).await?;
    let asked: Vec<_> = super::databases(places).map(|place| in_time(bench, stack, &mounts, place)).collect();
    let mut counts = RowCounts::default();
    for (place, server) in super::databases(places).zip(join_all(asked).await) {
        match server? {
            Ok(server) => drop(counts.servers.insert(name(place), server)),
            Err(why) => drop(counts.uncounted.insert(name(place), why)),
        }
    }
    Ok(counts)
}

/// Counts the `SQLite` files that came since `places` were chosen; nothing where there were none.
pub async fn newcomers(bench: &Workbench, stack: &StackName, places: &[MarkerPlace]) -> Result<RowCounts, WorkError> {
    let known: BTreeSet<(&str, &str)> = places.iter().filter_map(MarkerPlace::sqlite).collect();
    if known.is_empty() {
        return Ok(RowCounts::default());
    }
    let mounts = mounts_for(bench, stack, places).await?;
    let files = sqlite::find(bench, &mounts).await?;
    let new = files.into_iter().map(MarkerPlace::Sqlite);
    let new: Vec<MarkerPlace> =
        new.filter(|file| file.sqlite().is_some_and(|at| !known.contains(&at))).take(sqlite::MOST).collect();
    count(bench, stack, &new).await
}

/// A server by itself, since not one of its databases is meant.
pub(crate) fn name(place: &MarkerPlace) -> String {
    match place {
        MarkerPlace::Server(server) => server.title(),
        MarkerPlace::Folder(_) | MarkerPlace::Sqlite(_) => place.name(),
    }
}

/// What one place holds, if it says so in time.
async fn in_time(
    bench: &Workbench,
    stack: &StackName,
    mounts: &BTreeSet<Mounted>,
    place: &MarkerPlace,
) -> Result<Result<Server, String>, WorkError> {
    let server = tokio::time::timeout(LIMIT, of_place(bench, stack, mounts, place)).await;
    server.unwrap_or_else(|_| Ok(Err(format!("no count within {} s", LIMIT.as_secs()))))
}

/// What one place holds; the inner error is what it said instead.
async fn of_place(
    bench: &Workbench,
    stack: &StackName,
    mounts: &BTreeSet<Mounted>,
    place: &MarkerPlace,
) -> Result<Result<Server, String>, WorkError> {
    let (counted, held) = match place {
        MarkerPlace::Folder(_) => (Counted::Rows, Ok(Held::default())),
        MarkerPlace::Server(server) => (server.counted(), server.count(bench.containers(), stack).await?),
        MarkerPlace::Sqlite(file) => (Counted::Rows, sqlite::count(bench, mounts, file).await?),
    };
    let service = place.service().to_owned();
    Ok(held.map(|Held { databases, filled, objects, used }| Server {
        service,
        counted,
        databases,
        filled,
        objects,
        used,
    }))
}
