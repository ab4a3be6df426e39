//! Marker rows in a PostgreSQL database, written by `psql` inside the database's own container.

use bollard::Docker;
use cc_ci_model::ids::StackName;
use cc_ci_model::recipe::database::{Database, DatabaseKind};
use std::fmt;
use std::time::Duration;

use super::{Found, Phase};
use crate::bench::WorkError;
use crate::exec::{self, Command, ExecError, Status};
use crate::pace::Tries;

/// How long a server may refuse before it counts as not answering: it may still be starting or replaying its log.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is asked meanwhile.
const INTERVAL: Duration = Duration::from_millis(100);

/// How to log in. What is `None` is read inside the container from the variables of the official image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The service, without the stack's name.
    pub service: String,
    /// The role; else `POSTGRES_USER` or the file it names, else `postgres`.
    pub user: Option<String>,
    /// The database; else `POSTGRES_DB` or the file it names, else the role's name.
    pub database: Option<String>,
    /// A file inside the container that holds the password, used when the local socket does not let us in.
    pub password_file: Option<String>,
}

impl Login {
    /// The login to a database that was recognised in a recipe; `None` when it is not PostgreSQL.
    #[must_use]
    pub fn to(database: &Database) -> Option<Self> {
        match database.kind {
            DatabaseKind::Postgres => Some(Self {
                service: database.service.clone(),
                user: database.user.clone(),
                database: database.database.clone(),
                password_file: database.password_file.clone(),
            }),
            DatabaseKind::Mysql | DatabaseKind::Redis | DatabaseKind::Sqlite => None,
        }
    }

    /// A login that reads everything inside the container.
    #[must_use]
    pub fn of(service: impl Into<String>) -> Self {
        Self { service: service.into(), user: None, database: None, password_file: None }
    }
}

impl fmt::Display for Login {
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

/// One try: an answer for good, or a reason to ask again.
enum Tried {
    Rows(String),
    Refused(String),
    NotYet(String),
}

pub(crate) async fn seed(
    docker: &Docker,
    stack: &StackName,
    login: &Login,
    phase: Phase,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    let word = phase.word();
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS cc_ci_marker (phase text PRIMARY KEY, value text); \
         DELETE FROM cc_ci_marker WHERE phase IN ('{word}.one', '{word}.two'); \
         INSERT INTO cc_ci_marker VALUES ('{word}.one', '{value}'), ('{word}.two', '{value}')"
    );
    // PostgreSQL says NOTICE when the table is there already; only the exit code counts.
    Ok(ask(docker, stack, login, &sql).await?.map(|_| ()))
}

pub(crate) async fn mutate(
    docker: &Docker,
    stack: &StackName,
    login: &Login,
    phase: Phase,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    let word = phase.word();
    let sql = format!(
        "UPDATE cc_ci_marker SET value = '{value}' WHERE phase = '{word}.one'; \
         DELETE FROM cc_ci_marker WHERE phase = '{word}.two'"
    );
    Ok(ask(docker, stack, login, &sql).await?.map(|_| ()))
}

pub(crate) async fn read(
    docker: &Docker,
    stack: &StackName,
    login: &Login,
    phase: Phase,
) -> Result<Result<Found, String>, WorkError> {
    let word = phase.word();
    let sql = format!("SELECT phase || '=' || value FROM cc_ci_marker WHERE phase LIKE '{word}.%'");
    Ok(match ask(docker, stack, login, &sql).await? {
        Ok(rows) => Ok(found(&rows, word)),
        // 42P01: the table does not exist.
        Err(refusal) if refusal.contains("42P01") => Ok(Found::default()),
        Err(refusal) => Err(refusal),
    })
}

/// Waits until the server answers a trivial question. `Err` says what it answered instead.
pub async fn ready(docker: &Docker, stack: &StackName, login: &Login) -> Result<Result<(), String>, WorkError> {
    Ok(ask(docker, stack, login, "SELECT 1").await?.map(|_| ()))
}

fn found(rows: &str, word: &str) -> Found {
    let value = |part: &str| {
        let prefix = format!("{word}.{part}=");
        rows.lines().find_map(|row| row.strip_prefix(&prefix)).map(str::to_owned)
    };
    Found { one: value("one"), two: value("two") }
}

/// Asks until there is an answer for good or patience ends. The inner `Err` is what the server or the container said.
async fn ask(
    docker: &Docker,
    stack: &StackName,
    login: &Login,
    sql: &str,
) -> Result<Result<String, String>, WorkError> {
    let mut last = String::new();
    let mut tries = Tries::new(PATIENCE, INTERVAL);
    while tries.again().await {
        match try_once(docker, stack, login, sql).await? {
            Tried::Rows(rows) => return Ok(Ok(rows)),
            Tried::Refused(why) => return Ok(Err(why)),
            Tried::NotYet(why) => last = why,
        }
    }
    Ok(Err(format!("no answer within {} s: {last}", PATIENCE.as_secs())))
}

async fn try_once(docker: &Docker, stack: &StackName, login: &Login, sql: &str) -> Result<Tried, WorkError> {
    let service = &login.service;
    let containers = exec::running(docker, stack, service)
        .await
        .map_err(WorkError::engine(format!("find the container of {service}")))?;
    let Some(container) = containers.first() else {
        return Ok(Tried::NotYet(format!("service {service} has no running container")));
    };
    let own = |value: &Option<String>| value.clone().unwrap_or_default();
    let words = ["sh".to_owned(), "-c".to_owned(), SCRIPT.to_owned(), "marker".to_owned()];
    let words = words.into_iter().chain([own(&login.user), own(&login.database), own(&login.password_file)]);
    let command = Command::new(words.chain([sql.to_owned()])).limit(Duration::from_secs(20));
    let output = match exec::run(docker, container, &command).await {
        Ok(output) => output,
        Err(ExecError::Gone { why, .. }) => return Ok(Tried::NotYet(why)),
        Err(ExecError::CannotStart { why, .. }) => return Ok(Tried::Refused(why)),
        Err(error @ (ExecError::Engine { .. } | ExecError::NoExitCode { .. })) => return Err(error.into()),
    };
    let said = output.tail(6).join(" | ");
    Ok(match output.status {
        Status::Exited(0) => Tried::Rows(output.text()),
        Status::Exited(2) if !is_final(&said) => Tried::NotYet(said),
        // 57P01 to 57P05: the server is stopping, starting or has just dropped its connections.
        Status::Exited(3 | 1) if said.contains("57P0") => Tried::NotYet(said),
        Status::TimedOut => Tried::NotYet("psql did not end within 20 s".to_owned()),
        Status::Exited(_) | Status::TooMuchOutput => Tried::Refused(said),
    })
}

/// Whether a failed connection will not get better: a wrong password stays wrong.
fn is_final(said: &str) -> bool {
    ["28P01", "password authentication failed", "no password supplied"].iter().any(|text| said.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_by_their_phase() {
        let rows = "backup.one=abc\nbackup.two=d=e\n";
        assert_eq!(found(rows, "backup"), Found { one: Some("abc".into()), two: Some("d=e".into()) });
        assert_eq!(found(rows, "upgrade"), Found::default());
    }

    #[test]
    fn only_a_wrong_password_is_final() {
        assert!(is_final("FATAL:  password authentication failed for user \"app\""));
        assert!(!is_final("FATAL:  the database system is starting up"));
        assert!(!is_final("connection to server on socket failed: No such file or directory"));
    }
}
