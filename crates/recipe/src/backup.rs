//! What a recipe's `backupbot.*` labels say is backed up, and with which hooks.
//!
//! Two dialects are in use. In the current one a service that is switched on has all its volumes backed up, minus
//! exclusions, or only some paths of a volume. In the first one `backupbot.backup.path` names paths in the container.

pub mod coverage;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::compose::{Compose, MountKind, Service};
use crate::database::is_below;
use crate::source::{Problem, Topic, nearest};
use crate::traefik::{comma_list, truthy};

/// Whether a recipe can be backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backup {
    /// It promises a backup.
    Capable(BackupSpec),
    /// It does not, for this reason.
    NotCapable(NotCapable),
}

/// Why a recipe promises no backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotCapable {
    /// No service carries `backupbot.backup`, and the stack has no volume: there is nothing to back up.
    Stateless,
    /// No service carries `backupbot.backup`, though the stack has volumes.
    NoLabels,
    /// The label is there and switched off.
    SwitchedOff,
    /// The label is on services whose volumes are all excluded, or that have none.
    NothingIncluded,
}

impl NotCapable {
    /// The reason as a sentence fragment.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Stateless => "the recipe has no volumes, so there is nothing to back up",
            Self::NoLabels => "no service carries the label `backupbot.backup=true` under `deploy`",
            Self::SwitchedOff => "the label `backupbot.backup` is set to false",
            Self::NothingIncluded => "`backupbot.backup` is set only where every volume is excluded or there is none",
        }
    }
}

/// What a backup holds and what runs around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackupSpec {
    /// Volumes by key, each once, with the union of what the services ask for.
    pub volumes: BTreeMap<String, BackupVolume>,
    /// Services that carry labels, with their hooks.
    pub services: Vec<BackupService>,
    /// Volumes of the stack that no service includes.
    pub left_out: Vec<String>,
}

/// One volume in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupVolume {
    /// Its name on the engine.
    pub swarm_name: String,
    /// What of it.
    pub paths: BackupPaths,
}

/// What of a volume is backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupPaths {
    /// All of it.
    All,
    /// These files and folders, relative to the volume's root, sorted.
    Only(Vec<String>),
}

/// A service with backup labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupService {
    /// The compose service.
    pub service: String,
    /// How its labels are written.
    pub dialect: Dialect,
    /// Commands run in its container.
    pub hooks: Hooks,
}

/// How backup labels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `backupbot.backup.path` with paths in the container.
    V1,
    /// `backupbot.backup.volumes.<volume>`.
    V2,
}

/// Commands run in the running container of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hooks {
    /// Before the snapshot.
    pub backup_pre: Option<String>,
    /// After the snapshot.
    pub backup_post: Option<String>,
    /// Before files are put back.
    pub restore_pre: Option<String>,
    /// After files were put back.
    pub restore_post: Option<String>,
}

