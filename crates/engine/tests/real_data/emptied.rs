//! Columns that are emptied, on the databases themselves: found in each, and only where every value went.

use crate::world::{POSTGRES, TOOLS, World};
use cc_ci_engine::data::postgres::PostgresLogin;
use cc_ci_engine::data::{self, DatabaseServer, MarkerPlace, mysql, sqlite};
use cc_ci_model::data::rows::{Fleeting, RowCounts, compare};

const MARIADB: &str = "cc-ci/mariadb:10.11";

/// A table with a column for each kind of value, and a name that has to be quoted.
const MADE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, mail VARCHAR(90), Nick VARCHAR(90), extra TEXT); \
    INSERT INTO users VALUES (1, 'a', 'A', NULL), (2, 'b', NULL, NULL), (3, 'c', 'C', NULL);";

fn lost(before: &RowCounts, after: &RowCounts) -> Vec<String> {
    compare(before, after, &Fleeting::with(&[])).iter().map(|loss| loss.summary()).collect()
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn an_emptied_column_is_found_in_every_kind_of_database() {
    in_world!(world, {
        let names = ["pg", "my", "lite"];
        let volumes = [world.volume(names[0]).await, world.volume(names[1]).await, world.volume(names[2]).await];
        let env = ["POSTGRES_USER=app", "POSTGRES_DB=appdb", "POSTGRES_PASSWORD=x"];
        let pg = world.task("pg", POSTGRES, &env, &[(&volumes[0], "/var/lib/postgresql/data")], &[]).await;
        let env = ["MARIADB_DATABASE=appdb", "MARIADB_ROOT_PASSWORD=x"];
        let my = world.task("my", MARIADB, &env, &[(&volumes[1], "/var/lib/mysql")], &[]).await;
        let lite = world.task("lite", TOOLS, &[], &[(&volumes[2], "/data")], &["sleep", "infinity"]).await;
        let bench = world.bench(&[&volumes[0], &volumes[1], &volumes[2]]).await;
        let (login, root) =
            (PostgresLogin::of("pg"), mysql::MysqlLogin { user: Some("root".into()), ..mysql::MysqlLogin::of("my") });
        data::postgres::ready(&world.doors.containers(), &world.stack, &login).await.unwrap().unwrap();
        mysql::ready(&world.doors.containers(), &world.stack, &root).await.unwrap().unwrap();
        let file = sqlite::SqliteFile {
            service: "lite".into(),
            target: "/data".into(),
            path: "app.db".into(),
            volume: volumes[2].clone(),
        };
        let places = [
            MarkerPlace::Server(DatabaseServer::Postgres(login)),
            MarkerPlace::Server(DatabaseServer::Mysql(root)),
            MarkerPlace::Sqlite(file),
        ];
        let tell = async |sql: &str| {
            world.sh(&pg, &format!("psql -q -v ON_ERROR_STOP=1 -U app appdb <<'END'\n{sql}\nEND")).await;
            world.sh(&my, &format!("mariadb -uroot -px appdb <<'END'\n{sql}\nEND")).await;
            world.sh(&lite, &format!("sqlite3 /data/app.db <<'END'\n{sql}\nEND")).await;
        };
        tell(MADE).await;
        let before = data::counting::count(&bench, &world.stack, &places).await.unwrap();
        assert_eq!((before.servers.len(), before.uncounted.len()), (3, 0), "{before:?}");
        let filled =
            before.servers.values().filter_map(|server| server.filled.values().find(|one| one.contains_key("users")));
        for users in filled.map(|tables| &tables["users"]) {
            let values: Vec<u64> = users.values().copied().collect();
            assert_eq!((values.len(), values.iter().sum::<u64>()), (4, 8), "{users:?}");
        }
        // A column that had few values, and one value of many that goes.
        tell("UPDATE users SET Nick = NULL; UPDATE users SET mail = NULL WHERE id = 1;").await;
        let after = data::counting::count(&bench, &world.stack, &places).await.unwrap();
        assert_eq!(lost(&before, &after), Vec::<String>::new());
        tell("UPDATE users SET mail = NULL;").await;
        let after = data::counting::count(&bench, &world.stack, &places).await.unwrap();
        let found = lost(&before, &after);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found.iter().all(|one| one.contains("column mail of users of database ") && one.contains("in 3 of 3 rows")),
            "{found:?}"
        );
        // The values went to a new column.
        tell("ALTER TABLE users ADD COLUMN address VARCHAR(90); UPDATE users SET address = 'x';").await;
        let after = data::counting::count(&bench, &world.stack, &places).await.unwrap();
        assert_eq!(lost(&before, &after), Vec::<String>::new());
    });
}
