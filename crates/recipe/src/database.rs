//! Recognises the databases of a recipe from images, variables, secrets and volumes.

mod client;

use serde::Serialize;

use crate::compose::{Compose, Mount, MountKind, Service};

/// A database that one service of the recipe runs or holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Database {
    /// The compose service.
    pub service: String,
    /// What it speaks.
    pub kind: DatabaseKind,
    /// User to connect as; the kind's own default where the recipe sets none.
    pub user: Option<String>,
    /// Database name; for SQLite, the file's path in the container.
    pub database: Option<String>,
    /// Path in the container of the file with the password.
    pub password_file: Option<String>,
    /// The password itself, where the recipe writes it into the server's arguments. Never serialised.
    #[serde(skip)]
    pub password: Option<String>,
    /// Key of the volume that holds the data.
    pub data_volume: Option<String>,
}

/// The databases that can be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseKind {
    /// PostgreSQL and images built on it.
    Postgres,
    /// MariaDB and MySQL.
    Mysql,
    /// Redis and what speaks its protocol.
    Redis,
    /// A file of SQLite in a volume.
    Sqlite,
}

impl DatabaseKind {
    /// Whether what it holds can mostly be had again.
    #[must_use]
    pub fn is_mostly_a_cache(self) -> bool {
        match self {
            Self::Postgres | Self::Mysql | Self::Sqlite => false,
            Self::Redis => true,
        }
    }

    /// Where the server that `service` runs keeps its data; `None` for kinds that may keep it anywhere.
    pub(crate) fn folder(self, service: &Service) -> Option<&str> {
        match self {
            Self::Postgres => {
                Some(service.environment.get("PGDATA").and_then(Option::as_deref).unwrap_or("/var/lib/postgresql/data"))
            }
            Self::Mysql => Some("/var/lib/mysql"),
            Self::Redis | Self::Sqlite => None,
        }
    }
}

/// The databases of a stack, by service name.
#[must_use]
pub fn databases(compose: &Compose) -> Vec<Database> {
    let mut found = Vec::new();
    for (name, service) in &compose.services {
        match kind_of_image(&service.image).filter(|_| !client::only_asks(service)) {
            Some(DatabaseKind::Postgres) => found.push(postgres(name, service)),
            Some(DatabaseKind::Mysql) => found.push(mysql(name, service)),
            Some(DatabaseKind::Redis) => found.push(redis(name, service)),
            Some(DatabaseKind::Sqlite) | None => found.extend(sqlite(name, service)),
        }
    }
    found
}

/// The servers of `head` that an update starts beside those of `base`, on the same data folder: neither of them knows of the other,
/// and in a container a lock on the folder says nothing. Each with the volume.
#[must_use]
pub fn doubled<'a>(base: &[Database], head: &'a [Database], compose: &Compose) -> Vec<(&'a Database, &'a str)> {
    let starts_first = |name: &str| {
        let update = compose.services.get(name).and_then(|service| service.deploy.update.as_ref());
        update.is_some_and(|update| update.order.as_deref() == Some("start-first"))
    };
    let is_server = |kind| match kind {
        DatabaseKind::Postgres | DatabaseKind::Mysql => true,
        DatabaseKind::Redis | DatabaseKind::Sqlite => false,
    };
    let mut found = Vec::new();
    for database in head.iter().filter(|one| is_server(one.kind) && starts_first(&one.service)) {
        let Some(volume) = &database.data_volume else { continue };
        let same = |old: &Database| old.service == database.service && old.data_volume.as_ref() == Some(volume);
        if base.iter().any(same) {
            found.push((database, volume.as_str()));
        }
    }
    found
}

fn kind_of_image(image: &str) -> Option<DatabaseKind> {
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split(['@', ':']).next().unwrap_or(last).to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    // Exporters, pools and admin pages carry the name of the database that they only talk to.
    if any(&["exporter", "backup", "admin", "bouncer", "pgpool", "proxy", "commander", "client", "insight"]) {
        return None;
    }
    if any(&["postgres", "postgis", "pgvector", "pgvecto", "vchord", "timescale"]) {
        Some(DatabaseKind::Postgres)
    } else if any(&["mariadb", "mysql", "percona"]) {
        Some(DatabaseKind::Mysql)
    } else if any(&["valkey", "keydb"]) || has_word(&name, "redis") {
        Some(DatabaseKind::Redis)
    } else {
        None
    }
}

