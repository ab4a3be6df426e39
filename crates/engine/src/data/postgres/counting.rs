//! Counts every table of every database of a PostgreSQL server with one command in its container: starting one takes longer than
//! most of what is asked.

use cc_ci_model::data::rows::KEY;
use cc_ci_model::ids::StackName;

use super::super::asking::{self, Asked};
use super::super::tables::{Dialect, Held, MOST_COLUMNS, contents, name_of, number};
use super::{PostgresLogin, command, judge};
use crate::exec::Overflow;
use crate::swarm::Containers;
use crate::workbench::WorkError;

/// Enters each database that `$4` lists, and has `$5` answered there. A name comes as octal escapes, which every `printf` knows;
/// psql takes it from its environment as it is, while it would read `a=b` on its command line as words of a connection.
const COUNT: &str = r#"
enter -d "$base" -c "$4"
[ $code -eq 0 ] || end
printf '%s\n' "$answer" | {
  while IFS= read -r name; do
    case $name in '\0'*) ;; *) continue ;; esac
    PGDATABASE=$(printf '%b.' "$name"); PGDATABASE=${PGDATABASE%.}
    export PGDATABASE
    answer=$(printf '%s\n' "$5" | ask -f -); code=$?
    [ $code -eq 0 ] || { answer="database $PGDATABASE: $answer"; end; }
    printf '%s\n' "$answer"
  done
}
"#;

/// Every database that can be entered.
const DATABASES: &str = "SELECT array_to_string(ARRAY(SELECT chr(92) || '0' || (get_byte(name, i) / 64)::text \
    || (get_byte(name, i) / 8 % 8)::text || (get_byte(name, i) % 8)::text FROM generate_series(0, octet_length(name) - 1) AS i \
    ORDER BY i), '') FROM (SELECT convert_to(datname, 'UTF8') AS name FROM pg_database WHERE datallowconn AND NOT datistemplate) AS d";

/// How the line about a database itself begins.
const DATABASE: &str = "database";

/// What is asked in each database, all of it about one moment: how many connections come from other containers; then of every
/// lasting table its rows and what stands in its columns, as elements of an array: aggregates that operators join are planned in a time
/// that grows with their square, a tenth of a second for a hundred columns. The statement that counts is made in the database, which quotes its own
/// names, and run by `\gexec`. Parts of a table are counted with it, tables of an extension not at all.
fn questions() -> String {
    let hex = |name: &str| format!("encode(convert_to({name}, 'UTF8'), 'hex')");
    let of_columns = |each: &str, between: &str, most: &str| {
        format!(
            "array_to_string(ARRAY(SELECT {each} FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 \
             AND NOT a.attisdropped {most}), '{between}')"
        )
    };
    let numbers = |asked: &[String], most: &str| {
        let asked: Vec<String> = asked.iter().map(|number| format!(", ({number})::text")).collect();
        of_columns(&format!("format('{}', a.attname)", asked.concat().replace('\'', "''")), "", most)
    };
    let first = format!("ORDER BY a.attnum LIMIT {MOST_COLUMNS}");
    let known_by = format!("AND lower(a.attname) = '{KEY}' ORDER BY a.attnum LIMIT 1");
    let (database, schema, table) = (hex("current_database()"), hex("n.nspname"), hex("c.relname"));
    let names = of_columns(&hex("a.attname"), ",", &first);
    let content = numbers(&Dialect::Postgres.content("%1$I"), &first);
    let keys = numbers(&Dialect::Postgres.keys("%1$I"), &known_by);
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n\
         SELECT '{DATABASE}', {database}, (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = current_database() \
         AND a.client_addr IS NOT NULL AND host(a.client_addr) NOT IN ('127.0.0.1', '::1'));\n\
         SELECT format('SELECT %L, %L, array_to_string(ARRAY[count(*)::text%s%s], '','') FROM %I.%I', {database} || '.' || {schema} || '.' || {table}, {names}, {content}, {keys}, \
         n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') \
         AND NOT c.relispartition AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
         AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')\n\
         \\gexec\n\
         COMMIT;"
    )
}

