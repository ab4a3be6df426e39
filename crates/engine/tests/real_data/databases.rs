//! MariaDB, Redis and SQLite: markers, dumps whole and cut, and the way back.
//!
//! The servers' images are built by `make demo-all` only, so their tests run with `CC_CI_LONG=1`.
#![expect(clippy::unwrap_used, reason = "a test has nobody to report to")]

use crate::world::{TOOLS, World, asked, long, say};
use cc_ci_engine::backup::places::{self, Stock};
use cc_ci_engine::backup::{self, BackupEnd, BackupRepository, Context, verify};
use cc_ci_engine::bench::Bench;
use cc_ci_engine::data::{self, Expected, MarkerPhase, MarkerPlace, Seeded, index, mysql, redis, sqlite};
use cc_ci_engine::voice::Voice;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::backup::{BackupPaths, BackupService, BackupSpec, BackupVolume, Dialect, Hooks};
use cc_ci_recipe::database::{Database, DatabaseKind};
use std::time::{Duration, Instant};

const MARIADB: &str = "cc-ci/mariadb:10.11";
const REDIS: &str = "cc-ci/redis:7.0";

/// A database in one volume, with its hooks.
struct Case<'a> {
    volume: &'a str,
    databases: Vec<Database>,
    /// The dump's path below the volume's root.
    path: &'a str,
    dump: &'a str,
    load: &'a str,
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