/// Whether one of the words of an image name is `word`, digits behind it aside: "redistribute" is no Redis.
fn has_word(name: &str, word: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.map(|one| one.trim_end_matches(|c: char| c.is_ascii_digit())).any(|one| one == word)
}

fn postgres(name: &str, service: &Service) -> Database {
    let user = variable(service, &["POSTGRES_USER", "POSTGRESQL_USERNAME", "POSTGRESQL_USER"]);
    let user = user.unwrap_or_else(|| "postgres".to_owned());
    let database = variable(service, &["POSTGRES_DB", "POSTGRESQL_DATABASE"]).unwrap_or_else(|| user.clone());
    Database {
        service: name.to_owned(),
        kind: DatabaseKind::Postgres,
        user: Some(user),
        database: Some(database),
        password_file: variable(service, &["POSTGRES_PASSWORD_FILE", "POSTGRESQL_PASSWORD_FILE"]),
        password: None,
        data_volume: data_volume(service, &["/var/lib/postgresql", "/var/lib/pgsql", "/bitnami/postgresql", "/pgdata"]),
    }
}

fn mysql(name: &str, service: &Service) -> Database {
    let own = |suffix: &str| variable(service, &[&format!("MARIADB_{suffix}"), &format!("MYSQL_{suffix}")]);
    // With a user of its own the recipe's tables belong to it; else root is all there is.
    let user = own("USER");
    let password_file = match user {
        Some(_) => own("PASSWORD_FILE"),
        None => own("ROOT_PASSWORD_FILE"),
    };
    Database {
        service: name.to_owned(),
        kind: DatabaseKind::Mysql,
        user: user.or_else(|| Some("root".to_owned())),
        database: own("DATABASE"),
        password_file,
        password: None,
        data_volume: data_volume(service, &["/var/lib/mysql", "/bitnami/mariadb", "/bitnami/mysql"]),
    }
}

fn redis(name: &str, service: &Service) -> Database {
    let (written_file, password) = match required_password(service) {
        Some(RequiredPassword::File(path)) => (Some(path), None),
        Some(RequiredPassword::Itself(text)) => (None, Some(text)),
        None => (None, None),
    };
    let variable_file = variable(service, &["REDIS_PASSWORD_FILE", "VALKEY_PASSWORD_FILE", "REDIS_PASS_FILE"]);
    Database {
        service: name.to_owned(),
        kind: DatabaseKind::Redis,
        user: None,
        database: None,
        password_file: written_file.or(variable_file),
        password,
        data_volume: data_volume(service, &["/data", "/var/lib/redis", "/bitnami/redis", "/bitnami/valkey"]),
    }
}

/// What `--requirepass` is given in a service's words.
enum RequiredPassword {
    /// `$(cat /run/secrets/redis_password)`, in a shell's words.
    File(String),
    /// The password.
    Itself(String),
}

fn required_password(service: &Service) -> Option<RequiredPassword> {
    let text = service.entrypoint.iter().chain(&service.command).map(String::as_str).collect::<Vec<_>>().join(" ");
    let (_, value) = text.split_once("--requirepass")?;
    let value = value.trim_start_matches(['=', ' ', '"', '\'']);
    let end = |ends: &[char], text: &str| text.split(ends).next().unwrap_or_default().to_owned();
    if let Some(read) = value.strip_prefix("$(").or_else(|| value.strip_prefix('`')) {
        let path = read.find('/').map(|at| end(&[' ', ')', '`', '"', '\''], &read[at..]))?;
        return Some(RequiredPassword::File(path));
    }
    let value = end(&[' ', '"', '\''], value);
    // A shell's variable says nothing here; the container's own environment does.
    (!value.is_empty() && !value.starts_with('$')).then_some(RequiredPassword::Itself(value))
}

