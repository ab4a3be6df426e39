//! Marker keys in a Redis, Valkey or `KeyDB` server, written by its own client inside its own container.
//!
//! Nothing here asks the server to save: when its memory reaches the disk is the recipe's promise, and what is proven.

use cc_ci_model::data::outside::Lasts;
use cc_ci_model::ids::StackName;
use cc_ci_recipe::database::Database;
use std::fmt;

use super::asking::{self, Asked, DatabaseAnswer, TRY, Tried};
use super::rows::Taken;
use super::tables::Held;
use super::{FoundMarkers, MarkerPhase};
use crate::exec::{ExecCommand, ExecOutput, ExecStatus};
use crate::swarm::Containers;
use crate::workbench::WorkError;

/// How to log in. A password that is not here is read inside the container from the usual variables and settings.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisLogin {
    /// The service, without the stack's name.
    pub service: String,
    /// A file inside the container that holds the password.
    pub password_file: Option<String>,
    /// The password, where the recipe writes it into the server's arguments.
    pub password: Option<String>,
}

impl RedisLogin {
    /// The login to a recognised server.
    #[must_use]
    pub fn to(database: &Database) -> Self {
        let (password_file, password) = (database.password_file.clone(), database.password.clone());
        Self { service: database.service.clone(), password_file, password }
    }

    /// A login that reads everything inside the container.
    #[must_use]
    pub fn of(service: impl Into<String>) -> Self {
        Self { service: service.into(), password_file: None, password: None }
    }
}

impl fmt::Debug for RedisLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "…");
        let Self { service, password_file, .. } = self;
        write!(f, "RedisLogin {{ service: {service:?}, password_file: {password_file:?}, password: {password:?} }}")
    }
}

impl fmt::Display for RedisLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the Redis database of {}", self.service)
    }
}

/// `$1` the password's file. The rest is one command. The client reads `REDISCLI_AUTH`, and its warnings are dropped.
const SCRIPT: &str = r#"
file=$1; shift
client=$(command -v redis-cli || command -v valkey-cli || command -v keydb-cli) || { echo "the container has no redis-cli or valkey-cli" >&2; exit 78; }
password=$REDISCLI_AUTH
for path in "$file" "$REDIS_PASSWORD_FILE" "$VALKEY_PASSWORD_FILE" "$REDIS_PASS_FILE"; do
  if [ -z "$password" ] && [ -n "$path" ] && [ -r "$path" ]; then password=$(cat -- "$path"); fi
