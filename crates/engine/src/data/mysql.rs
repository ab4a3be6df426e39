//! Marker rows in a MariaDB or MySQL database, written by its own client inside its own container.

use cc_ci_model::data::rows::{DatabaseObject, FilledColumns, Tables};
use cc_ci_model::ids::StackName;
use std::collections::BTreeMap;

use super::asking::{self, Asked, DatabaseAnswer, TRY, Tried};
use super::sql::SqlLogin;
use super::tables::{
    Dialect, Held, Table, all_quoted, columns, columns_by_table, name_of, objects, questions, quoted,
    read as read_counts,
};
use crate::exec::{ExecCommand, ExecOutput, ExecStatus};
use crate::swarm::Containers;
use crate::workbench::WorkError;

/// The recipe's user first, then root, or root first where `$5` says so; each over the local socket, then over TCP, until one is let in.
const SCRIPT: &str = r#"
user=$1 base=$2 file=$3 sql=$4 first=$5
client=$(command -v mariadb || command -v mysql) || { echo "the container has neither mariadb nor mysql" >&2; exit 78; }
value() {
  for prefix in MARIADB MYSQL; do
    eval "text=\${${prefix}_$1:-} path=\${${prefix}_$1_FILE:-}"
    if [ -n "$text" ]; then printf %s "$text"; return; fi
    if [ -n "$path" ] && [ -r "$path" ]; then cat -- "$path"; return; fi
  done
}
[ -n "$base" ] || base=$(value DATABASE)
[ -n "$user" ] || user=$(value USER)
if [ -n "$file" ] && [ -r "$file" ]; then password=$(cat -- "$file"); else password=$(value PASSWORD); fi
root=$(value ROOT_PASSWORD)
ask() { # USER PASSWORD WORDS...
  name=$1 MYSQL_PWD=$2; shift 2
  export MYSQL_PWD
  "$client" --batch --skip-column-names --connect-timeout=5 --user="$name" "$@" 2>&1
}
denied() { case $answer in *'ERROR 1045'*|*'ERROR 1044'*|*'ERROR 1698'*) return 0 ;; *) return 1 ;; esac; }
try() { # USER PASSWORD SQL [DATABASE]
  answer=$(ask "$1" "$2" ${4:+--database="$4"} --execute="$3"); code=$?
  [ $code -ne 0 ] || return 0
  first=$answer
  case $answer in *'ERROR 2002'*) ;; *) denied || return 0 ;; esac
  answer=$(ask "$1" "$2" --protocol=tcp --host=127.0.0.1 ${4:+--database="$4"} --execute="$3"); code=$?
  [ $code -eq 0 ] || answer="$first
$answer"
}
everyone() { # SQL [DATABASE]
  code=1 answer=
  if [ "$first" = root ] && [ -n "$root" ]; then try root "$root" "$@"; [ $code -ne 0 ] && denied || return 0; fi
  if [ -n "$user" ] && [ "$user" != root ]; then try "$user" "$password" "$@"; [ $code -ne 0 ] && denied || return 0; fi
  try root "${root:-$password}" "$@"; [ $code -ne 0 ] && denied || return 0
  [ -z "${root:-$password}" ] || try root "" "$@"
}
if [ -z "$base" ]; then
  everyone 'SHOW DATABASES'
  if [ $code -eq 0 ]; then
    base=$(printf '%s\n' "$answer" | grep -vxE 'information_schema|performance_schema|mysql|sys')
    case $(printf '%s\n' "$base" | grep -c .) in
      1) ;;
      0) echo "the server has no database besides its own" >&2; exit 79 ;;
      *) echo "which database is the app's? the server has" $base "and MARIADB_DATABASE is not set" >&2; exit 79 ;;
    esac
  fi
fi
[ -z "$base" ] || everyone "$sql" "$base"
if [ $code -eq 0 ]; then printf '%s\n' "$answer"; else printf '%s\n' "$answer" >&2; fi
exit $code
"#;

/// What that is that a table is not there (`ER_NO_SUCH_TABLE`).
pub(super) const NO_TABLE: &str = "ERROR 1146";