/// A service with a variable that names a database file inside one of its volumes.
fn sqlite(name: &str, service: &Service) -> Option<Database> {
    let values = service.environment.values().flatten();
    let arguments = service.command.iter().chain(&service.entrypoint);
    let paths = values.chain(arguments).filter_map(|text| database_file(text));
    let (path, volume) = paths.filter_map(|path| Some((path, volume_around(service, path)?))).next()?;
    Some(Database {
        service: name.to_owned(),
        kind: DatabaseKind::Sqlite,
        user: None,
        database: Some(path.to_owned()),
        password_file: None,
        password: None,
        data_volume: Some(volume.to_owned()),
    })
}

/// The absolute path of a database file in a text such as `sqlite:///data/app.db?mode=rwc` or `--db=/data/app.sqlite3`.
fn database_file(text: &str) -> Option<&str> {
    let text = text.split(['?', '#']).next().unwrap_or(text);
    let end = [".sqlite", ".sqlite3", ".db", ".db3"].iter().any(|end| text.ends_with(end));
    let start = text.rfind("//").map(|at| at + 1).or_else(|| text.find('/'))?;
    end.then(|| &text[start..])
}

fn volume_around<'a>(service: &'a Service, path: &str) -> Option<&'a str> {
    named_volumes(service).find(|(mount, _)| is_below(path, &mount.target)).map(|(_, volume)| volume)
}

/// The volume at one of these paths, or below, or the service's only volume.
fn data_volume(service: &Service, paths: &[&str]) -> Option<String> {
    let holds = |mount: &Mount| paths.iter().any(|path| is_below(&mount.target, path) || is_below(path, &mount.target));
    let mut volumes = named_volumes(service);
    let at_path = volumes.find(|(mount, _)| holds(mount)).map(|(_, volume)| volume);
    let only = || {
        let mut volumes = named_volumes(service);
        volumes.next().filter(|_| volumes.next().is_none()).map(|(_, volume)| volume)
    };
    at_path.or_else(only).map(str::to_owned)
}

fn named_volumes(service: &Service) -> impl Iterator<Item = (&Mount, &str)> {
    let volumes = service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
    volumes.filter_map(|mount| Some((mount, mount.source.as_deref()?)))
}

/// Whether `path` is `folder` or inside it.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn variable(service: &Service, names: &[&str]) -> Option<String> {
    let values = names.iter().filter_map(|name| service.environment.get(*name)?.clone());
    values.into_iter().find(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::Recipe;
    use crate::source::Files;
    use std::collections::BTreeMap;

    /// A recipe whose service `db` has this image, is updated in this order and keeps its data here.
    fn recipe(image: &str, order: &str, mount: &str) -> Recipe {
        let service =
            format!("services:\n  app:\n    image: nginx:1\n  db:\n    image: {image}\n    volumes: [\"{mount}\"]\n");
        let update = format!("    deploy:\n      update_config:\n        order: {order}\nvolumes:\n  data:\n  new:\n");
        let mut files = Files::default();
        files.texts.insert("compose.yml".to_owned(), format!("{service}{update}"));
        files.texts.insert(".env.sample".to_owned(), String::new());
        Recipe::read("shop", &files, &BTreeMap::from([("STACK_NAME".to_owned(), "shop".to_owned())]), &[]).unwrap().0
    }

    #[test]
    fn two_servers_on_one_folder_are_found_and_nothing_else() {
        let data = "data:/var/lib/postgresql/data";
        let base = recipe("postgres:15", "stop-first", data);
        for (image, order, mount, doubled) in [
            ("postgres:15", "start-first", data, 1),
            ("mariadb:11", "start-first", data, 1),
            ("postgres:15", "stop-first", data, 0),
            ("postgres:15", "start-first", "new:/var/lib/postgresql/data", 0),
            ("redis:7", "start-first", data, 0),
            ("nginx:1", "start-first", data, 0),
        ] {
            let head = recipe(image, order, mount);
            let found = super::doubled(&base.databases, &head.databases, &head.compose);
            assert_eq!(found.len(), doubled, "{image} {order} {mount}");
        }
    }
}
