//! Columns that are emptied, on the databases themselves: found in each, and only where every value went.

use crate::world::{POSTGRES, TOOLS, World};
use cc_ci_engine::data::{self, DatabaseServer, MarkerPlace, SqlLogin, sqlite};
use cc_ci_engine::workbench::Workbench;
use cc_ci_model::data::rows::{DatabaseObject, Fleeting, RowCounts, compare};

/// A table with a column for each kind of value, and a name that has to be quoted.
const MADE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, mail VARCHAR(90), Nick VARCHAR(90), extra TEXT); \
    INSERT INTO users VALUES (1, 'a', 'A', NULL), (2, 'b', NULL, NULL), (3, 'c', 'C', NULL);";

/// Types that cannot all be compared, let alone be counted as text, and what stands beside the rows.
const ODD_POSTGRES: &str = "CREATE TABLE odd (a int, b jsonb, c json, d bytea, e timestamptz, f point, g bit(3), h text[], i xml, j boolean); \
    INSERT INTO odd VALUES (1, '{\"a\": 1}', '{}', '\\x00ff', now(), '(1,2)', B'101', '{a,b}', '<a/>', true), \
    (2, '{\"a\": 2}', '[]', '\\x00fe', 'epoch', '(1,3)', B'100', '{}', '<b/>', false); \
    CREATE TYPE mood AS ENUM ('calm'); ALTER TABLE odd ALTER a SET DEFAULT 7; SELECT lo_from_bytea(0, 'a text');";

/// The same for MariaDB.
const ODD_MARIADB: &str = "CREATE TABLE odd (a int, b json, c longblob, d datetime, e point, f bit(3), g enum('x', 'y'), h float); \
    INSERT INTO odd VALUES (1, '{\"a\": 1}', x'00ff', now(), point(1, 2), b'101', 'x', 1.5), \
    (2, '{\"a\": 2}', x'00fe', '1970-01-01', point(1, 3), b'100', 'y', 2.5);";

/// A database whose name psql would take for words of a connection, and a table with a hundred and three columns in it, which are
/// more than a function may have arguments.
const ODD_NAMES: &str = r#"name=$(printf '%s\n%s' "a=b 'c' \"d\"" '\e') && createdb -U app "$name" && export PGDATABASE="$name" && {
  echo 'CREATE SCHEMA odd; CREATE TABLE odd."x | ""y""" ("'"'"'|"" :z" int'
  for at in $(seq 102); do echo ", c$at int"; done
  echo '); INSERT INTO odd."x | ""y""" DEFAULT VALUES; INSERT INTO odd."x | ""y""" DEFAULT VALUES;'
} | psql -q -v ON_ERROR_STOP=1 -U app -f -"#;

fn lost(before: &RowCounts, after: &RowCounts) -> Vec<String> {
    compare(before, after, &Fleeting::with(&[])).iter().map(|loss| loss.summary()).collect()
}

/// A PostgreSQL, a SQLite file and, where its image is given, a MariaDB, which are told and counted all at once.
struct Databases<'w> {
    world: &'w World,
    bench: Workbench,
    pg: String,
    lite: String,
    my: Option<String>,
    places: Vec<MarkerPlace>,
}

/// Empties columns, levels them and makes accounts anew.
pub(crate) async fn empties_columns(world: &World, mariadb: Option<&str>) {
    let databases = Databases::start(world, mariadb).await;
    databases.tell(MADE).await;
    databases.odd_ones().await;
    let before = databases.count().await;
    are_counted(&before, &databases.places);
    databases.emptied(&before).await;
    databases.accounts().await;
}

/// What is there is counted, whatever it is called and of whatever type.
fn are_counted(before: &RowCounts, places: &[MarkerPlace]) {
    assert_eq!((before.servers.len(), before.uncounted.len()), (places.len(), 0), "{before:?}");
    let odd = before.servers["PostgreSQL of pg"].databases.get("a=b 'c' \"d\"\n\\e").expect("a database of any name");
    assert_eq!(odd.iter().map(|(name, rows)| (name.as_str(), *rows)).collect::<Vec<_>>(), [("odd.x | \"y\"", 2)]);
    let app = &before.servers["PostgreSQL of pg"];
    assert_eq!(app.databases["appdb"].get("pg_catalog.pg_largeobject"), Some(&1));
    let beside = &app.objects["appdb"];
    let counted =
        [DatabaseObject::Column, DatabaseObject::Default, DatabaseObject::Type].map(|kind| beside.counts[&kind]);
    assert_eq!((counted, beside.settings.contains("owner app")), ([14, 1, 1], true), "{beside:?}");
    for server in before.servers.values() {
        let beside = server.objects.values().find(|beside| beside.counts[&DatabaseObject::Column] >= 4);
        assert!(beside.is_some(), "{server:?}");
    }
    let filled =
        before.servers.values().filter_map(|server| server.filled.values().find(|one| one.contains_key("users")));
    for users in filled.map(|tables| &tables["users"]) {
        let values: Vec<u64> = users.values().map(|column| column.values).collect();
        assert_eq!((values.len(), values.iter().sum::<u64>()), (4, 8), "{users:?}");
    }
    let odd: Vec<_> =
        before.servers.values().flat_map(|server| server.filled.values().filter_map(|one| one.get("odd"))).collect();
    assert_eq!(odd.len(), places.len() - 1);
    for (name, column) in odd.into_iter().flatten() {
        assert_eq!((column.values, column.varied()), (2, true), "{name}");
    }
}