/// Every table that is not the server's own.
const TABLES: &str = "SELECT HEX(table_schema), HEX(table_name) FROM information_schema.tables \
    WHERE table_type = 'BASE TABLE' AND engine <> 'MEMORY' \
    AND table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')";

/// Every column of those tables that can be empty, under the names of database and table.
const COLUMNS: &str = "SELECT CONCAT(HEX(table_schema), '.', HEX(table_name)), HEX(column_name) FROM information_schema.columns \
    WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') \
    ORDER BY table_schema, table_name, ordinal_position";

/// Every database that other containers are connected to.
const USED: &str = "SELECT HEX(db), COUNT(*) FROM information_schema.processlist \
    WHERE db IS NOT NULL AND host NOT LIKE 'localhost%' AND host NOT LIKE '127.%' GROUP BY db";

/// What is counted beside tables, in the order of [`OBJECTS`].
const OBJECT_KINDS: [DatabaseObject; 9] = [
    DatabaseObject::Column,
    DatabaseObject::Default,
    DatabaseObject::NotNull,
    DatabaseObject::Index,
    DatabaseObject::Constraint,
    DatabaseObject::View,
    DatabaseObject::Trigger,
    DatabaseObject::Routine,
    DatabaseObject::Event,
];

/// How many objects each database has beside tables, of those that can be seen, and how its texts are sorted. A table in memory alone
/// comes and goes with the server, its columns with it.
const OBJECTS: &str = "SELECT HEX(s.schema_name), CONCAT_WS(',', \
    (SELECT COUNT(*) FROM information_schema.columns x WHERE x.table_schema = s.schema_name), \
    (SELECT COUNT(*) FROM information_schema.columns x WHERE x.table_schema = s.schema_name \
    AND (x.column_default <> 'NULL' OR x.extra <> '')), \
    (SELECT COUNT(*) FROM information_schema.columns x WHERE x.table_schema = s.schema_name AND x.is_nullable = 'NO'), \
    (SELECT COUNT(DISTINCT x.table_name, x.index_name) FROM information_schema.statistics x WHERE x.table_schema = s.schema_name), \
    (SELECT COUNT(*) FROM information_schema.table_constraints x WHERE x.constraint_schema = s.schema_name), \
    (SELECT COUNT(*) FROM information_schema.views x WHERE x.table_schema = s.schema_name), \
    (SELECT COUNT(*) FROM information_schema.triggers x WHERE x.trigger_schema = s.schema_name), \
    (SELECT COUNT(*) FROM information_schema.routines x WHERE x.routine_schema = s.schema_name), \
    (SELECT COUNT(*) FROM information_schema.events x WHERE x.event_schema = s.schema_name), \
    HEX(CONCAT('collation ', s.default_collation_name))) \
    FROM information_schema.schemata s WHERE s.schema_name NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')";

/// Where the server's files lie; the inner error is what it said instead.
pub(super) async fn folder(
    containers: &Containers,
    stack: &StackName,
    login: &SqlLogin,
) -> Result<DatabaseAnswer, WorkError> {
    Ok(ask(containers, stack, login, "SELECT @@datadir").await?.map(|text| text.trim().to_owned()))
}

