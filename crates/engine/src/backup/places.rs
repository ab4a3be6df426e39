//! Chooses where markers prove an upgrade or a backup, and says which databases take none (DATA-1).

use cc_ci_model::data::Mounted;
use cc_ci_model::data::path::is_in;
use cc_ci_recipe::backup::BackupSpec;
use cc_ci_recipe::database::Database;
use std::collections::BTreeSet;

use super::Promise;
use crate::data::files::Folder;
use crate::data::sqlite::{self, SqliteFile};
use crate::data::{DatabaseServer, MarkerPlace};

/// What was found in a stack.
#[derive(Clone, Copy)]
pub struct Stock<'a> {
    /// What its services mount.
    pub mounts: &'a BTreeSet<Mounted>,
    /// The databases recognised from the recipe.
    pub databases: &'a [Database],
    /// The SQLite files found in its volumes.
    pub files: &'a [SqliteFile],
}

/// Where markers go.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The places.
    pub places: Vec<MarkerPlace>,
    /// Databases that take no marker, each with the reason.
    pub left_out: Vec<String>,
}

/// Where markers prove a backup: the promised paths; the databases, those that a backup need not bring back left out.
#[must_use]
pub fn for_backup(spec: &BackupSpec, promises: &[Promise], stock: Stock<'_>) -> Chosen {
    let promised = |service: &str| {
        let mut own = stock.mounts.iter().filter(|mount| mount.service == service);
        own.any(|mount| promises.iter().any(|promise| promise.volume == mount.volume))
    };
    let mut chosen = Chosen { places: folders(promises, stock.mounts), left_out: Vec::new() };
    for server in stock.databases.iter().filter_map(DatabaseServer::of) {
        if server.may_be_a_cache() && !promised(server.service()) {
            chosen.leave_out(&MarkerPlace::Server(server), "its volume is not backed up");
        } else {
            chosen.places.push(MarkerPlace::Server(server));
        }
    }
    chosen.add_files(stock.files, |file| {
        if is_promised(file, spec, promises, stock.mounts) { None } else { Some("the backup does not cover it") }
    });
    chosen
}

/// Where markers prove an upgrade: what a backup promises; every database that keeps something; where there is neither, the
/// root of each of the stack's own `volumes`.
#[must_use]
pub fn for_upgrade(promises: &[Promise], volumes: &BTreeSet<String>, stock: Stock<'_>) -> Chosen {
    let keeps = |service: &str| stock.mounts.iter().any(|mount| mount.service == service);
    let mut chosen = Chosen { places: folders(promises, stock.mounts), left_out: Vec::new() };
    for server in stock.databases.iter().filter_map(DatabaseServer::of) {
        if server.may_be_a_cache() && !keeps(server.service()) {
            chosen.leave_out(&MarkerPlace::Server(server), "it has no volume to keep it in");
        } else {
            chosen.places.push(MarkerPlace::Server(server));
        }
    }
    chosen.add_files(stock.files, |_| None);
    if chosen.places.is_empty() {
        let own = stock.mounts.iter().filter(|mount| volumes.contains(&mount.volume));
        let mut seen = BTreeSet::new();
        let roots = own.filter(|mount| seen.insert(&mount.volume)).map(|mount| root(mount, ""));
        chosen.places = roots.map(MarkerPlace::Folder).collect();
    }
    chosen
}

impl Chosen {
    fn leave_out(&mut self, place: &MarkerPlace, why: &str) {
        self.left_out.push(format!("no markers are put as {place}: {why}"));
    }

    /// Takes the files that `refuse` says nothing about, up to the most that are marked.
    fn add_files(&mut self, files: &[SqliteFile], refuse: impl Fn(&SqliteFile) -> Option<&'static str>) {
        let mut taken = 0;
        for file in files {
            let place = MarkerPlace::Sqlite(file.clone());
            match refuse(file) {
                Some(why) => self.leave_out(&place, why),
                None if taken == sqlite::MOST => self.leave_out(&place, "enough others are marked"),
                None => {
                    taken += 1;
                    self.places.push(place);
                }
            }
        }
    }
}

/// The promised paths as places for marker files, through the service that mounts each.
fn folders(promises: &[Promise], mounts: &BTreeSet<Mounted>) -> Vec<MarkerPlace> {
    let folder = |promise: &Promise| {
        let mount = mounts.iter().find(|mount| mount.volume == promise.volume)?;
        Some(MarkerPlace::Folder(root(mount, &promise.path)))
    };
    promises.iter().filter_map(folder).collect()
}

fn root(mount: &Mounted, path: &str) -> Folder {
    Folder::at(mount, path)
}

