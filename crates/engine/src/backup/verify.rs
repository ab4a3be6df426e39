//! Holds a snapshot against what the recipe promised: every path, every file, every dump, every marker (TIER-backup).

use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::dumped;
use cc_ci_model::data::path::is_in;
use cc_ci_model::data::rows::{Fleeting, RowCounts};
use cc_ci_model::data::{Entry, EntryKind, MARKER_PREFIX, VolumeIndex};
use cc_ci_model::outcome::{Cause, Finding};
use std::collections::{BTreeMap, BTreeSet};

use super::dump::{self, Dump, DumpKind, DumpState};
use super::restic::{self, Node};
use super::{Context, Promise, Snapshot};
use crate::data::{MarkerPlace, Seeded, counting};
use crate::workbench::{WorkError, Workbench};

/// At most this many missing files are named.
const NAMED: usize = 20;

/// What a snapshot is held against.
pub struct SnapshotDue<'a> {
    /// The markers.
    pub seeded: &'a Seeded,
    /// What the databases held before the backup's hooks ran.
    pub rows: RowCounts,
    /// Files that come and go.
    pub churn: Churn,
    /// Files that the app itself took away while the snapshot was taken, by volume and path.
    pub gone: BTreeSet<(String, String)>,
    /// Tables whose rows do.
    pub fleeting: Fleeting,
}

impl<'a> SnapshotDue<'a> {
    /// The markers by themselves.
    #[must_use]
    pub fn of(seeded: &'a Seeded) -> Self {
        let (rows, churn, fleeting) = (RowCounts::default(), Churn::default(), Fleeting::with(&[]));
        Self { seeded, rows, churn, gone: BTreeSet::new(), fleeting }
    }
}

/// Everything that a snapshot holds.
pub struct Listing(BTreeMap<String, Node>);

impl Listing {
    /// Reads the snapshot back.
    pub async fn of(context: &Context<'_>, snapshot: &Snapshot) -> Result<Self, WorkError> {
        restic::list(context.bench, context.repository, &snapshot.id).await.map(Self)
    }

    /// Promised files that were there just before the snapshot and are not in it, by volume and path. The app may have taken them away
    /// by itself before they were reached; then they are not there any more. A dump is none of these: it is made for the backup.
    #[must_use]
    pub fn absent(&self, snapshot: &Snapshot, churn: &Churn) -> BTreeSet<(String, String)> {
        let owed = snapshot.promises.iter().flat_map(|promise| {
            let owed = owed(snapshot.index.get(&promise.volume), promise, churn);
            owed.map(|(path, _)| (promise.volume.clone(), path.clone()))
        });
        let is_absent = |(volume, path): &(String, String)| {
            !self.0.contains_key(&format!("{}/{path}", Workbench::path(volume))) && !dump::is_dump(path)
        };
        owed.filter(is_absent).collect()
    }
}

/// Holds a snapshot against what is due and returns everything that is wrong with it; nothing means complete.
pub async fn snapshot(
    context: &Context<'_>,
    snapshot: &Snapshot,
    Listing(nodes): &Listing,
    expected: &SnapshotDue<'_>,
) -> Result<Vec<Finding>, WorkError> {
    let SnapshotDue { seeded, churn, gone, .. } = expected;
    let mut findings = contents(snapshot, nodes, churn, gone);
    findings.extend(marker_files(snapshot, nodes, seeded));
    let found: Vec<&Node> = nodes.values().filter(|node| node.kind == "file" && dump::is_dump(&node.path)).collect();
    let paths = found.iter().take(dump::MOST).map(|node| node.path.clone()).collect();
    let dumps =
        dump::read(context.bench, context.repository, &snapshot.id, paths, seeded.value(), context.limit).await?;
    findings.extend(dumps.iter().filter_map(|dump| {
        let (shown, service) = known_as(snapshot, &dump.path);
        dump::finding(dump, &shown, &service)
    }));
    findings.extend(marker_rows(snapshot, nodes, &dumps, seeded));
    findings.extend(rows_of_dumps(snapshot, nodes, &dumps, expected));
    findings.extend(moving(snapshot, nodes, &dumps, expected));
    Ok(findings)
}

/// All findings as one, led by the first; `None` when there is none.
#[must_use]
pub fn merged(findings: Vec<Finding>) -> Option<Finding> {
    let mut findings = findings.into_iter();
    let mut first = findings.next()?;
    for finding in findings {
        first.details.push(finding.summary);
        first.details.extend(finding.details);
    }
    Some(first)
}

/// How the recipe knows a path of the bench: `db:/var/lib/postgresql/data/backup.sql`, and the service.
fn known_as(snapshot: &Snapshot, path: &str) -> (String, String) {
    for mount in &snapshot.mounts {
        let root = Workbench::path(&mount.volume);
        if let Some(rest) = path.strip_prefix(&root).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            return (format!("{}:{}{rest}", mount.service, mount.target), mount.service.clone());
        }
    }
    (path.to_owned(), String::new())
}

