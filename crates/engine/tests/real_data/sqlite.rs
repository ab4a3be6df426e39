//! SQLite files, which the app has open meanwhile: markers, dumps whole and cut, and the way back.

use crate::databases::{Case, database, refusals, there_and_back};
use crate::world::{TOOLS, World};
use cc_ci_engine::data::{MarkerPlace, sqlite};
use cc_ci_recipe::database::DatabaseKind;

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
#[ignore = "real engine: make test"]
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
#[ignore = "real engine: make test"]
async fn a_sqlite_file_that_is_gone_or_never_let_go_is_said() {
    in_world!(world, {
        let volume = world.volume("data").await;
        let db = world.task("db", TOOLS, &[], &[(&volume, "/data")], &["bash", "-c", APP]).await;
        let bench = world.bench(&[&volume]).await;
        world.sh(&db, "until [ -s /data/db/app.db-wal ]; do :; done").await;
        let file = |path: &str| sqlite::SqliteFile {
            service: "db".into(),
            target: "/data".into(),
            path: path.into(),
            volume: String::new(),
        };
        let gone = refusals(&world, &bench, MarkerPlace::Sqlite(file("db/none.db"))).await;
        assert_eq!(gone, ["SQLite file db:/data/db/none.db: there is no such file"]);
        assert!(!world.sh(&db, "[ -e /data/db/none.db ]").await.succeeded(), "asking must not make a file");
        world.sh(&db, "touch /tmp/busy; until [ -e /tmp/held ]; do :; done").await;
        let held = refusals(&world, &bench, MarkerPlace::Sqlite(file("db/app.db"))).await;
        assert!(held[0].contains("no answer within 30 s") && held[0].contains("database is locked"), "{held:?}");
    });
}
