//! `CC3xx`, second half: backups that hold nothing, or nothing that can be restored.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::backup::{self, Backup, BackupPaths, BackupService, BackupSpec, NotCapable};
use crate::compose::Compose;
use crate::database::{Database, DatabaseKind, databases};
use crate::source::Severity;
use std::collections::BTreeMap;

pub(super) const RULES: [Rule; 4] = [
    Rule {
        id: "CC303",
        title: "a backup that is switched on holds something",
        severity: Some(Severity::Error),
        what: "Where `backupbot.backup` is on, at least one volume of such a service is in the backup.",
        why: "The backup succeeds every night and is empty. Labels count per service: those on `app` do not cover the volumes \
            of `db`.",
        mend: "Put the labels on the service that mounts the data, or stop excluding every volume.",
        example: "services:\n  db:\n    volumes: [\"db:/var/lib/postgresql/data\"]\n    deploy:\n      labels:\n        backupbot.backup: \"true\"",
        check: RuleCheck::Offline(empty),
    },
    Rule {
        id: "CC304",
        title: "a running database is dumped, not copied",
        severity: Some(Severity::Error),
        what: "Where the data folder of PostgreSQL or MySQL is in the backup as a whole, the service has a \
            `backupbot.backup.pre-hook`.",
        why: "Files copied from under a running server are torn, and restored under a running server they are never read: \
            the data is lost without a word.",
        mend: "Dump in a pre-hook, limit the backup to the dump with `…volumes.<volume>.path`, load it in a restore post-hook.",
        example: "backupbot.backup: \"true\"\nbackupbot.backup.pre-hook: \"/pg_backup.sh backup\"\nbackupbot.backup.volumes.db.path: \"backup.sql\"\nbackupbot.restore.post-hook: \"/pg_backup.sh restore\"",
        check: RuleCheck::Offline(copied),
    },
    Rule {
        id: "CC305",
        title: "what is dumped is loaded again",
        severity: Some(Severity::Error),
        what: "A service whose pre-hook dumps (it runs a database, or the command says dump or backup) has a \
            `backupbot.restore.pre-hook` or `.post-hook`.",
        why: "A restore puts the dump back as a file. Without a hook nothing loads it, and the app goes on with what it had.",
        mend: "Add the restore hook that loads the dump.",
        example: "backupbot.restore.post-hook: \"/pg_backup.sh restore\"",
        check: RuleCheck::Offline(never_loaded),
    },
    Rule {
        id: "CC306",
        title: "the database is in the backup",
        severity: Some(Severity::Warning),
        what: "Where a recipe is backed up, so is the volume of its PostgreSQL, MySQL or SQLite.",
        why: "The most valuable volume is the one that is missing. Labels on `app` do not cover the volumes of `db`.",
        mend: "Put backup labels and hooks on the database's service.",
        example: "services:\n  db:\n    deploy:\n      labels:\n        backupbot.backup: \"true\"",
        check: RuleCheck::Offline(left_out),
    },
];

fn promise(compose: &Compose) -> Backup {
    let names: BTreeMap<String, String> = compose.volumes.keys().map(|key| (key.clone(), key.clone())).collect();
    backup::backup(compose, &names).0
}

/// The backup of each choice of files that makes one.
fn specs<'i>(input: &'i LintInput<'_>) -> impl Iterator<Item = (&'i Compose, BackupSpec)> {
    input.head.sets.iter().filter_map(|set| match promise(&set.compose) {
        Backup::Capable(spec) => Some((&set.compose, spec)),
        Backup::NotCapable(_) => None,
    })
}

/// Where the first backup label of a service stands.
fn label_key(compose: &Compose, service: &str) -> String {
    let labels = format!("services.{service}.deploy.labels");
    let first =
        compose.places.keys().find(|key| key.strip_prefix(&labels).is_some_and(|rest| rest.starts_with(".backupbot.")));
    first.cloned().unwrap_or(labels)
}

fn empty(input: &LintInput<'_>) -> Vec<RuleHit> {
    let compose = &input.head.default().compose;
    if promise(compose) != Backup::NotCapable(NotCapable::NothingIncluded) {
        return Vec::new();
    }
    let on = compose.services.iter().find(|(_, service)| service.deploy.labels.contains_key("backupbot.backup"));
    let name = on.map_or("app", |(name, _)| name.as_str());
    let words = format!("the backup is switched on for `{name}`, and no volume is in it");
    let hint = "put the labels on the service that mounts the data, or stop excluding its volumes";
    vec![RuleHit::new(words).key(compose, &label_key(compose, name)).hint(hint)]
}

fn keeps_rows(database: &Database) -> bool {
    // A file of SQLite can be copied.
    database.kind != DatabaseKind::Sqlite && !database.kind.is_mostly_a_cache()
}

fn service_of<'s>(spec: &'s BackupSpec, name: &str) -> Option<&'s BackupService> {
    spec.services.iter().find(|one| one.service == name)
}

fn copied(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found = Vec::new();
    for (compose, spec) in specs(input) {
        for database in databases(compose).iter().filter(|database| keeps_rows(database)) {
            let Some(volume) = &database.data_volume else { continue };
            let whole = spec.volumes.get(volume).is_some_and(|one| one.paths == BackupPaths::All);
            let dumped = service_of(&spec, &database.service).is_some_and(|one| one.hooks.backup_pre.is_some());
            if whole && !dumped {
                let words = format!("the files of the running database `{}` are copied as they are", database.service);
                let hint = format!("dump in a pre-hook, and limit the backup: backupbot.backup.volumes.{volume}.path");
                found.push(RuleHit::new(words).key(compose, &label_key(compose, &database.service)).hint(hint));
            }
        }
    }
    found
}

fn never_loaded(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found = Vec::new();
    for (compose, spec) in specs(input) {
        let databases = databases(compose);
        for service in &spec.services {
            let hooks = &service.hooks;
            let Some(command) = &hooks.backup_pre else { continue };
            let database = databases.iter().any(|one| one.service == service.service && keeps_rows(one));
            let dumps = database || command.contains("dump") || command.contains("backup");
            if dumps && hooks.restore_pre.is_none() && hooks.restore_post.is_none() {
                let words = format!(
                    "`{}` is dumped before a backup, and nothing loads the dump after a restore",
                    service.service
                );
                let key = format!("services.{}.deploy.labels.backupbot.backup.pre-hook", service.service);
                found.push(RuleHit::new(words).key(compose, &key).hint("add `backupbot.restore.post-hook`"));
            }
        }
    }
    found
}

fn left_out(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found = Vec::new();
    for (compose, spec) in specs(input) {
        let kept = databases(compose).into_iter().filter(|one| keeps_rows(one) || one.kind == DatabaseKind::Sqlite);
        for database in kept {
            let Some(volume) = database.data_volume.filter(|volume| spec.left_out.contains(volume)) else { continue };
            let words = format!("the volume `{volume}` of the database `{}` is in no backup", database.service);
            let hint = format!("put backup labels and hooks on services.{}.deploy.labels", database.service);
            found.push(RuleHit::new(words).key(compose, &format!("services.{}", database.service)).hint(hint));
        }
    }
    found
}