/// How much may be said about all databases, in bytes.
const MOST: usize = 16 << 20;

/// Counts; the inner error is what the server said instead.
pub(in crate::data) async fn count(
    containers: &Containers,
    stack: &StackName,
    login: &PostgresLogin,
) -> Result<Result<Held, String>, WorkError> {
    let command = command(login, COUNT, [DATABASES.to_owned(), questions()]).cap(MOST, Overflow::Stop);
    let answer = asking::ask(Asked::Service(containers, stack, &login.service), &command, judge).await?;
    Ok(answer.map(|answer| read(&answer)))
}

/// Reads what was said; a line that is none of these is a notice of the server.
fn read(answer: &str) -> Held {
    let mut held = Held::default();
    for line in answer.lines() {
        let mut fields = line.trim_end().splitn(3, '|');
        let (Some(one), Some(two), Some(three)) = (fields.next(), fields.next(), fields.next()) else { continue };
        if one == DATABASE {
            database(&mut held, two, three);
        } else {
            table(&mut held, one, two, three);
        }
    }
    held
}

/// A database, which may be empty.
fn database(held: &mut Held, name: &str, users: &str) -> Option<()> {
    let name = name_of(name)?;
    held.databases.entry(name.clone()).or_default();
    held.filled.entry(name.clone()).or_default();
    if users != "0" {
        held.used.insert(name);
    }
    Some(())
}

/// A table: its names, those of its columns, its rows and what stands in each column.
fn table(held: &mut Held, names: &str, columns: &str, numbers: &str) -> Option<()> {
    let names: Option<Vec<String>> = names.split('.').map(name_of).collect();
    let [database, schema, name] = <[String; 3]>::try_from(names?).ok()?;
    let numbers: Vec<u64> = numbers.split(',').map(number).collect::<Option<_>>()?;
    let (rows, content) = numbers.split_first()?;
    let columns: Vec<String> =
        columns.split(',').filter(|name| !name.is_empty()).map(name_of).collect::<Option<_>>()?;
    let shown = if schema == "public" { name } else { format!("{schema}.{name}") };
    held.databases.entry(database.clone()).or_default().insert(shown.clone(), *rows);
    held.filled.entry(database).or_default().insert(shown, contents(&columns, content));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::data::rows::ColumnContent;

    #[test]
    fn databases_tables_and_columns_are_read_and_notices_are_not() {
        let [app, public, users, own, mail] = ["a|b", "public", "users", "Id", "mail"].map(hex::encode);
        let answer = format!(
            "WARNING:  a | b | c\ndatabase|{app}|2\n{app}.{public}.{users}|{mail},{own}|7,7,h1,h2,6,1,2,3,9\n{app}.{own}.{users}||3\ndatabase|{own}|0\r\n"
        );
        let held = read(&answer);
        assert_eq!(held.databases.keys().collect::<Vec<_>>(), ["Id", "a|b"]);
        let tables = &held.databases["a|b"];
        assert_eq!((tables.len(), tables["users"], tables["Id.users"]), (2, 7, 3));
        let users = &held.filled["a|b"]["users"];
        assert_eq!(users["mail"], ColumnContent { values: 7, ends: [1, 2], keys: None });
        assert_eq!(users["Id"], ColumnContent { values: 6, ends: [1, 2], keys: Some((3, 9)) });
        assert!(held.filled["a|b"]["Id.users"].is_empty() && held.databases["Id"].is_empty());
        assert_eq!(held.used.iter().collect::<Vec<_>>(), ["a|b"]);
    }

    #[test]
    fn what_is_cut_short_says_nothing() {
        let [app, users] = ["app", "users"].map(hex::encode);
        for line in [format!("{app}.{app}.{users}"), format!("{app}.{users}||1"), format!("{app}.{app}.{users}||1,x")] {
            assert_eq!(read(&line), Held::default(), "{line}");
        }
    }
}