impl Hooks {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

const PREFIX: &str = "backupbot.";
const KNOWN: [&str; 8] = [
    "backupbot.backup",
    "backupbot.backup.path",
    "backupbot.backup.pre-hook",
    "backupbot.backup.post-hook",
    "backupbot.restore",
    "backupbot.restore.pre-hook",
    "backupbot.restore.post-hook",
    "backupbot.backup.volumes",
];

/// Reads the backup labels of a stack. `names` gives each volume's name on the engine.
#[must_use]
pub fn backup(compose: &Compose, names: &BTreeMap<String, String>) -> (Backup, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut spec = BackupSpec::default();
    let (mut labelled, mut switched_on) = (false, false);
    for (name, service) in &compose.services {
        misplaced(compose, name, service, &mut problems);
        let Some(flag) = service.deploy.labels.get("backupbot.backup") else {
            without_switch(compose, name, service, &mut problems);
            continue;
        };
        labelled = true;
        if !truthy(flag) {
            continue;
        }
        switched_on = true;
        let mut reading = Reading { compose, name, service, names, spec: &mut spec, problems: &mut problems };
        reading.unknown_labels();
        reading.include();
    }
    let own = compose.volumes.iter().filter(|(_, volume)| !volume.external).map(|(key, _)| key);
    spec.left_out = own.filter(|key| !spec.volumes.contains_key(*key)).cloned().collect();
    let stateless = spec.left_out.is_empty() && spec.volumes.is_empty();
    let backup = match (labelled, switched_on) {
        (true, true) if spec.volumes.is_empty() => Backup::NotCapable(NotCapable::NothingIncluded),
        (true, true) => Backup::Capable(spec),
        (true, false) => Backup::NotCapable(NotCapable::SwitchedOff),
        (false, _) if stateless => Backup::NotCapable(NotCapable::Stateless),
        (false, _) => Backup::NotCapable(NotCapable::NoLabels),
    };
    (backup, problems)
}

/// Labels on the container instead of the service do nothing.
fn misplaced(compose: &Compose, name: &str, service: &Service, problems: &mut Vec<Problem>) {
    for label in service.labels.keys().filter(|label| label.starts_with(PREFIX)) {
        let problem = Problem::warning("", "backup labels count under `deploy` only");
        let hint = format!("move it to services.{name}.deploy.labels");
        let problem = problem.hint(hint).topic(Topic::MisplacedLabel);
        problems.push(compose.at(&format!("services.{name}.labels.{label}"), problem));
    }
}

/// Hooks on a service that is not switched on never run.
fn without_switch(compose: &Compose, name: &str, service: &Service, problems: &mut Vec<Problem>) {
    let ours = |label: &&String| label.starts_with(PREFIX) && *label != "backupbot.restore";
    if let Some(label) = service.deploy.labels.keys().find(ours) {
        let problem = Problem::warning("", "has no effect: this service does not carry `backupbot.backup`");
        let hint = format!("add `backupbot.backup=true` to services.{name}.deploy.labels");
        let problem = problem.hint(hint).topic(Topic::BackupLabel);
        problems.push(compose.at(&format!("services.{name}.deploy.labels.{label}"), problem));
    }
}

/// One switched-on service being read.
struct Reading<'a> {
    compose: &'a Compose,
    name: &'a str,
    service: &'a Service,
    names: &'a BTreeMap<String, String>,
    spec: &'a mut BackupSpec,
    problems: &'a mut Vec<Problem>,
}