fn incomplete(snapshot: &Snapshot, promise: &Promise, summary: &str) -> Finding {
    let (shown, service) = known_as(snapshot, &promise.on_bench());
    let finding = Finding::new(Cause::BackupIncomplete, format!("{shown}: {summary}"));
    if service.is_empty() { finding } else { finding.of_service(service) }
}

/// The files of a volume that a promise owes: not those that come and go, and none of a database, whose files change while it runs. Names
/// that needed escaping are compared by nothing but their absence from the promise.
fn owed<'a>(
    index: Option<&'a VolumeIndex>,
    promise: &'a Promise,
    churn: &'a Churn,
) -> impl Iterator<Item = (&'a String, &'a Entry)> {
    let databases = index.map(VolumeIndex::database_folders).unwrap_or_default();
    let is_owed = move |path: &str, entry: &Entry| {
        entry.kind == EntryKind::File
            && is_in(path, &promise.path)
            && !path.contains('\\')
            && !churn.covers(path)
            && !databases.iter().any(|folder| is_in(path, folder))
    };
    let entries = index.into_iter().flat_map(|index| &index.entries);
    entries.filter(move |(path, entry)| is_owed(path, entry))
}

/// Promised paths and the files below them, as they were when the snapshot was taken, without those that went by themselves.
fn contents(
    snapshot: &Snapshot,
    nodes: &BTreeMap<String, Node>,
    churn: &Churn,
    gone: &BTreeSet<(String, String)>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for promise in &snapshot.promises {
        if !nodes.contains_key(&promise.on_bench()) {
            findings.push(incomplete(snapshot, promise, "promised in the backup, but not in the snapshot"));
            continue;
        }
        let Some(index) = snapshot.index.get(&promise.volume) else { continue };
        let mut missing = Vec::new();
        for (path, entry) in owed(Some(index), promise, churn) {
            match nodes.get(&format!("{}/{path}", Workbench::path(&promise.volume))) {
                None if gone.contains(&(promise.volume.clone(), path.clone())) => {}
                None => missing.push(path.clone()),
                Some(node) if node.size == 0 && entry.size > 0 => missing.push(format!("{path} (empty)")),
                Some(_) => {}
            }
        }
        if !missing.is_empty() {
            let count = missing.len();
            missing.truncate(NAMED);
            let summary = format!("{count} of its files are not in the snapshot");
            findings.push(incomplete(snapshot, promise, &summary).with_details(missing));
        }
        let databases = index.database_folders();
        findings.extend(databases.iter().filter_map(|folder| database(snapshot, promise, nodes, folder)));
    }
    findings
}

/// A database's files change while it runs, so only their bulk is compared.
fn database(snapshot: &Snapshot, promise: &Promise, nodes: &BTreeMap<String, Node>, folder: &str) -> Option<Finding> {
    if !is_in(folder, &promise.path) {
        return None;
    }
    let index = snapshot.index.get(&promise.volume)?;
    let before: u64 = index.files().filter(|(path, _)| is_in(path, folder)).map(|(_, entry)| entry.size).sum();
    let root = Workbench::path(&promise.volume);
    let saved: u64 = nodes
        .values()
        .filter(|node| node.path.strip_prefix(&format!("{root}/")).is_some_and(|path| is_in(path, folder)))
        .map(|node| node.size)
        .sum();
    (saved < before / 2).then(|| {
        let summary = format!("the database's files hold {before} bytes, the snapshot {saved}");
        incomplete(snapshot, promise, &summary)
    })
}

fn marker_files(snapshot: &Snapshot, nodes: &BTreeMap<String, Node>, seeded: &Seeded) -> Vec<Finding> {
    let mut findings = Vec::new();
    for place in seeded.places() {
        let MarkerPlace::Folder(folder) = place else { continue };
        let mount =
            snapshot.mounts.iter().find(|mount| mount.service == folder.service && mount.target == folder.target);
        let Some(mount) = mount else { continue };
        let promise = Promise { volume: mount.volume.clone(), path: folder.path.clone() };
        for part in ["one", "two"] {
            let path = format!("{}/{MARKER_PREFIX}{}.{part}", promise.on_bench(), seeded.phase().word());
            let size = nodes.get(&path).map(|node| node.size);
            if size != u64::try_from(seeded.value().len()).ok() {
                let seen = size.map_or("not there".to_owned(), |size| format!("there with {size} bytes"));
                let summary = format!("the seeded file {MARKER_PREFIX}{}.{part} is {seen}", seeded.phase().word());
                findings.push(incomplete(snapshot, &promise, &summary));
            }
        }
    }
    findings
}

