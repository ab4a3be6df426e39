//! Looks for data of an app that lies in no named volume: databases are asked, nameless volumes and containers looked into.

use cc_ci_model::data::outside::{self, Lasts, Located, Nameless, Written};
use cc_ci_model::data::{Mounted, is_marker};
use cc_ci_model::ids::StackName;
use futures_util::future::try_join_all;
use std::collections::BTreeSet;

use super::DatabaseServer;
use crate::exec::{ExecCommand, ExecError};
use crate::swarm::Containers;
use crate::workbench::{WorkError, Workbench};

/// What every file of SQLite begins with.
const SQLITE: &str = "SQLite format 3";

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

/// The files that services wrote into their containers; `mounted` are paths that only look like that, since something is
/// mounted there. A service without a container is not among them.
pub async fn written(
    containers: &Containers,
    stack: &StackName,
    services: &BTreeSet<String>,
    mounted: &BTreeSet<String>,
) -> Result<Written, WorkError> {
    let of_each = services.iter().map(async |service| {
        let running = containers.observe.running(stack, service).await?;
        let Some(container) = running.first() else { return Ok::<_, WorkError>(None) };
        let changed = containers.observe.changes(container).await?;
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
    stack: &StackName,
    written: &Written,
) -> Result<Vec<Located>, WorkError> {
    let mut found = Vec::new();
    for (service, files) in written {
        for path in files.iter().filter(|path| outside::may_be_sqlite(path)) {
            if is_sqlite(containers, stack, service, path).await? {
                let (service, path) = (service.clone(), path.clone());
                let name = format!("the SQLite file of {service}");
                found.push(Located { service, name, path, lasts: Lasts::Yes });
            }
        }
    }
    Ok(found)
}

/// Whether a file in the container of a service is one of SQLite. A container without the command to look gives no answer.
async fn is_sqlite(containers: &Containers, stack: &StackName, service: &str, path: &str) -> Result<bool, WorkError> {
    let running = containers.observe.running(stack, service).await?;
    let Some(container) = running.first() else { return Ok(false) };
    let command = ExecCommand::new(["head", "-c", "15", "--", path]);
    match containers.node.exec(container, &command).await {
        Ok(output) => Ok(output.succeeded() && output.text() == SQLITE),
        Err(ExecError::Gone { .. } | ExecError::CannotStart { .. }) => Ok(false),
        Err(error @ (ExecError::Engine { .. } | ExecError::NoExitCode { .. })) => Err(error.into()),
    }
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
