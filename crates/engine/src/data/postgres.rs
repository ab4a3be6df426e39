//! Marker rows in a PostgreSQL database, written by `psql` inside the database's own container.

mod counting;

use cc_ci_model::ids::StackName;

use super::asking::{self, Asked, DatabaseAnswer, TRY, Tried};
use super::sql::SqlLogin;
use crate::exec::{ExecCommand, ExecOutput, ExecStatus};
use crate::swarm::Containers;
use crate::workbench::WorkError;
pub(super) use counting::count;

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

/// What that is that a table is not there (`undefined_table`).
pub(super) const NO_TABLE: &str = "42P01";

/// Asks one question.
const ASK: &str = r#"
enter -d "$base" -c "$4"
end
"#;

/// Where the server's files lie; the inner error is what it said instead.
pub(super) async fn folder(
    containers: &Containers,
    stack: &StackName,
    login: &SqlLogin,
) -> Result<DatabaseAnswer, WorkError> {
    Ok(ask(containers, stack, login, "SHOW data_directory").await?.map(|text| text.trim().to_owned()))
}

/// Asks one question; the inner error is what the server said instead.
pub(super) async fn ask(
    containers: &Containers,
    stack: &StackName,
    login: &SqlLogin,
    sql: &str,
) -> Result<DatabaseAnswer, WorkError> {
    let command = command(login, ASK, [sql.to_owned()]);
    asking::ask(Asked::Service(containers, stack, &login.service), &command, judge).await
}

/// A script of psql with its login.
fn command(login: &SqlLogin, script: &str, words: impl IntoIterator<Item = String>) -> ExecCommand {
    let first = ["sh".to_owned(), "-c".to_owned(), format!("{LOGIN}{script}"), "marker".to_owned()];
    ExecCommand::new(first.into_iter().chain(login.words()).chain(words)).limit(TRY)
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
