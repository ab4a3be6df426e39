//! What every database is put through: markers, dumps whole and cut, and the way back.
#![expect(clippy::unwrap_used, reason = "a test has nobody to report to")]

use crate::world::{World, say};
use cc_ci_engine::backup::places::{self, Stock};
use cc_ci_engine::backup::{self, BackupEnd, BackupRepository, Context, Snapshot, verify};
use cc_ci_engine::data::{self, Expected, MarkerPhase, MarkerPlace, Seeded, sqlite};
use cc_ci_engine::voice::Voice;
use cc_ci_engine::workbench::Workbench;
use cc_ci_model::outcome::Finding;
use cc_ci_model::plan::step::{Action, Operation, Pass, Step};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::backup::{BackupPaths, BackupService, BackupSpec, BackupVolume, Dialect, Hooks};
use cc_ci_recipe::database::{Database, DatabaseKind};
use std::time::{Duration, Instant};

/// A database in one volume, with its hooks.
pub(crate) struct Case<'a> {
    pub(crate) volume: &'a str,
    pub(crate) databases: Vec<Database>,
    /// The dump's path below the volume's root.
    pub(crate) path: &'a str,
    pub(crate) dump: &'a str,
    pub(crate) load: &'a str,
}

impl Case<'_> {
    fn spec(&self, dump: &str) -> BackupSpec {
        let paths = BackupPaths::Only(vec![self.path.to_owned()]);
        let volume = BackupVolume { swarm_name: self.volume.to_owned(), paths };
        let hooks = Hooks { backup_pre: Some(dump.into()), restore_post: Some(self.load.into()), ..Hooks::default() };
        BackupSpec {
            volumes: [("data".to_owned(), volume)].into(),
            services: vec![BackupService { service: "db".into(), dialect: Dialect::V2, hooks }],
            left_out: vec![],
        }
    }
}

/// A database of the service `db`.
pub(crate) fn database(kind: DatabaseKind, name: Option<&str>) -> Database {
    Database {
        service: "db".into(),
        kind,
        user: None,
        database: name.map(str::to_owned),
        password_file: None,
        password: None,
        data_volume: Some("data".into()),
    }
}

/// Markers go in, come back by the recipe's own hooks, and a dump that is cut or stale is found. `spoilt` is a list of
/// pre-hooks with what must be said about them.
pub(crate) async fn there_and_back(world: &World, bench: &Workbench, case: &Case<'_>, spoilt: &[(&str, &str)]) {
    let mounts = world.doors.observe.mounts(&world.stack).await.unwrap().volumes;
    let files = sqlite::find(bench, &mounts).await.unwrap();
    let spec = case.spec(case.dump);
    let promises = backup::promises(&spec).unwrap();
    let stock = Stock { mounts: &mounts, databases: &case.databases, files: &files };
    let chosen = places::for_backup(&spec, &promises, stock);
    let started = Instant::now();
    let seeding = data::seed(bench, &world.stack, MarkerPhase::Backup, &chosen.places).await.unwrap();
    say("database answered and markers seeded", started);
    assert_eq!(seeding.refused, Vec::<String>::new());
    assert_eq!(seeding.seeded.places().len(), 1, "{seeding:?}");
    let repository = BackupRepository::make(bench).await.unwrap();
    let (voice, step) =
        (Voice::new(vec![]), Step::new(Tier::Backup, Pass::Only, Action::Operate(Operation::Snapshot)).id);
    let limit = Duration::from_secs(60);
    let specs: Vec<BackupSpec> = spoilt.iter().map(|(dump, _)| case.spec(dump)).collect();
    let context =
        |spec| Context { bench, stack: &world.stack, repository: &repository, spec, limit, voice: &voice, step: &step };
    for ((dump, said), spec) in spoilt.iter().zip(&specs) {
        let BackupEnd::Snapshot(snapshot) = backup::take(&context(spec)).await.unwrap() else {
            panic!("{dump} failed")
        };
        let findings = verified(&context(spec), &snapshot, &seeding.seeded).await;
        let texts: Vec<&str> = findings.iter().map(|finding| finding.summary.as_str()).collect();
        assert!(texts.iter().any(|text| text.contains(said)), "{dump}: {texts:?}");
    }
    let taken = backup::take(&context(&spec)).await.unwrap();
    let BackupEnd::Snapshot(snapshot) = taken else { panic!("{taken:?}") };
    let findings = verified(&context(&spec), &snapshot, &seeding.seeded).await;
    assert_eq!(findings, []);
    assert_eq!(data::mutate(bench, &world.stack, &seeding.seeded).await.unwrap(), []);
    assert_eq!(check(world, bench, &seeding.seeded, Expected::Seeded).await, 2);
    let started = Instant::now();
    assert_eq!(backup::restore(&context(&spec), &snapshot).await.unwrap(), None);
    say("restored in place", started);
    assert_eq!(check(world, bench, &seeding.seeded, Expected::Seeded).await, 0);
}

/// Everything that is wrong with a snapshot.
async fn verified(context: &Context<'_>, snapshot: &Snapshot, seeded: &Seeded) -> Vec<Finding> {
    let listing = verify::Listing::of(context, snapshot).await.unwrap();
    verify::snapshot(context, snapshot, &listing, &verify::SnapshotDue::of(seeded)).await.unwrap()
}

/// How many markers are not as they should be.
async fn check(world: &World, bench: &Workbench, seeded: &Seeded, state: Expected) -> usize {
    data::verify(bench, &world.stack, seeded, state).await.unwrap().len()
}

pub(crate) async fn refusals(world: &World, bench: &Workbench, place: MarkerPlace) -> Vec<String> {
    data::seed(bench, &world.stack, MarkerPhase::Upgrade, &[place]).await.unwrap().refused
}