impl Reading<'_> {
    fn warn(&mut self, label: &str, what: impl Into<String>, hint: impl Into<String>) {
        let key = format!("services.{}.deploy.labels.{label}", self.name);
        let problem = Problem::warning("", what).hint(hint).topic(Topic::BackupLabel);
        self.problems.push(self.compose.at(&key, problem));
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.service.deploy.labels.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn unknown_labels(&mut self) {
        let labels: Vec<&String> = self.service.deploy.labels.keys().filter(|key| key.starts_with(PREFIX)).collect();
        for label in labels {
            if KNOWN.contains(&label.as_str()) || label.starts_with("backupbot.backup.volumes.") {
                continue;
            }
            let hint = match nearest(label, KNOWN) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove it: no backup tool reads it".to_owned(),
            };
            self.warn(label, "unknown backup label", hint);
        }
    }

    fn include(&mut self) {
        let hook = |key: &str| self.label(key).map(str::to_owned);
        let hooks = Hooks {
            backup_pre: hook("backupbot.backup.pre-hook"),
            backup_post: hook("backupbot.backup.post-hook"),
            restore_pre: hook("backupbot.restore.pre-hook"),
            restore_post: hook("backupbot.restore.post-hook"),
        };
        let paths = self.label("backupbot.backup.path").map(comma_list);
        let dialect = if paths.is_some() { Dialect::V1 } else { Dialect::V2 };
        self.mixed(dialect);
        self.spec.services.push(BackupService { service: self.name.to_owned(), dialect, hooks });
        match paths {
            Some(paths) => paths.iter().for_each(|path| self.container_path(path)),
            None => self.volumes(),
        }
    }

    /// Labels of both dialects on one service say two things, and which one counts depends on the tool that reads them.
    fn mixed(&mut self, dialect: Dialect) {
        let of_second = |key: &&String| key.starts_with("backupbot.backup.volumes.");
        let second = self.service.deploy.labels.keys().find(of_second).cloned();
        if let (Dialect::V1, Some(label)) = (dialect, second) {
            let what = "stands beside `backupbot.backup.path`: older tools read that one, newer ones this one";
            self.warn(&label, what, "say it once: drop `backupbot.backup.path`, or these labels");
        }
    }

    /// First dialect: a path in the container, which lies in a volume or else is lost with the container.
    fn container_path(&mut self, path: &str) {
        let mounts = self.service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
        let around = mounts.filter(|mount| is_below(path, &mount.target)).max_by_key(|mount| mount.target.len());
        let below = self.service.volumes.iter().filter(|mount| is_below(&mount.target, path));
        let below: Vec<String> = below.filter_map(|mount| mount.source.clone()).collect();
        match around.and_then(|mount| Some((mount.source.clone()?, mount.target.clone()))) {
            Some((volume, target)) => {
                let inside = path[target.trim_end_matches('/').len()..].trim_matches('/');
                let paths =
                    if inside.is_empty() { BackupPaths::All } else { BackupPaths::Only(vec![inside.to_owned()]) };
                self.add(&volume, paths);
            }
            None if !below.is_empty() => below.iter().for_each(|volume| self.add(volume, BackupPaths::All)),
            None => {
                let hint = "mount a volume there, or name a path inside a volume";
                self.warn("backupbot.backup.path", format!("`{path}` is in no volume of this service"), hint);
            }
        }
    }

    /// Second dialect: all volumes of the service but the excluded ones, whole or by paths.
    fn volumes(&mut self) {
        let mut wanted: BTreeMap<String, BackupPaths> = BTreeMap::new();
        for mount in self.service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume) {
            if let Some(volume) = &mount.source {
                wanted.insert(volume.clone(), BackupPaths::All);
            }
        }
        let prefix = "backupbot.backup.volumes.";
        let labels =
            self.service.deploy.labels.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
        let labels: Vec<(&str, &str)> = labels.map(|(key, value)| (key, value.as_str())).collect();
        for (key, value) in labels {
            let (volume, is_path) = key.strip_suffix(".path").map_or((key, false), |volume| (volume, true));
            if !self.compose.volumes.contains_key(volume) {
                let known = self.compose.volumes.keys().map(String::as_str);
                let near = nearest(volume, known).map(|near| format!("did you mean `{near}`?"));
                let hint = near.unwrap_or_else(|| "name a volume of the top-level `volumes`".to_owned());
                self.warn(&format!("{prefix}{key}"), format!("unknown volume `{volume}`"), hint);
                continue;
            }
            if is_path {
                let paths = comma_list(value).iter().map(|path| path.trim_matches('/').to_owned()).collect();
                wanted.insert(volume.to_owned(), BackupPaths::Only(paths));
            }
        }
        // Exclusions win over paths, whatever their order.
        wanted.retain(|volume, _| self.label(&format!("{prefix}{volume}")).is_none_or(truthy));
        for (volume, paths) in wanted {
            self.add(&volume, paths);
        }
    }

    fn add(&mut self, volume: &str, paths: BackupPaths) {
        if self.compose.volumes.get(volume).is_some_and(|volume| volume.external) {
            return;
        }
        let swarm_name = self.names.get(volume).cloned().unwrap_or_else(|| volume.to_owned());
        let entry = self.spec.volumes.entry(volume.to_owned());
        let entry = entry.or_insert(BackupVolume { swarm_name, paths: BackupPaths::Only(Vec::new()) });
        match (&mut entry.paths, paths) {
            (BackupPaths::All, _) => {}
            (BackupPaths::Only(_), BackupPaths::All) => entry.paths = BackupPaths::All,
            (BackupPaths::Only(known), BackupPaths::Only(more)) => {
                known.extend(more);
                known.sort();
                known.dedup();
            }
        }
    }
}