/// Counts every table of every database of the server that can be seen, as root where the container knows its password. The
/// inner error is what the server said instead.
pub(super) async fn count(
    containers: &Containers,
    stack: &StackName,
    login: &SqlLogin,
) -> Result<Result<Held, String>, WorkError> {
    // Every user has this database, and tables are named with theirs.
    let login = SqlLogin { database: Some("information_schema".to_owned()), ..login.clone() };
    let asked = tokio::try_join!(
        ask_as(containers, stack, &login, TABLES, First::Root),
        ask_as(containers, stack, &login, COLUMNS, First::Root),
        ask_as(containers, stack, &login, USED, First::Root),
        ask_as(containers, stack, &login, OBJECTS, First::Root)
    );
    let (list, each, used, beside) = match asked? {
        (Ok(list), Ok(each), Ok(used), Ok(beside)) => (list, columns_by_table(&each), used, beside),
        (Err(refusal), _, _, _) | (_, Err(refusal), _, _) | (_, _, Err(refusal), _) | (_, _, _, Err(refusal)) => {
            return Ok(Err(refusal));
        }
    };
    let mut databases: BTreeMap<String, Vec<Table>> = BTreeMap::new();
    for [schema, name] in columns(&list) {
        let columns = all_quoted(each.get(&format!("{schema}.{name}")), '`');
        let (Some(schema), Some(name)) = (name_of(schema), name_of(name)) else { continue };
        let quoted = format!("{}.{}", quoted(&schema, '`'), quoted(&name, '`'));
        databases.entry(schema).or_default().push(Table { quoted, shown: name, columns });
    }
    let beside = columns(&beside).filter_map(|[name, numbers]| Some((name_of(name)?, objects(&OBJECT_KINDS, numbers))));
    let mut held = Held {
        used: columns(&used).filter_map(|[name, _]| name_of(name)).collect(),
        objects: beside.collect(),
        ..Held::default()
    };
    for (name, tables) in databases {
        let (mut counts, mut filled) = (Tables::new(), FilledColumns::new());
        for (chunk, sql) in questions(&tables, Dialect::Mysql) {
            match ask_as(containers, stack, &login, &sql, First::Root).await? {
                Ok(answer) => read_counts(chunk, &answer, &mut counts, &mut filled),
                Err(refusal) => return Ok(Err(format!("database {name}: {refusal}"))),
            }
        }
        held.filled.insert(name.clone(), filled);
        held.databases.insert(name, counts);
    }
    Ok(Ok(held))
}

/// Asks one question; the inner error is what the server said instead.
pub(super) async fn ask(
    containers: &Containers,
    stack: &StackName,
    login: &SqlLogin,
    sql: &str,
) -> Result<DatabaseAnswer, WorkError> {
    ask_as(containers, stack, login, sql, First::User).await
}

/// Who is tried first.
#[derive(Debug, Clone, Copy)]
enum First {
    /// The recipe's user.
    User,
    /// The superuser, who sees every database.
    Root,
}

async fn ask_as(
    containers: &Containers,
    stack: &StackName,
    login: &SqlLogin,
    sql: &str,
    first: First,
) -> Result<DatabaseAnswer, WorkError> {
    let first = match first {
        First::User => "user",
        First::Root => "root",
    };
    let words = ["sh".to_owned(), "-c".to_owned(), SCRIPT.to_owned(), "marker".to_owned()];
    let words = words.into_iter().chain(login.words());
    let command = ExecCommand::new(words.chain([sql.to_owned(), first.to_owned()])).limit(TRY);
    asking::ask(Asked::Service(containers, stack, &login.service), &command, judge).await
}

/// Errors of a server that is starting, initialising (no user or database yet) or stopping.
const PASSING: [&str; 11] = [
    "ERROR 1040",
    "ERROR 1044",
    "ERROR 1045",
    "ERROR 1049",
    "ERROR 1053",
    "ERROR 1205",
    "ERROR 1698",
    "ERROR 1927",
    "ERROR 2002",
    "ERROR 2003",
    "ERROR 2006",
];

fn judge(output: &ExecOutput, said: String) -> Tried {
    match output.status {
        ExecStatus::Exited(0) => Tried::Answer(output.text()),
        _ if said.contains("ERROR 2013") || PASSING.iter().any(|error| said.contains(error)) => Tried::NotYet(said),
        _ => Tried::Refused(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i64, stderr: &str) -> Tried {
        let status = ExecStatus::Exited(code);
        let output = ExecOutput { status, stdout: b"rows\n".to_vec(), stderr: stderr.as_bytes().to_vec(), dropped: 0 };
        judge(&output, stderr.to_owned())
    }

    #[test]
    fn a_server_that_is_starting_is_asked_again() {
        assert_eq!(check(0, "a warning"), Tried::Answer("rows\n".into()));
        for passing in ["ERROR 2002 (HY000): Can't connect", "ERROR 1045 (28000): Access denied", "ERROR 2013 lost"] {
            assert_eq!(check(1, passing), Tried::NotYet(passing.into()));
        }
        for lasting in ["ERROR 1290 (HY000): read-only", "ERROR 1146 (42S02): no such table"] {
            assert_eq!(check(1, lasting), Tried::Refused(lasting.into()));
        }
    }
}
