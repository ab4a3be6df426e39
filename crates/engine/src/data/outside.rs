//! Looks for data of an app that lies in no named volume: databases are asked, nameless volumes and containers looked into.

use cc_ci_model::data::outside::{self, Lasts, Located, Nameless, Written};
use cc_ci_model::data::{Mounted, is_marker};
use cc_ci_model::ids::StackName;
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};

use super::DatabaseServer;
use crate::exec::ExecCommand;
use crate::swarm::Containers;
use crate::workbench::{WorkError, Workbench};

/// What every file of SQLite begins with.
const SQLITE: &[u8] = b"SQLite format 3";

/// At most this many files of a nameless volume are named by its script.
const MOST: usize = 200;

/// Files that are younger than their own folder in this volume: those that came with the image were copied and keep its times.
/// `%B@` is when the file was made here, `%T@` when it was written.
const SCRIPT: &str = r#"
cd "$1" || exit 1
find . -xdev -type f -size +0 -printf '%T@ %B@ %C@ %P\0' | awk -v RS='\0' -v most="$2" '
  { made = $2 > 0 ? $2 : $3; path = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", path) }
  $1 >= made - 1 && n < most && path !~ /\n/ { print path; n++ }
'
"#;

/// A container of each service, by id.
pub type Occupied = BTreeMap<String, String>;

/// The container that each service has now; a service without one is not among them.
pub async fn occupied(
    containers: &Containers,
    stack: &StackName,
    services: impl IntoIterator<Item = &String>,
) -> Result<Occupied, WorkError> {
    let of_each = services.into_iter().map(async |service| {
        let running = containers.observe.running(stack, service).await?;
        Ok::<_, WorkError>(running.into_iter().next().map(|container| (service.clone(), container)))
    });
    Ok(try_join_all(of_each).await?.into_iter().flatten().collect())
}

/// The files that were written into containers, by service; `mounted` are paths that only look like that, since something is
/// mounted there. Nothing is said of a container that is gone.
pub async fn written(
    containers: &Containers,
    occupied: &Occupied,
    mounted: &BTreeSet<String>,
) -> Result<Written, WorkError> {
    let of_each = occupied.iter().map(async |(service, container)| {
        let Some(changed) = containers.observe.changes(container).await? else { return Ok::<_, WorkError>(None) };
        let files = outside::leaves(&changed).into_iter().filter(|path| !mounted.contains(path));
        Ok(Some((service.clone(), files.collect())))
    });
    Ok(try_join_all(of_each).await?.into_iter().flatten().collect())
}

/// Where each of the servers says that its data lies. One that does not say is left out: it may not tell everybody.
pub async fn located(
    containers: &Containers,
    stack: &StackName,
    servers: &[DatabaseServer],
) -> Result<Vec<Located>, WorkError> {
    let of_each = servers.iter().map(async |server| {
        let found = server.folder(containers, stack).await?.ok().filter(|(path, _)| path.starts_with('/'));
        let service = server.service().to_owned();
        Ok::<_, WorkError>(found.map(|(path, lasts)| Located { service, name: server.title(), path, lasts }))
    });
    Ok(try_join_all(of_each).await?.into_iter().flatten().collect())
}

/// The databases of SQLite among files that were written into containers.
pub async fn sqlite_files(
    containers: &Containers,
    occupied: &Occupied,
    written: &Written,
) -> Result<Vec<Located>, WorkError> {
    let mut found = Vec::new();
    for (service, files) in written {
        let Some(container) = occupied.get(service) else { continue };
        for path in files.iter().filter(|path| outside::may_be_sqlite(path)) {
            let begins = containers.observe.first_bytes(container, path, SQLITE.len()).await?;
            if begins.is_some_and(|bytes| bytes == SQLITE) {
                let (service, path) = (service.clone(), path.clone());
                let name = format!("the SQLite file of {service}");
                found.push(Located { service, name, path, lasts: Lasts::Yes });
            }
        }
    }
    Ok(found)
}

/// The mounts of volumes without a name.
#[must_use]
pub fn nameless_mounts(mounts: &BTreeSet<Mounted>) -> Vec<&Mounted> {
    mounts.iter().filter(|mount| outside::is_nameless(&mount.volume)).collect()
}

/// What was written into nameless volumes since they were made; `bench` has them all.
pub async fn nameless(bench: &Workbench, mounts: &[&Mounted]) -> Result<Vec<Nameless>, WorkError> {
    let of_each = mounts.iter().map(async |mount| {
        let words = ["bash", "-c", SCRIPT, "nameless"].map(str::to_owned).into_iter();
        let words = words.chain([Workbench::path(&mount.volume), MOST.to_string()]);
        let output = bench.must("look into a nameless volume", &ExecCommand::new(words)).await?;
        let text = output.text();
        let files = text.lines().filter(|path| !is_marker(path)).map(str::to_owned).collect();
        let (service, target) = (mount.service.clone(), mount.target.clone());
        Ok::<_, WorkError>(Nameless { service, target, files })
    });
    try_join_all(of_each).await
}