done
[ -n "$password" ] || password=${REDIS_PASSWORD:-${VALKEY_PASSWORD:-$REDIS_PASS}}
for path in /usr/local/etc/redis/*.conf /usr/local/etc/valkey/*.conf /etc/redis/*.conf /etc/valkey/*.conf; do
  if [ -z "$password" ] && [ -r "$path" ]; then password=$(sed -n 's/^[[:space:]]*requirepass[[:space:]]\{1,\}//p' "$path" | tail -n 1 | tr -d '"'); fi
done
unset REDISCLI_AUTH
answer=$("$client" "$@" 2>&1); code=$?
case $answer in *NOAUTH*)
  if [ -n "$password" ]; then REDISCLI_AUTH=$password; export REDISCLI_AUTH; answer=$("$client" "$@" 2>/dev/null); code=$?; fi ;;
esac
printf '%s\n' "$answer"
exit $code
"#;

pub(super) async fn seed(
    containers: &Containers,
    stack: &StackName,
    login: &RedisLogin,
    phase: MarkerPhase,
    value: &str,
) -> Result<Result<Taken, String>, WorkError> {
    let setting = async |name: &str| -> Result<Option<String>, WorkError> {
        let answer = ask(containers, stack, login, &["CONFIG", "GET", name]).await?;
        // A server that keeps its settings to itself is taken to save.
        Ok(answer.ok().map(|text| text.lines().nth(1).unwrap_or_default().to_owned()))
    };
    if setting("save").await?.as_deref() == Some("") && setting("appendonly").await?.as_deref() == Some("no") {
        return Ok(Ok(Taken::PassedOver("set to write nothing to disk")));
    }
    let [one, two] = keys(phase);
    Ok(ask(containers, stack, login, &["MSET", &one, value, &two, value]).await?.map(|_| Taken::Yes))
}

pub(super) async fn mutate(
    containers: &Containers,
    stack: &StackName,
    login: &RedisLogin,
    phase: MarkerPhase,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    let [one, two] = keys(phase);
    if let Err(refusal) = ask(containers, stack, login, &["SET", &one, value]).await? {
        return Ok(Err(refusal));
    }
    Ok(ask(containers, stack, login, &["DEL", &two]).await?.map(|_| ()))
}

pub(super) async fn read(
    containers: &Containers,
    stack: &StackName,
    login: &RedisLogin,
    phase: MarkerPhase,
) -> Result<Result<FoundMarkers, String>, WorkError> {
    let [one, two] = keys(phase);
    Ok(ask(containers, stack, login, &["MGET", &one, &two]).await?.map(|text| found(&text)))
}

/// Where the server's files lie, and whether it logs every change, which nobody asks of a cache; the inner error is what it
/// said instead.
pub(super) async fn folder(
    containers: &Containers,
    stack: &StackName,
    login: &RedisLogin,
) -> Result<Result<(String, Lasts), String>, WorkError> {
    let value = async |name| {
        let answer = ask(containers, stack, login, &["CONFIG", "GET", name]).await?;
        Ok::<_, WorkError>(answer.map(|text| text.lines().nth(1).unwrap_or_default().trim().to_owned()))
    };
    let (folder, log) = tokio::try_join!(value("dir"), value("appendonly"))?;
    let lasts = if log.is_ok_and(|log| log == "yes") { Lasts::Yes } else { Lasts::No };
    Ok(folder.map(|folder| (folder, lasts)))
}

/// Counts the keys of every database that do not expire; the inner error is what the server said instead.
pub(super) async fn count(
    containers: &Containers,
    stack: &StackName,
    login: &RedisLogin,
) -> Result<Result<Held, String>, WorkError> {
    Ok(ask(containers, stack, login, &["INFO", "keyspace"]).await?.map(|text| held(&text)))
}

/// `db0:keys=5,expires=2,avg_ttl=0`, a line for each database that has keys.
fn held(text: &str) -> Held {
    let databases = text.lines().filter_map(|line| {
        let (name, numbers) = line.trim_end().strip_prefix("db")?.split_once(':')?;
        let number = |wanted: &str| {
            let mut numbers = numbers.split(',').filter_map(|one| one.split_once('='));
            numbers.find_map(|(name, value)| (name == wanted).then(|| value.parse::<u64>().ok()).flatten())
        };
        let lasting = number("keys")?.saturating_sub(number("expires").unwrap_or(0));
        Some((name.to_owned(), [("keys".to_owned(), lasting)].into()))
    });
    Held { databases: databases.collect(), ..Held::default() }
}

/// Waits until the server answers. `Err` says what it answered instead.
pub async fn ready(
    containers: &Containers,
    stack: &StackName,
    login: &RedisLogin,
) -> Result<Result<(), String>, WorkError> {
    Ok(ask(containers, stack, login, &["PING"]).await?.map(|_| ()))
}

fn keys(phase: MarkerPhase) -> [String; 2] {
    ["one", "two"].map(|part| format!("cc-ci-marker:{}.{part}", phase.word()))
}

/// A line for each key; an empty one for a key that is not there.
fn found(text: &str) -> FoundMarkers {
    let mut lines = text.lines().map(|line| Some(line).filter(|line| !line.is_empty()).map(str::to_owned));
    FoundMarkers { one: lines.next().flatten(), two: lines.next().flatten() }
}

async fn ask(
    containers: &Containers,
    stack: &StackName,
    login: &RedisLogin,
    words: &[&str],
) -> Result<DatabaseAnswer, WorkError> {
    let own = login.password_file.clone().unwrap_or_default();
    let first = ["sh".to_owned(), "-c".to_owned(), SCRIPT.to_owned(), "marker".to_owned(), own];
    let mut command = ExecCommand::new(first.into_iter().chain(words.iter().map(|word| (*word).to_owned()))).limit(TRY);
    if let Some(password) = &login.password {
        command = command.env("REDISCLI_AUTH", password);
    }
    asking::ask(Asked::Service(containers, stack, &login.service), &command, judge).await
}

/// The client ends with 0 even when the server refused: the answer then begins with a word in capitals and its reason.
fn judge(output: &ExecOutput, said: String) -> Tried {
    let text = output.text();
    let error = text.split_once(' ').map(|(word, _)| word.trim_start_matches("(error)"));
    let error = error.filter(|word| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase()));
    match (output.status, error) {
        (ExecStatus::Exited(0), None) => Tried::Answer(text),
        (_, Some("LOADING" | "MASTERDOWN" | "BUSY" | "TRYAGAIN" | "CLUSTERDOWN")) => Tried::NotYet(said),
        (_, Some(_)) => Tried::Refused(said),
        (_, None) if said.contains("Could not connect") || said.contains("Connection reset") => Tried::NotYet(said),
        (_, None) => Tried::Refused(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i64, text: &str) -> Tried {
        let output = ExecOutput {
            status: ExecStatus::Exited(code),
            stdout: text.as_bytes().to_vec(),
            stderr: vec![],
            dropped: 0,
        };
        judge(&output, text.to_owned())
    }

    #[test]
    fn an_error_is_no_answer_though_the_client_ended_well() {
        for answer in ["OK\n", "PONG\n", "2\n", "abc-mutated\n\n", "\n\n"] {
            assert_eq!(check(0, answer), Tried::Answer(answer.into()));
        }
        for lasting in ["NOAUTH Authentication required.", "MISCONF cannot persist", "READONLY a replica"] {
            assert_eq!(check(0, lasting), Tried::Refused(lasting.into()));
        }
        for passing in ["LOADING Redis is loading the dataset in memory", "Could not connect to Redis at 127.0.0.1"] {
            assert_eq!(check(1, passing), Tried::NotYet(passing.into()));
        }
    }

    #[test]
    fn an_absent_key_is_an_empty_line() {
        assert_eq!(found("v-mutated\n\n"), FoundMarkers { one: Some("v-mutated".into()), two: None });
        assert_eq!(found("\nv\n"), FoundMarkers { one: None, two: Some("v".into()) });
    }

    #[test]
    fn keys_that_expire_are_not_counted() {
        let text = "# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=0\r\ndb12:keys=1,expires=1\r\nnoise\r\n";
        let keys = |count| [("keys".to_owned(), count)].into();
        assert_eq!(held(text).databases, [("0".to_owned(), keys(3)), ("12".to_owned(), keys(0))].into());
        assert_eq!(held("").databases, [].into());
    }

    #[test]
    fn a_password_is_not_shown() {
        let login = RedisLogin { password: Some("hunter2".into()), ..RedisLogin::of("cache") };
        assert!(!format!("{login:?} {login}").contains("hunter2"));
    }
}