fn database(kind: DatabaseKind, name: Option<&str>) -> Database {
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
async fn there_and_back(world: &World, bench: &Bench, case: &Case<'_>, spoilt: &[(&str, &str)]) {
    let (_, mounts) = index::mounts(&world.docker, &world.stack).await.unwrap();
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
    let (voice, step) = (Voice::new(vec![]), StepId::new(Tier::Backup, "snapshot"));
    let limit = Duration::from_secs(60);
    let specs: Vec<BackupSpec> = spoilt.iter().map(|(dump, _)| case.spec(dump)).collect();
    let context =
        |spec| Context { bench, stack: &world.stack, repository: &repository, spec, limit, voice: &voice, step: &step };
    for ((dump, said), spec) in spoilt.iter().zip(&specs) {
        let BackupEnd::Snapshot(snapshot) = backup::take(&context(spec)).await.unwrap() else {
            panic!("{dump} failed")
        };
        let findings = verify::snapshot(&context(spec), &snapshot, &seeding.seeded, &Churn::default()).await.unwrap();
        let texts: Vec<&str> = findings.iter().map(|finding| finding.summary.as_str()).collect();
        assert!(texts.iter().any(|text| text.contains(said)), "{dump}: {texts:?}");
    }
    let taken = backup::take(&context(&spec)).await.unwrap();
    let BackupEnd::Snapshot(snapshot) = taken else { panic!("{taken:?}") };
    let findings = verify::snapshot(&context(&spec), &snapshot, &seeding.seeded, &Churn::default()).await.unwrap();
    assert_eq!(findings, []);
    assert_eq!(data::mutate(bench, &world.stack, &seeding.seeded).await.unwrap(), []);
    assert_eq!(check(world, bench, &seeding.seeded, Expected::Seeded).await, 2);
    let started = Instant::now();
    assert_eq!(backup::restore(&context(&spec), &snapshot).await.unwrap(), None);
    say("restored in place", started);
    assert_eq!(check(world, bench, &seeding.seeded, Expected::Seeded).await, 0);
}

/// How many markers are not as they should be.
async fn check(world: &World, bench: &Bench, seeded: &Seeded, state: Expected) -> usize {
    data::verify(bench, &world.stack, seeded, state).await.unwrap().len()
}

async fn refusals(world: &World, bench: &Bench, place: MarkerPlace) -> Vec<String> {
    data::seed(bench, &world.stack, MarkerPhase::Upgrade, &[place]).await.unwrap().refused
}

#[tokio::test]
async fn mariadb_there_and_back() {
    if !long() {
        return;
    }
    in_world!(world, {
        let volume = world.volume("data").await;
        let env = ["MARIADB_USER=app", "MARIADB_PASSWORD=p'w", "MARIADB_DATABASE=appdb", "MARIADB_ROOT_PASSWORD=r\\t"];
        let db = world.task("db", MARIADB, &env, &[(&volume, "/var/lib/mysql")], &[]).await;
        let bench = world.bench(&[&volume]).await;
        let case = Case {
            volume: &volume,
            databases: vec![database(DatabaseKind::Mysql, Some("appdb"))],
            path: "backup.sql.gz",
            dump: r#"mariadb-dump -uroot -p"$MARIADB_ROOT_PASSWORD" appdb | gzip >/var/lib/mysql/backup.sql.gz"#,
            load: r#"gunzip -c /var/lib/mysql/backup.sql.gz | mariadb -uroot -p"$MARIADB_ROOT_PASSWORD" appdb"#,
        };
        let cut = r#"mariadb-dump -uroot -p"$MARIADB_ROOT_PASSWORD" appdb | sed '/Dump completed/d' | gzip >/var/lib/mysql/backup.sql.gz"#;
        let stale =
            r#"mariadb-dump -uroot -p"$MARIADB_ROOT_PASSWORD" --no-data appdb | gzip >/var/lib/mysql/backup.sql.gz"#;
        let spoilt = [(cut, "breaks off"), (stale, "what was seeded in MariaDB/MySQL database appdb of db is not in")];
        there_and_back(&world, &bench, &case, &spoilt).await;

        // Everything read inside the container; then no name of a database, and two to choose from.
        assert_eq!(refusals(&world, &bench, MarkerPlace::Mysql(mysql::Login::of("db"))).await, Vec::<String>::new());
        world.sh(&db, r#"mariadb -uroot -p"$MARIADB_ROOT_PASSWORD" -e 'CREATE DATABASE other; DROP TABLE appdb.cc_ci_marker'"#).await;
        let root = mysql::Login { user: Some("root".into()), ..mysql::Login::of("db") };
        assert_eq!(refusals(&world, &bench, MarkerPlace::Mysql(root)).await, Vec::<String>::new());
        world.kill(&db).await;
        let bare = [env[0], env[1], env[3]];
        world.task("db", MARIADB, &bare, &[(&volume, "/var/lib/mysql")], &[]).await;
        let root = mysql::Login { user: Some("root".into()), ..mysql::Login::of("db") };
        let refused = refusals(&world, &bench, MarkerPlace::Mysql(root)).await;
        assert!(refused[0].contains("the server has appdb other and MARIADB_DATABASE is not set"), "{refused:?}");
    });
}

#[tokio::test]
async fn redis_there_and_back() {
    if !long() {
        return;
    }
    in_world!(world, {
        let volume = world.volume("data").await;
        let words = ["redis-server", "--requirepass", "hunter2", "--save", "", "--appendonly", "yes"];
        let db = world.task("db", REDIS, &[], &[(&volume, "/data")], &words).await;
        let bench = world.bench(&[&volume]).await;
        let known = Database { password: Some("hunter2".into()), ..database(DatabaseKind::Redis, None) };
        // In place: the restored file is served by a second server, and the first one follows it for a moment.
        let load = r#"set -e; export REDISCLI_AUTH=hunter2; cd /data
            redis-server --port 6390 --dir /data --dbfilename backup.rdb --save '' --appendonly no --requirepass hunter2 --daemonize yes >/dev/null
            until redis-cli -p 6390 ping | grep -q PONG; do sleep 0.05; done
            redis-cli config set masterauth hunter2; redis-cli replicaof 127.0.0.1 6390
            until redis-cli info replication | grep -q master_link_status:up; do sleep 0.05; done
            redis-cli replicaof no one; redis-cli -p 6390 shutdown nosave"#;
        let case = Case {
            volume: &volume,
            databases: vec![known],
            path: "backup.rdb",
            dump: "REDISCLI_AUTH=hunter2 redis-cli --rdb /data/backup.rdb",
            load,
        };
        let cut = "REDISCLI_AUTH=hunter2 redis-cli --rdb /data/x && head -c -4 /data/x >/data/backup.rdb";
        let stale = "cp /data/appendonlydir/*.base.rdb /data/backup.rdb";
        let spoilt = [(cut, "breaks off"), (stale, "what was seeded in the Redis database of db is not in its dump")];
        there_and_back(&world, &bench, &case, &spoilt).await;

        let refused = refusals(&world, &bench, MarkerPlace::Redis(redis::Login::of("db"))).await;
        assert!(refused[0].contains("NOAUTH"), "{refused:?}");
        world.sh(&db, "echo hunter2 >/run/secret").await;
        let by_file = redis::Login { password_file: Some("/run/secret".into()), ..redis::Login::of("db") };
        assert_eq!(refusals(&world, &bench, MarkerPlace::Redis(by_file)).await, Vec::<String>::new());
        world.task("cache", REDIS, &[], &[], &["redis-server", "--save", ""]).await;
        let cache = [MarkerPlace::Redis(redis::Login::of("cache"))];
        let seeding = data::seed(&bench, &world.stack, MarkerPhase::Upgrade, &cache).await.unwrap();
        assert_eq!(seeding.passed_over, ["the Redis database of cache: set to write nothing to disk"]);
        assert!(matches!(seeding.outcome(), Outcome::Unverified(_)));
    });
}

/// A program that keeps a connection open, and a transaction too while `/tmp/busy` is there.
const APP: &str = r#"mkdir -p /data/db; chown 1000:1000 /data/db
exec setpriv --reuid=1000 --regid=1000 --clear-groups bash -c '
mkfifo /tmp/sql; sqlite3 /data/db/app.db </tmp/sql & exec 3>/tmp/sql
echo "PRAGMA journal_mode=wal; CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1);" >&3
while sleep 0.05; do
  if [ -e /tmp/busy ] && [ ! -e /tmp/held ]; then echo "BEGIN EXCLUSIVE; INSERT INTO t VALUES (2);" >&3; touch /tmp/held; fi
  if [ ! -e /tmp/busy ] && [ -e /tmp/held ]; then echo "COMMIT;" >&3; rm /tmp/held; fi
done'"#;

#[tokio::test]
async fn sqlite_there_and_back_while_the_app_has_it_open() {
    in_world!(world, {
        let volume = world.volume("data").await;
        let db = world.task("db", TOOLS, &[], &[(&volume, "/data")], &["bash", "-c", APP]).await;
        let bench = world.bench(&[&volume]).await;
        let begun = "until [ -s /data/db/app.db-wal ]; do :; done; echo SQLite format 3 >/data/no.txt; cp /data/db/app.db /data/x.tmp";
        world.sh(&db, begun).await;
        // A lock that the app holds for a moment is waited for.
        world
            .sh(&db, "touch /tmp/busy; until [ -e /tmp/held ]; do :; done; (sleep 1; rm /tmp/busy) >/dev/null 2>&1 &")
            .await;
        let case = Case {
            volume: &volume,
            databases: vec![database(DatabaseKind::Sqlite, Some("/data/db/app.db"))],
            path: "backup.sqlite",
            dump: r#"sqlite3 /data/db/app.db ".backup /data/backup.sqlite""#,
            load: r#"sqlite3 -cmd ".timeout 5000" /data/db/app.db ".restore /data/backup.sqlite""#,
        };
        let cut = "sqlite3 /data/db/app.db '.backup /data/x.tmp' && head -c 5000 /data/x.tmp >/data/backup.sqlite";
        let torn = "sqlite3 /data/db/app.db '.backup /data/x.tmp' && { head -c 4096 /data/x.tmp; head -c 40960 /dev/zero; } >/data/backup.sqlite";
        let text = "sqlite3 /data/db/app.db .dump | head -n -1 >/data/backup.sqlite";
        let stale = "rm -f /data/backup.sqlite; sqlite3 /data/backup.sqlite 'CREATE TABLE t (a)'";
        let spoilt = [
            (cut, "breaks off"),
            (torn, "is malformed"),
            (text, "breaks off"),
            (stale, "what was seeded in SQLite file db:/data/db/app.db is not in its dump"),
        ];
        there_and_back(&world, &bench, &case, &spoilt).await;
        let owners =
            world.sh(&db, "stat -c %u:%g /data/db/* | sort -u; sqlite3 /data/db/app.db 'SELECT count(*) FROM t'").await;
        assert_eq!(owners.text(), "1000:1000\n2\n");
    });
}

#[tokio::test]
async fn a_sqlite_file_that_is_gone_or_never_let_go_is_said() {
    in_world!(world, {
        let volume = world.volume("data").await;
        let db = world.task("db", TOOLS, &[], &[(&volume, "/data")], &["bash", "-c", APP]).await;
        let bench = world.bench(&[&volume]).await;
        world.sh(&db, "until [ -s /data/db/app.db-wal ]; do :; done").await;
        let file = |path: &str| sqlite::File { service: "db".into(), target: "/data".into(), path: path.into() };
        let gone = refusals(&world, &bench, MarkerPlace::Sqlite(file("db/none.db"))).await;
        assert_eq!(gone, ["SQLite file db:/data/db/none.db: there is no such file"]);
        assert!(!world.sh(&db, "[ -e /data/db/none.db ]").await.succeeded(), "asking must not make a file");
        world.sh(&db, "touch /tmp/busy; until [ -e /tmp/held ]; do :; done").await;
        let held = refusals(&world, &bench, MarkerPlace::Sqlite(file("db/app.db"))).await;
        assert!(held[0].contains("no answer within 30 s") && held[0].contains("database is locked"), "{held:?}");
    });
}
