//! The built-in backup engine: hooks, a restic snapshot of what the recipe promises, and both ways back (BAK-1 to BAK-3).

pub mod dump;
pub mod hooks;
pub mod places;
pub mod repository;
pub mod restic;
pub mod verify;

use cc_ci_model::data::path::is_in;
use cc_ci_model::data::{EntryKind, Mounted, VolumeIndex};
use cc_ci_model::event::Event;
use cc_ci_model::ids::{StackName, StepId};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::report::text::count;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::{Backup, BackupPaths, BackupSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::data::{index, sqlite};
use crate::exec::ExecCommand;
use crate::labels;
use crate::swarm::Observe;
use crate::voice::Voice;
use crate::workbench::{WorkError, Workbench};
use hooks::{BackupHookTime, Ended};
pub use restic::BackupRepository;
use restic::Restoring;

/// A backup whose container is replaced while a hook runs is tried this often in all (BAK-2).
const ATTEMPTS: u32 = 3;

/// Empties volumes, makes them as the engine makes new ones, and prints what is left of them. What an image has at the place where
/// a volume is mounted, that folder's owner and mode included, the engine copies into every empty one.
const EMPTY: &str = r#"
find "$@" -mindepth 1 -delete && chown 0:0 -- "$@" && chmod 0755 -- "$@" && find "$@" -mindepth 1 -print -quit
"#;

/// Everything a backup or restore works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The workbench with the stack's volumes.
    pub bench: &'a Workbench,
    /// The stack.
    pub stack: &'a StackName,
    /// Where snapshots go.
    pub repository: &'a BackupRepository,
    /// What the recipe promises.
    pub spec: &'a BackupSpec,
    /// Time limit of each hook and each restic call.
    pub limit: Duration,
    /// Where hooks' output is noted.
    pub voice: &'a Voice,
    /// The step it is noted under.
    pub step: &'a StepId,
}

/// A path the recipe promises to back up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The volume's full name.
    pub volume: String,
    /// Relative to its root; `""` is the whole volume.
    pub path: String,
}

impl Promise {
    /// Its path on the bench.
    #[must_use]
    pub fn on_bench(&self) -> String {
        let root = Workbench::path(&self.volume);
        if self.path.is_empty() { root } else { format!("{root}/{}", self.path) }
    }
}

/// A snapshot that was taken.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Its id in the repository.
    pub id: String,
    /// What it should hold.
    pub promises: Vec<Promise>,
    /// What the promised volumes held when it was taken.
    pub index: BTreeMap<String, VolumeIndex>,
    /// Where services mount those volumes, for messages.
    pub mounts: BTreeSet<Mounted>,
    /// SQLite files, by path on the bench, that the app wrote while they were copied.
    pub moving: BTreeSet<String>,
    /// How many files and bytes restic read.
    pub size: (u64, u64),
    /// How often the backup was begun; more than 1 when a container was replaced meanwhile.
    pub attempts: u32,
}

/// What came of a backup.
#[derive(Debug)]
pub enum BackupEnd {
    /// There is a snapshot. Whether it is complete is [`verify::snapshot`]'s business.
    Snapshot(Box<Snapshot>),
    /// There is none, by the recipe's doing.
    Failed(Finding),
}

/// The paths a recipe promises, or why its labels cannot be followed.
pub fn promises(spec: &BackupSpec) -> Result<Vec<Promise>, Finding> {
    let mut promises = Vec::new();
    for volume in spec.volumes.values() {
        let paths = match &volume.paths {
            BackupPaths::All => vec![String::new()],
            BackupPaths::Only(paths) => paths.clone(),
        };
        for path in paths {
            if path.split('/').any(|part| part == "..") {
                let summary = format!("the backup path `{path}` leads out of volume {}", volume.swarm_name);
                return Err(Finding::new(Cause::BackupIncomplete, summary));
            }
            promises.push(Promise { volume: volume.swarm_name.clone(), path });
        }
    }
    Ok(promises)
}

/// The paths a recipe promises to back up; none where its labels are wrong, which the backup tier reports.
#[must_use]
pub fn promised(recipe: &Recipe) -> Vec<Promise> {
    match &recipe.backup {
        Backup::Capable(spec) => promises(spec).unwrap_or_default(),
        Backup::NotCapable(_) => Vec::new(),
    }
}

