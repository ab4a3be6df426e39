//! MariaDB and Redis: markers, dumps whole and cut, and the way back.

use crate::databases::{Case, database, refusals, there_and_back};
use crate::world::World;
use cc_ci_engine::data::{self, DatabaseServer, MarkerPhase, MarkerPlace, SqlLogin, redis};
use cc_ci_model::outcome::Outcome;
use cc_ci_recipe::database::{Database, DatabaseKind};

const MARIADB: &str = "cc-ci/mariadb:10.11";
const REDIS: &str = "cc-ci/redis:7.0";

#[tokio::test]
#[ignore = "real engine: make nightly"]
async fn mariadb_there_and_back() {
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
        assert_eq!(
            refusals(&world, &bench, MarkerPlace::Server(DatabaseServer::Mysql(SqlLogin::of("db")))).await,
            Vec::<String>::new()
        );
        world.sh(&db, r#"mariadb -uroot -p"$MARIADB_ROOT_PASSWORD" -e 'CREATE DATABASE other; DROP TABLE appdb.cc_ci_marker'"#).await;
        let root = SqlLogin { user: Some("root".into()), ..SqlLogin::of("db") };
        assert_eq!(
            refusals(&world, &bench, MarkerPlace::Server(DatabaseServer::Mysql(root))).await,
            Vec::<String>::new()
        );
        world.kill(&db).await;
        let bare = [env[0], env[1], env[3]];
        world.task("db", MARIADB, &bare, &[(&volume, "/var/lib/mysql")], &[]).await;
        let root = SqlLogin { user: Some("root".into()), ..SqlLogin::of("db") };
        let refused = refusals(&world, &bench, MarkerPlace::Server(DatabaseServer::Mysql(root))).await;
        assert!(refused[0].contains("the server has appdb other and MARIADB_DATABASE is not set"), "{refused:?}");
    });
}

#[tokio::test]
#[ignore = "real engine: make nightly"]
async fn redis_there_and_back() {
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

        let refused =
            refusals(&world, &bench, MarkerPlace::Server(DatabaseServer::Redis(redis::RedisLogin::of("db")))).await;
        assert!(refused[0].contains("NOAUTH"), "{refused:?}");
        world.sh(&db, "echo hunter2 >/run/secret").await;
        let by_file = redis::RedisLogin { password_file: Some("/run/secret".into()), ..redis::RedisLogin::of("db") };
        assert_eq!(
            refusals(&world, &bench, MarkerPlace::Server(DatabaseServer::Redis(by_file))).await,
            Vec::<String>::new()
        );
        world.task("cache", REDIS, &[], &[], &["redis-server", "--save", ""]).await;
        let cache = [MarkerPlace::Server(DatabaseServer::Redis(redis::RedisLogin::of("cache")))];
        let seeding = data::seed(&bench, &world.stack, MarkerPhase::Upgrade, &cache).await.unwrap();
        assert_eq!(seeding.passed_over, ["the Redis database of cache: set to write nothing to disk"]);
        assert!(matches!(seeding.outcome(), Outcome::Unverified(_)));
    });
}