/// A service whose database was seeded and whose volumes hold dumps must have the seeded value in one of them.
fn marker_rows(snapshot: &Snapshot, nodes: &BTreeMap<String, Node>, dumps: &[Dump], seeded: &Seeded) -> Vec<Finding> {
    let live = live(nodes, seeded);
    let mut findings = Vec::new();
    for place in seeded.places() {
        let service = match place {
            MarkerPlace::Folder(_) => continue,
            MarkerPlace::Server(_) | MarkerPlace::Sqlite(_) => place.service(),
        };
        let own = dumps_of(service, snapshot, dumps, &live);
        let unknown = |dump: &Dump| matches!(dump.state, DumpState::Packed | DumpState::Large);
        if own.is_empty() || own.iter().any(|(dump, _)| dump.marked || unknown(dump)) {
            continue;
        }
        let shown: Vec<&str> = own.iter().map(|(_, shown)| shown.as_str()).collect();
        let summary = format!("what was seeded in {} is not in its dump {}", place.name(), shown.join(", "));
        findings.push(Finding::new(Cause::BackupIncomplete, summary).of_service(service));
    }
    findings
}

/// The dumps in volumes of a service, each as messages name it, without the files of a database itself.
fn dumps_of<'d>(
    service: &str,
    snapshot: &Snapshot,
    dumps: &'d [Dump],
    live: &impl Fn(&str) -> bool,
) -> Vec<(&'d Dump, String)> {
    let named = dumps.iter().map(|dump| (dump, known_as(snapshot, &dump.path)));
    named.filter(|(_, (shown, of))| of == service && !live(shown)).map(|(dump, (shown, _))| (dump, shown)).collect()
}

/// Every table of every database of a server is in its dumps with its rows. Where a dump cannot be read, or the server's own folder is
/// saved too, the restore has to tell.
fn rows_of_dumps(
    snapshot: &Snapshot,
    nodes: &BTreeMap<String, Node>,
    dumps: &[Dump],
    expected: &SnapshotDue<'_>,
) -> Vec<Finding> {
    let live = live(nodes, expected.seeded);
    let mut findings = Vec::new();
    for place in expected.seeded.places() {
        let kind = match place {
            MarkerPlace::Server(server) => server.dumps(),
            MarkerPlace::Sqlite(_) => Some(DumpKind::Sqlite),
            MarkerPlace::Folder(_) => None,
        };
        let Some(kind) = kind else { continue };
        let name = counting::name(place);
        let Some(server) = expected.rows.servers.get(&name) else { continue };
        let own = dumps_of(place.service(), snapshot, dumps, &live);
        let raw = nodes.keys().any(|path| {
            let own = path.ends_with("/PG_VERSION") || path.ends_with("/ibdata1");
            own && known_as(snapshot, path).1 == place.service()
        });
        if raw || own.iter().any(|(dump, _)| dump.kind.is_none()) {
            continue;
        }
        let alike = own.iter().filter(|(dump, _)| dump.kind == Some(kind));
        let held = alike.flat_map(|(dump, _)| dump.held.clone()).collect();
        let lost: Vec<String> = dumped::compare(&name, server, held, &expected.fleeting)
            .iter()
            .map(|loss| loss.summary_of_dump())
            .collect();
        let Some(first) = lost.first() else { continue };
        findings.push(Finding::new(Cause::BackupIncomplete, first).of_service(place.service()).with_details(lost));
    }
    findings
}

/// SQLite files that the app wrote while they were copied, unless a dump holds their rows.
fn moving(
    snapshot: &Snapshot,
    nodes: &BTreeMap<String, Node>,
    dumps: &[Dump],
    expected: &SnapshotDue<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in snapshot.moving.iter().filter(|path| nodes.contains_key(*path)) {
        let (shown, service) = known_as(snapshot, path);
        let dumped =
            dumps.iter().any(|dump| dump.path != *path && dump.marked && known_as(snapshot, &dump.path).1 == service);
        if dumped || expected.churn.covers(&shown) {
            continue;
        }
        let summary = format!("the SQLite file {shown} was written while it was copied as a file");
        let why = "such a copy is of no one moment, and may be torn: let a hook make one with `sqlite3 FILE \".backup COPY\"`";
        let finding = Finding::new(Cause::BackupIncomplete, summary).with_details(vec![why.to_owned()]);
        findings.push(if service.is_empty() { finding } else { finding.of_service(service) });
    }
    findings
}

/// Tells a database's own file from a dump of it: the last rows of SQLite may be in the log beside the file, and a Redis
/// that logs every change reads that log, not its `dump.rdb`.
fn live<'a>(nodes: &BTreeMap<String, Node>, seeded: &'a Seeded) -> impl Fn(&str) -> bool + use<'a> {
    let logged = nodes.keys().any(|path| path.ends_with(".aof.manifest") || path.ends_with("/appendonly.aof"));
    move |shown| {
        let itself = |place: &MarkerPlace| match place {
            MarkerPlace::Sqlite(file) => shown == format!("{}:{}/{}", file.service, file.target, file.path),
            MarkerPlace::Server(server) => server.does_not_read(shown, logged),
            MarkerPlace::Folder(_) => false,
        };
        seeded.places().iter().any(itself)
    }
}

#[cfg(test)]
mod tests;