/// A file is covered when a promised path holds it, or when its volume is promised in part and a hook brings the rest back.
fn is_promised(file: &SqliteFile, spec: &BackupSpec, promises: &[Promise], mounts: &BTreeSet<Mounted>) -> bool {
    let mount = mounts.iter().find(|mount| mount.service == file.service && mount.target == file.target);
    let Some(mount) = mount else { return false };
    let of_volume = || promises.iter().filter(|promise| promise.volume == mount.volume);
    let inside = |folder: &str| is_in(&file.path, folder);
    let mut users = mounts.iter().filter(|other| other.volume == mount.volume).map(|other| other.service.as_str());
    let hooked = users.any(|user| {
        let mut services = spec.services.iter().filter(|service| service.service == user);
        services.any(|service| service.hooks.restore_pre.is_some() || service.hooks.restore_post.is_some())
    });
    of_volume().any(|promise| inside(promise.path.trim_matches('/'))) || (hooked && of_volume().next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::backup::{BackupService, Dialect, Hooks};
    use cc_ci_recipe::database::DatabaseKind;

    fn promise(path: &str) -> Promise {
        Promise { volume: "s_data".into(), path: path.into() }
    }

    fn mounts() -> BTreeSet<Mounted> {
        [Mounted { service: "app".into(), target: "/data".into(), volume: "s_data".into() }].into()
    }

    fn file(path: &str) -> SqliteFile {
        SqliteFile { service: "app".into(), target: "/data".into(), path: path.into(), volume: "s_data".into() }
    }

    fn redis(service: &str) -> Database {
        Database {
            service: service.into(),
            kind: DatabaseKind::Redis,
            user: None,
            database: None,
            password_file: None,
            password: None,
            data_volume: None,
        }
    }

    fn spec(restore_post: Option<&str>) -> BackupSpec {
        let hooks = Hooks { restore_post: restore_post.map(str::to_owned), ..Hooks::default() };
        let service = BackupService { service: "app".into(), dialect: Dialect::V2, hooks };
        BackupSpec { services: vec![service], ..BackupSpec::default() }
    }

    fn shown(chosen: &Chosen) -> String {
        let places: Vec<String> = chosen.places.iter().map(ToString::to_string).collect();
        [places, chosen.left_out.clone()].concat().join("\n")
    }

    fn backup(spec: &BackupSpec, promises: &[Promise], databases: &[Database], files: &[SqliteFile]) -> String {
        shown(&for_backup(spec, promises, Stock { mounts: &mounts(), databases, files }))
    }

    #[test]
    fn a_promise_is_marked_through_the_service_that_mounts_it() {
        assert_eq!(backup(&spec(None), &[promise("c")], &[], &[]), "files in app:/data/c");
        let nowhere = Stock { mounts: &BTreeSet::new(), databases: &[], files: &[] };
        assert_eq!(for_backup(&spec(None), &[promise("c")], nowhere), Chosen::default());
    }

    #[test]
    fn a_sqlite_file_is_marked_where_the_backup_covers_it() {
        let file = [file("db/app.sqlite")];
        let row = "rows in SQLite file app:/data/db/app.sqlite";
        assert_eq!(backup(&spec(None), &[promise("")], &[], &file), format!("files in app:/data\n{row}"));
        assert_eq!(backup(&spec(None), &[promise("db")], &[], &file), format!("files in app:/data/db\n{row}"));
        assert_eq!(
            backup(&spec(Some("load")), &[promise("dump")], &[], &file),
            format!("files in app:/data/dump\n{row}")
        );
        assert_eq!(
            backup(&spec(None), &[promise("d")], &[], &file),
            format!("files in app:/data/d\nno markers are put as {row}: the backup does not cover it")
        );
    }

    #[test]
    fn a_redis_that_is_only_a_cache_takes_no_markers() {
        let both = [redis("app"), redis("cache")];
        let out = "no markers are put as keys in the Redis database of cache";
        assert_eq!(
            backup(&spec(None), &[promise("")], &both, &[]),
            format!("files in app:/data\nkeys in the Redis database of app\n{out}: its volume is not backed up")
        );
        let stock = Stock { mounts: &mounts(), databases: &both, files: &[] };
        assert_eq!(
            shown(&for_upgrade(&[], &BTreeSet::new(), stock)),
            format!("keys in the Redis database of app\n{out}: it has no volume to keep it in")
        );
    }

    #[test]
    fn with_nothing_promised_and_no_database_an_upgrade_is_marked_in_the_volumes() {
        let stock = Stock { mounts: &mounts(), databases: &[], files: &[] };
        assert_eq!(shown(&for_upgrade(&[], &["s_data".to_owned()].into(), stock)), "files in app:/data");
        assert_eq!(shown(&for_upgrade(&[], &BTreeSet::new(), stock)), "");
    }
}