/// Pre-hooks, snapshot, post-hooks.
pub async fn take(context: &Context<'_>) -> Result<BackupEnd, WorkError> {
    let promises = match promises(context.spec) {
        Ok(promises) => promises,
        Err(finding) => return Ok(BackupEnd::Failed(finding)),
    };
    if let Some(promise) = promises.iter().find(|promise| !context.bench.volumes().contains(&promise.volume)) {
        let summary = format!("volume {} is promised in the backup but does not exist", promise.volume);
        return Ok(BackupEnd::Failed(Finding::new(Cause::BackupIncomplete, summary)));
    }
    let mut attempt = 1;
    loop {
        match once(context, &promises, attempt).await? {
            Once::Ended(taken) => return Ok(taken),
            Once::Replaced { service, why } => {
                let text = format!("the container of {service} was replaced during the backup ({why})");
                if attempt == ATTEMPTS {
                    let summary = format!("{text}, {ATTEMPTS} times in a row");
                    return Ok(BackupEnd::Failed(Finding::new(Cause::HookFailed, summary).of_service(service)));
                }
                attempt += 1;
                context.voice.note(Some(context.step), format!("{text}: beginning attempt {attempt} of {ATTEMPTS}"));
            }
        }
    }
}

enum Once {
    Ended(BackupEnd),
    Replaced { service: String, why: String },
}

async fn once(context: &Context<'_>, promises: &[Promise], attempts: u32) -> Result<Once, WorkError> {
    match run_hooks(context, BackupHookTime::BackupPre).await? {
        AllEnded::Well => {}
        AllEnded::Failed(finding) => return Ok(Once::Ended(BackupEnd::Failed(finding))),
        AllEnded::Replaced { service, why } => return Ok(Once::Replaced { service, why }),
    }
    let volumes = promises.iter().map(|promise| promise.volume.clone()).collect();
    let paths: Vec<String> = promises.iter().map(Promise::on_bench).collect();
    let index = index::contents(context.bench, &volumes, index::Digests::None).await?;
    let (summary, moving) = save_watching(context, &paths, &volumes, &index).await?;
    match run_hooks(context, BackupHookTime::BackupPost).await? {
        AllEnded::Well => {}
        AllEnded::Failed(finding) => return Ok(Once::Ended(BackupEnd::Failed(finding))),
        AllEnded::Replaced { service, why } => return Ok(Once::Replaced { service, why }),
    }
    let mounts = context.bench.containers().observe.mounts(context.stack).await?.volumes;
    let snapshot = Snapshot {
        id: summary.snapshot_id,
        promises: promises.to_vec(),
        index,
        mounts,
        moving,
        size: (summary.total_files_processed, summary.total_bytes_processed),
        attempts,
    };
    Ok(Once::Ended(BackupEnd::Snapshot(Box::new(snapshot))))
}

/// Saves, and says which SQLite files were written meanwhile: a copy of such a file is none of any one moment.
async fn save_watching(
    context: &Context<'_>,
    paths: &[String],
    volumes: &BTreeSet<String>,
    index: &BTreeMap<String, VolumeIndex>,
) -> Result<(restic::Summary, BTreeSet<String>), WorkError> {
    let Context { bench, repository, limit, .. } = *context;
    if !index.values().any(may_hold_sqlite) {
        return Ok((restic::save(bench, repository, paths, limit).await?, BTreeSet::new()));
    }
    let before = sqlite::stamps(bench, volumes).await?;
    let summary = restic::save(bench, repository, paths, limit).await?;
    let after = sqlite::stamps(bench, volumes).await?;
    let written = before.into_iter().filter(|(path, stamp)| after.get(path).is_some_and(|now| now != stamp));
    Ok((summary, written.map(|(path, _)| path).collect()))
}

/// Whether a volume has a file of whole pages outside the folders of other databases.
fn may_hold_sqlite(index: &VolumeIndex) -> bool {
    let databases = index.database_folders();
    let other = |path: &str| !databases.iter().any(|folder| is_in(path, folder));
    index.files().any(|(path, entry)| entry.size >= 512 && entry.size % 512 == 0 && other(path))
}

/// Whether a backup runs commands of the recipe in its services.
#[must_use]
pub fn has_hooks(spec: &BackupSpec) -> bool {
    spec.services.iter().any(|service| service.hooks.backup_pre.is_some() || service.hooks.backup_post.is_some())
}

