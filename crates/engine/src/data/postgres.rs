//! Marker rows in a PostgreSQL database, written by `psql` inside the database's own container.

use cc_ci_model::data::rows::{FilledColumns, Tables};
use cc_ci_model::ids::StackName;
use cc_ci_recipe::database::Database;
use futures_util::future::try_join_all;
use std::fmt;

use super::asking::{self, Asked, DatabaseAnswer, TRY, Tried};
use super::tables::{
    Dialect, Held, Table, all_quoted, columns, columns_by_table, name_of, questions, quoted, read as read_counts,
};
use super::{FoundMarkers, MarkerPhase, sql};
use crate::exec::{ExecCommand, ExecOutput, ExecStatus};
use crate::swarm::Containers;
use crate::workbench::WorkError;

/// How to log in. What is `None` is read inside the container from the variables of the official image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresLogin {
    /// The service, without the stack's name.
    pub service: String,
    /// The role; else `POSTGRES_USER` or the file it names, else `postgres`.
    pub user: Option<String>,
    /// The database; else `POSTGRES_DB` or the file it names, else the role's name.
    pub database: Option<String>,
    /// A file inside the container that holds the password, used when the local socket does not let us in.
    pub password_file: Option<String>,
}

impl PostgresLogin {
    /// The login to a recognised database.
    #[must_use]
    pub fn to(database: &Database) -> Self {
        Self {
            service: database.service.clone(),
            user: database.user.clone(),
            database: database.database.clone(),
            password_file: database.password_file.clone(),
        }
    }

    /// A login that reads everything inside the container.
    #[must_use]
    pub fn of(service: impl Into<String>) -> Self {
        Self { service: service.into(), user: None, database: None, password_file: None }
    }
}

impl fmt::Display for PostgresLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.database {
            Some(database) => write!(f, "PostgreSQL database {database} of {}", self.service),
            None => write!(f, "the PostgreSQL database of {}", self.service),
        }
    }
}

/// The local socket first; when the connection fails (2), TCP with the password. 78: the container has no psql.
const SCRIPT: &str = r#"
user=$1 base=$2 file=$3 sql=$4
value() { if [ -n "$1" ]; then printf %s "$1"; elif [ -n "$2" ]; then printf %s "$2"; elif [ -n "$3" ] && [ -r "$3" ]; then cat -- "$3"; else printf %s "$4"; fi; }
command -v psql >/dev/null 2>&1 || { echo "the container has no psql" >&2; exit 78; }
user=$(value "$user" "$POSTGRES_USER" "$POSTGRES_USER_FILE" postgres)
base=$(value "$base" "$POSTGRES_DB" "$POSTGRES_DB_FILE" "$user")
export PGCONNECT_TIMEOUT=5
ask() { psql -X -q -A -t -w -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -U "$user" -d "$base" -c "$sql" "$@" 2>&1; }
answer=$(ask); code=$?
if [ $code -eq 2 ]; then
  first=$answer
  PGPASSWORD=$(value "" "$([ -n "$file" ] && [ -r "$file" ] && cat -- "$file")" "$POSTGRES_PASSWORD_FILE" "$POSTGRES_PASSWORD")
  export PGPASSWORD
  answer=$(ask -h 127.0.0.1); code=$?
  [ $code -eq 2 ] && answer="$first
$answer"
fi
if [ $code -eq 0 ]; then printf '%s\n' "$answer"; else printf '%s\n' "$answer" >&2; fi
exit $code
"#;

pub(super) async fn seed(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
    phase: MarkerPhase,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    // PostgreSQL says NOTICE when the table is there already; only the exit code counts.
    Ok(ask(containers, stack, login, &sql::seed(phase, value)).await?.map(|_| ()))
}

pub(super) async fn mutate(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
    phase: MarkerPhase,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    Ok(ask(containers, stack, login, &sql::mutate(phase, value)).await?.map(|_| ()))
}

pub(super) async fn read(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
    phase: MarkerPhase,
) -> Result<Result<FoundMarkers, String>, WorkError> {
    Ok(match ask(containers, stack, login, &sql::read(phase)).await? {
        Ok(rows) => Ok(sql::found(&rows, phase)),
        // 42P01: the table does not exist.
        Err(refusal) if refusal.contains("42P01") => Ok(FoundMarkers::default()),
        Err(refusal) => Err(refusal),
    })
}

/// Every database that can be entered, with how many connections come from other containers.
const DATABASES: &str = "SELECT encode(convert_to(d.datname, 'UTF8'), 'hex'), (SELECT count(*) FROM pg_stat_activity a \
    WHERE a.datname = d.datname AND a.client_addr IS NOT NULL AND host(a.client_addr) NOT IN ('127.0.0.1', '::1')) \
    FROM pg_database d WHERE d.datallowconn AND NOT d.datistemplate";