#[expect(clippy::unwrap_used, reason = "a database that does not answer fails its test")]
impl<'w> Databases<'w> {
    async fn start(world: &'w World, mariadb: Option<&str>) -> Self {
        let volumes = [world.volume("pg").await, world.volume("lite").await, world.volume("my").await];
        let [pg_data, lite_data, my_data] = &volumes;
        let env = ["POSTGRES_USER=app", "POSTGRES_DB=appdb", "POSTGRES_PASSWORD=x"];
        let pg = world.task("pg", POSTGRES, &env, &[(pg_data, "/var/lib/postgresql/data")], &[]).await;
        let lite = world.task("lite", TOOLS, &[], &[(lite_data, "/data")], &["sleep", "infinity"]).await;
        let my = match mariadb {
            None => None,
            Some(image) => {
                let env = ["MARIADB_DATABASE=appdb", "MARIADB_ROOT_PASSWORD=x"];
                Some(world.task("my", image, &env, &[(my_data, "/var/lib/mysql")], &[]).await)
            }
        };
        let bench = world.bench(&[pg_data, lite_data, my_data]).await;
        let server = DatabaseServer::Postgres(SqlLogin::of("pg"));
        server.ready(&world.doors.containers(), &world.stack).await.unwrap().unwrap();
        let file = sqlite::SqliteFile {
            service: "lite".into(),
            target: "/data".into(),
            path: "app.db".into(),
            volume: lite_data.clone(),
        };
        let mut places = vec![MarkerPlace::Server(server), MarkerPlace::Sqlite(file)];
        if my.is_some() {
            let root = DatabaseServer::Mysql(SqlLogin { user: Some("root".into()), ..SqlLogin::of("my") });
            root.ready(&world.doors.containers(), &world.stack).await.unwrap().unwrap();
            places.push(MarkerPlace::Server(root));
        }
        Self { world, bench, pg, lite, my, places }
    }

    async fn postgres(&self, sql: &str) {
        self.world.sh(&self.pg, &format!("psql -q -v ON_ERROR_STOP=1 -U app appdb <<'END'\n{sql}\nEND")).await;
    }

    async fn mariadb(&self, sql: &str) {
        if let Some(my) = &self.my {
            self.world.sh(my, &format!("mariadb -uroot -px appdb <<'END'\n{sql}\nEND")).await;
        }
    }

    async fn tell(&self, sql: &str) {
        self.postgres(sql).await;
        self.mariadb(sql).await;
        self.world.sh(&self.lite, &format!("sqlite3 /data/app.db <<'END'\n{sql}\nEND")).await;
    }

    async fn count(&self) -> RowCounts {
        data::counting::count(&self.bench, &self.world.stack, &self.places).await.unwrap()
    }

    async fn odd_ones(&self) {
        self.postgres(ODD_POSTGRES).await;
        self.mariadb(ODD_MARIADB).await;
        self.world.sh(&self.pg, ODD_NAMES).await;
    }

    /// What is lost of `before`, which holds these words in every database.
    async fn lost_of(&self, before: &RowCounts, words: [&str; 2]) -> Vec<String> {
        let found = lost(before, &self.count().await);
        assert_eq!(found.len(), self.places.len(), "{found:?}");
        assert!(found.iter().all(|one| words.iter().all(|word| one.contains(word))), "{found:?}");
        found
    }

    async fn nothing_is_lost_of(&self, before: &RowCounts) {
        assert_eq!(lost(before, &self.count().await), Vec::<String>::new());
    }

    async fn emptied(&self, before: &RowCounts) {
        // A column that had few values, and one value of many that goes.
        self.tell("UPDATE users SET Nick = NULL; UPDATE users SET mail = NULL WHERE id = 1;").await;
        self.nothing_is_lost_of(before).await;
        self.tell("UPDATE users SET mail = NULL;").await;
        let found = self.lost_of(before, ["column mail of users of database ", "in 3 of 3 rows"]).await;
        // A new column in which the same stands everywhere; then one to which the values went.
        self.tell("ALTER TABLE users ADD COLUMN active VARCHAR(90); UPDATE users SET active = 'x', mail = '';").await;
        assert_eq!(lost(before, &self.count().await), found);
        self.tell("ALTER TABLE users ADD COLUMN address VARCHAR(90); UPDATE users SET address = id;").await;
        self.nothing_is_lost_of(before).await;
    }

    /// The only account goes, and the app makes one anew.
    async fn accounts(&self) {
        self.tell("CREATE TABLE accounts (id INTEGER PRIMARY KEY, password VARCHAR(90));").await;
        self.tell("INSERT INTO accounts VALUES (1, 'a');").await;
        let before = self.count().await;
        self.tell("INSERT INTO accounts VALUES (2, 'a');").await;
        self.nothing_is_lost_of(&before).await;
        self.tell("DELETE FROM accounts WHERE id = 1;").await;
        self.lost_of(&before, ["accounts of database ", "those after are new ones"]).await;
    }
}