/// One backup before the one that is looked at, without a snapshot: every backup but the first finds what an earlier one left, such
/// as a dump that it has to overwrite. What its hooks made is returned, by volume and path, or what they failed of.
pub async fn rehearse(context: &Context<'_>) -> Result<Result<BTreeSet<(String, String)>, Finding>, WorkError> {
    if !has_hooks(context.spec) {
        return Ok(Ok(BTreeSet::new()));
    }
    let before = paths_of(context).await?;
    for time in [BackupHookTime::BackupPre, BackupHookTime::BackupPost] {
        match run_hooks(context, time).await? {
            AllEnded::Well => {}
            AllEnded::Failed(finding) => return Ok(Err(finding)),
            // The backup itself tries again.
            AllEnded::Replaced { .. } => break,
        }
    }
    Ok(Ok(paths_of(context).await?.difference(&before).cloned().collect()))
}

/// Every path in the volumes of the bench.
async fn paths_of(context: &Context<'_>) -> Result<BTreeSet<(String, String)>, WorkError> {
    let found = index::contents(context.bench, context.bench.volumes(), index::Digests::None).await?;
    let paths = found.into_iter().flat_map(|(volume, index)| {
        index.entries.into_keys().map(move |path| (volume.clone(), path)).collect::<Vec<_>>()
    });
    Ok(paths.collect())
}

/// Pre-hooks, files back into their volumes, post-hooks. The services run; `Some` is what the recipe's hooks failed of.
pub async fn restore(context: &Context<'_>, snapshot: &Snapshot) -> Result<Option<Finding>, WorkError> {
    let replaced = |service: String, why: String| {
        let summary = format!("the container of {service} was replaced during the restore: {why}");
        Finding::new(Cause::HookFailed, summary).of_service(service)
    };
    match run_hooks(context, BackupHookTime::RestorePre).await? {
        AllEnded::Well => {}
        AllEnded::Failed(finding) => return Ok(Some(finding)),
        AllEnded::Replaced { service, why } => return Ok(Some(replaced(service, why))),
    }
    let (files, bytes) = snapshot.size;
    let on = format!("restic brings back {}, {}.{} MB", count(files, "file"), bytes / 1_000_000, bytes / 100_000 % 10);
    context.voice.say(Event::Waiting { step: context.step.clone(), on, limit: context.limit.as_secs() });
    let restoring = Restoring {
        id: &snapshot.id,
        specials: specials(snapshot),
        largest: snapshot.index.values().flat_map(VolumeIndex::files).map(|(_, entry)| entry.size).max().unwrap_or(0),
    };
    let refused = restic::restore(context.bench, context.repository, restoring, context.limit).await?;
    if let Some(finding) = not_restored(context, snapshot, refused) {
        return Ok(Some(finding));
    }
    Ok(match run_hooks(context, BackupHookTime::RestorePost).await? {
        AllEnded::Well => None,
        AllEnded::Failed(finding) => Some(finding),
        AllEnded::Replaced { service, why } => Some(replaced(service, why)),
    })
}

/// The links and pipes of a snapshot, by escaped path on the bench.
fn specials(snapshot: &Snapshot) -> Vec<String> {
    let all = snapshot.index.iter().flat_map(|(volume, index)| index.entries.iter().map(move |one| (volume, one)));
    let special = all.filter(|(_, (_, entry))| match entry.kind {
        EntryKind::Link | EntryKind::Pipe => true,
        EntryKind::File | EntryKind::Folder | EntryKind::Socket | EntryKind::Other => false,
    });
    let promised = |volume: &String, path: &str| {
        let mut own = snapshot.promises.iter().filter(|promise| promise.volume == *volume);
        own.any(|promise| is_in(path, &promise.path))
    };
    let promised = special.filter(|(volume, (path, _))| promised(volume, path));
    promised.map(|(volume, (path, _))| format!("{}/{path}", Workbench::path(volume))).collect()
}