/// Every lasting table of a database; parts of a table are counted with it.
const TABLES: &str = "SELECT encode(convert_to(n.nspname, 'UTF8'), 'hex'), encode(convert_to(c.relname, 'UTF8'), 'hex') \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') \
    AND NOT c.relispartition AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
    AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema')";

/// Every column of those tables that can be empty, under the names of schema and table.
const COLUMNS: &str = "SELECT encode(convert_to(n.nspname, 'UTF8'), 'hex') || '.' || encode(convert_to(c.relname, 'UTF8'), 'hex'), \
    encode(convert_to(a.attname, 'UTF8'), 'hex') FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY a.attrelid, a.attnum";

/// Where the server's files lie; the inner error is what it said instead.
pub(super) async fn folder(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
) -> Result<DatabaseAnswer, WorkError> {
    Ok(ask(containers, stack, login, "SHOW data_directory").await?.map(|text| text.trim().to_owned()))
}

/// Counts every table of every database of the server; the inner error is what it said instead.
pub(super) async fn count(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
) -> Result<Result<Held, String>, WorkError> {
    let list = match ask(containers, stack, login, DATABASES).await? {
        Ok(list) => list,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let databases = columns(&list).filter_map(|[name, users]| Some((name_of(name)?, users != "0")));
    let databases: Vec<(String, bool)> = databases.collect();
    let of_each = databases.iter().map(|(name, _)| of_database(containers, stack, login, name));
    let counted = try_join_all(of_each.collect::<Vec<_>>()).await?;
    let mut held = Held::default();
    for ((name, is_used), tables) in databases.into_iter().zip(counted) {
        match tables {
            Ok((tables, filled)) => {
                held.databases.insert(name.clone(), tables);
                held.filled.insert(name.clone(), filled);
            }
            Err(refusal) => return Ok(Err(format!("database {name}: {refusal}"))),
        }
        if is_used {
            held.used.insert(name);
        }
    }
    Ok(Ok(held))
}

async fn of_database(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
    database: &str,
) -> Result<Result<(Tables, FilledColumns), String>, WorkError> {
    let login = &PostgresLogin { database: Some(database.to_owned()), ..login.clone() };
    let list = match ask(containers, stack, login, TABLES).await? {
        Ok(list) => list,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let each = match ask(containers, stack, login, COLUMNS).await? {
        Ok(each) => columns_by_table(&each),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let tables = columns(&list).filter_map(|[schema, name]| {
        let columns = all_quoted(each.get(&format!("{schema}.{name}")), '"');
        let (schema, name) = (name_of(schema)?, name_of(name)?);
        let quoted = format!("{}.{}", quoted(&schema, '"'), quoted(&name, '"'));
        Some(Table { quoted, shown: if schema == "public" { name } else { format!("{schema}.{name}") }, columns })
    });
    let tables: Vec<Table> = tables.collect();
    let (mut counts, mut filled) = (Tables::new(), FilledColumns::new());
    for (chunk, sql) in questions(&tables, Dialect::Postgres) {
        match ask(containers, stack, login, &sql).await? {
            Ok(answer) => read_counts(chunk, &answer, &mut counts, &mut filled),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok((counts, filled)))
}

/// Waits until the server answers a trivial question. `Err` says what it answered instead.
pub async fn ready(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
) -> Result<Result<(), String>, WorkError> {
    Ok(ask(containers, stack, login, "SELECT 1").await?.map(|_| ()))
}

async fn ask(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
    sql: &str,
) -> Result<DatabaseAnswer, WorkError> {
    let own = |value: &Option<String>| value.clone().unwrap_or_default();
    let words = ["sh".to_owned(), "-c".to_owned(), SCRIPT.to_owned(), "marker".to_owned()];
    let words = words.into_iter().chain([own(&login.user), own(&login.database), own(&login.password_file)]);
    let command = ExecCommand::new(words.chain([sql.to_owned()])).limit(TRY);
    asking::ask(Asked::Service(containers, stack, &login.service), &command, judge).await
}

fn judge(output: &ExecOutput, said: String) -> Tried {
    match output.status {
        ExecStatus::Exited(0) => Tried::Answer(output.text()),
        ExecStatus::Exited(2) if !is_final(&said) => Tried::NotYet(said),
        // 57P01 to 57P05: the server is stopping, starting or has just dropped its connections.
        ExecStatus::Exited(3 | 1) if said.contains("57P0") => Tried::NotYet(said),
        ExecStatus::Exited(_) | ExecStatus::TimedOut | ExecStatus::TooMuchOutput => Tried::Refused(said),
    }
}

/// Whether a failed connection will not get better: a wrong password stays wrong.
fn is_final(said: &str) -> bool {
    ["28P01", "password authentication failed", "no password supplied"].iter().any(|text| said.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wrong_password_is_final() {
        assert!(is_final("FATAL:  password authentication failed for user \"app\""));
        assert!(!is_final("FATAL:  the database system is starting up"));
        assert!(!is_final("connection to server on socket failed: No such file or directory"));
    }
}
