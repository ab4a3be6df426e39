//! Marker rows in a PostgreSQL database, written by `psql` inside the database's own container.

mod counting;

use cc_ci_model::ids::StackName;
use cc_ci_recipe::database::Database;
use std::fmt;

use super::asking::{self, Asked, DatabaseAnswer, TRY, Tried};
use super::{FoundMarkers, MarkerPhase, sql};
use crate::exec::{ExecCommand, ExecOutput, ExecStatus};
use crate::swarm::Containers;
use crate::workbench::WorkError;
pub(super) use counting::count;

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

/// The login of both scripts: `enter` asks by the local socket first, and when the connection fails (2) by TCP with the password,
/// which `ask` then does, too. 78: the container has no psql.
const LOGIN: &str = r#"
user=$1 base=$2 file=$3
value() { if [ -n "$1" ]; then printf %s "$1"; elif [ -n "$2" ]; then printf %s "$2"; elif [ -n "$3" ] && [ -r "$3" ]; then cat -- "$3"; else printf %s "$4"; fi; }
command -v psql >/dev/null 2>&1 || { echo "the container has no psql" >&2; exit 78; }
user=$(value "$user" "$POSTGRES_USER" "$POSTGRES_USER_FILE" postgres)
base=$(value "$base" "$POSTGRES_DB" "$POSTGRES_DB_FILE" "$user")
export PGCONNECT_TIMEOUT=5
host=
ask() { psql -X -q -A -t -w -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -U "$user" ${host:+-h "$host"} "$@" 2>&1; }
enter() {
  answer=$(ask "$@"); code=$?
  [ $code -eq 2 ] || return 0
  first=$answer host=127.0.0.1
  PGPASSWORD=$(value "" "$([ -n "$file" ] && [ -r "$file" ] && cat -- "$file")" "$POSTGRES_PASSWORD_FILE" "$POSTGRES_PASSWORD")
  export PGPASSWORD
  answer=$(ask "$@"); code=$?
  [ $code -ne 2 ] || answer="$first
$answer"
}
end() {
  if [ $code -eq 0 ]; then printf '%s\n' "$answer"; else printf '%s\n' "$answer" >&2; fi
  exit $code
}
"#;

/// Asks one question.
const ASK: &str = r#"
enter -d "$base" -c "$4"
end
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

/// Where the server's files lie; the inner error is what it said instead.
pub(super) async fn folder(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
) -> Result<DatabaseAnswer, WorkError> {
    Ok(ask(containers, stack, login, "SHOW data_directory").await?.map(|text| text.trim().to_owned()))
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
    let command = command(login, ASK, [sql.to_owned()]);
    asking::ask(Asked::Service(containers, stack, &login.service), &command, judge).await
}

/// A script of psql with its login.
fn command(login: &PostgresLogin, script: &str, words: impl IntoIterator<Item = String>) -> ExecCommand {
    let own = |value: &Option<String>| value.clone().unwrap_or_default();
    let login = [own(&login.user), own(&login.database), own(&login.password_file)];
    let first = ["sh".to_owned(), "-c".to_owned(), format!("{LOGIN}{script}"), "marker".to_owned()];
    ExecCommand::new(first.into_iter().chain(login).chain(words)).limit(TRY)
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