/// What restic could not put back. Devices and the like are named and no more: they cannot be made everywhere.
fn not_restored(context: &Context<'_>, snapshot: &Snapshot, refused: Vec<String>) -> Option<Finding> {
    let odd = |line: &String| {
        let special = |kind: EntryKind| match kind {
            EntryKind::Socket | EntryKind::Other => true,
            EntryKind::File | EntryKind::Folder | EntryKind::Link | EntryKind::Pipe => false,
        };
        snapshot.index.iter().any(|(volume, index)| {
            let root = Workbench::path(volume);
            let mut known = index.entries.iter().filter(|(_, entry)| special(entry.kind));
            known.any(|(path, _)| line.starts_with(&format!("{root}/{path}:")))
        })
    };
    let (odd, other): (Vec<String>, Vec<String>) = refused.into_iter().partition(odd);
    for line in odd {
        context.voice.note(Some(context.step), format!("not restored: {line}"));
    }
    let summary = format!("the restore cannot put back {}", other.first()?);
    Some(Finding::new(Cause::RestoreIncomplete, summary).with_details(other))
}

enum AllEnded {
    Well,
    Failed(Finding),
    Replaced { service: String, why: String },
}

/// Runs the hooks of one time, service by service.
async fn run_hooks(context: &Context<'_>, time: BackupHookTime) -> Result<AllEnded, WorkError> {
    for service in &context.spec.services {
        let Some(hook) = time.of(&service.hooks) else { continue };
        let at = (service.service.as_str(), time, hook);
        let speak = (context.voice, context.step);
        match hooks::run(context.bench.containers(), context.stack, at, context.limit, speak).await? {
            Ended::Well => {}
            Ended::Failed(finding) => return Ok(AllEnded::Failed(finding)),
            Ended::Replaced(why) => return Ok(AllEnded::Replaced { service: service.service.clone(), why }),
        }
    }
    Ok(AllEnded::Well)
}

/// Deletes everything in `volumes`, which must carry the stack's label, be on the bench and be mounted by nothing that
/// runs: their services are stopped first.
pub async fn empty_volumes(bench: &Workbench, stack: &StackName, volumes: &BTreeSet<String>) -> Result<(), WorkError> {
    let (what, observe) = ("empty the volumes", bench.containers().observe.as_ref());
    for volume in volumes {
        owned(observe, stack, volume).await?;
    }
    let mounts = observe.mounts(stack).await?.volumes;
    if let Some(mount) = mounts.iter().find(|mount| volumes.contains(&mount.volume)) {
        let why = format!("service {} still runs on volume {}", mount.service, mount.volume);
        return Err(WorkError::NotOurs { what: what.to_owned(), why });
    }
    if volumes.is_empty() {
        return Ok(());
    }
    let words = ["bash", "-c", EMPTY, "empty"].map(str::to_owned).into_iter();
    let words = words.chain(volumes.iter().map(|volume| Workbench::path(volume)));
    let left = bench.must(what, &ExecCommand::new(words).limit(Duration::from_secs(120))).await?.text();
    if left.is_empty() {
        Ok(())
    } else {
        Err(WorkError::Answer { what: what.to_owned(), text: format!("{} is still there", left.trim()) })
    }
}

/// Refuses a volume that is not this stack's.
async fn owned(observe: &dyn Observe, stack: &StackName, volume: &str) -> Result<(), WorkError> {
    let found = observe.labels(&Object::new(ObjectKind::Volume, volume)).await?.unwrap_or_default();
    match found.get(labels::STACK) {
        Some(owner) if owner == stack.as_str() => Ok(()),
        other => Err(WorkError::NotOurs {
            what: format!("empty volume {volume}"),
            why: format!("its label {} is {other:?}, not `{stack}`", labels::STACK),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::backup::BackupVolume;

    fn spec(paths: BackupPaths) -> BackupSpec {
        let volume = BackupVolume { swarm_name: "s_data".into(), paths };
        BackupSpec { volumes: [("data".to_owned(), volume)].into(), ..BackupSpec::default() }
    }

    #[test]
    fn promises_are_paths_below_their_volume() {
        let all = promises(&spec(BackupPaths::All)).unwrap();
        assert_eq!(all[0].on_bench(), "/volumes/s_data");
        let some = promises(&spec(BackupPaths::Only(vec!["a/b.sql".into(), "c".into()]))).unwrap();
        assert_eq!(some[0].on_bench(), "/volumes/s_data/a/b.sql");
        let out = promises(&spec(BackupPaths::Only(vec!["a/../../etc".into()]))).unwrap_err();
        assert_eq!(out.cause, Cause::BackupIncomplete);
    }
}
