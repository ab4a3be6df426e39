//! Counts every table of every database of a PostgreSQL server with one command in its container: starting one takes longer than
//! most of what is asked.

use cc_ci_model::data::rows::{DatabaseObject, KEY, Objects};
use cc_ci_model::ids::StackName;
use std::collections::BTreeSet;

use super::super::asking::{self, Asked};
use super::super::sql::SqlLogin;
use super::super::tables::{Dialect, Held, MOST_COLUMNS, contents, name_of, number, objects};
use super::{command, judge};
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

/// How the line begins that says how many objects it has beside tables.
const OBJECTS: &str = "objects";

/// How the line begins that says how many tables an owner has.
const OWNER: &str = "owner";

/// How the line begins that names a sequence which gives out numbers that are taken.
const BEHIND: &str = "behind";

/// How the line begins that names a sequence which gives out new ones.
const AHEAD: &str = "ahead";

/// What is counted beside tables, in the order of [`objects_asked`].
const OBJECT_KINDS: [DatabaseObject; 13] = [
    DatabaseObject::Column,
    DatabaseObject::Default,
    DatabaseObject::NotNull,
    DatabaseObject::Index,
    DatabaseObject::Constraint,
    DatabaseObject::View,
    DatabaseObject::Trigger,
    DatabaseObject::Routine,
    DatabaseObject::Sequence,
    DatabaseObject::Extension,
    DatabaseObject::Type,
    DatabaseObject::Policy,
    DatabaseObject::Grant,
];

/// What the database itself is set to: its owner, how its texts are written and sorted, and what somebody set for it.
const SETTINGS: &str = "SELECT encode(convert_to(s.one, 'UTF8'), 'hex') FROM pg_database d, LATERAL (VALUES \
    ('owner ' || pg_get_userbyid(d.datdba)::text), ('encoding ' || pg_encoding_to_char(d.encoding)::text), \
    ('collation ' || d.datcollate::text), ('character type ' || d.datctype::text)) AS s(one) WHERE d.datname = current_database() \
    UNION SELECT encode(convert_to('setting ' || split_part(c.one, '=', 1), 'UTF8'), 'hex') FROM pg_database d \
    JOIN pg_db_role_setting r ON r.setdatabase = d.oid, LATERAL unnest(r.setconfig) AS c(one) WHERE d.datname = current_database()";

/// How many objects the database has beside tables, what it is set to, and how many tables each owner has, the server's own schemas
/// left out. Of a setting that somebody gave the database only the name is said: the value may be a key.
fn objects_asked(database: &str) -> String {
    let own = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
    let in_schema = |from: &str, schema: &str, which: &str| {
        format!("(SELECT count(*) FROM {from} JOIN pg_namespace n ON n.oid = {schema} WHERE {own} AND {which})")
    };
    let class = |which: &str| in_schema("pg_class c", "c.relnamespace", &format!("c.relpersistence = 'p' AND {which}"));
    let of_tables = "c.relpersistence = 'p' AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped";
    let column = |which: &str| {
        let from = "pg_attribute a JOIN pg_class c ON c.oid = a.attrelid";
        in_schema(from, "c.relnamespace", &format!("{of_tables} AND {which}"))
    };
    let asked = [
        column("true"),
        column("a.atthasdef"),
        column("a.attnotnull"),
        in_schema(
            "pg_index i JOIN pg_class c ON c.oid = i.indexrelid",
            "c.relnamespace",
            "c.relpersistence = 'p' AND i.indisvalid",
        ),
        in_schema("pg_constraint k", "k.connamespace", "k.conrelid <> 0 AND k.contype IN ('p', 'u', 'f', 'c', 'x')"),
        class("c.relkind IN ('v', 'm')"),
        in_schema("pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid", "c.relnamespace", "NOT t.tgisinternal"),
        in_schema("pg_proc p", "p.pronamespace", "true"),
        class("c.relkind = 'S'"),
        "(SELECT count(*) FROM pg_extension)".to_owned(),
        in_schema("pg_type t", "t.typnamespace", "t.typtype IN ('e', 'd')"),
        "(SELECT count(*) FROM pg_policy)".to_owned(),
        in_schema(
            "pg_class c CROSS JOIN aclexplode(c.relacl) g",
            "c.relnamespace",
            "c.relpersistence = 'p' AND g.grantee <> c.relowner",
        ),
        format!("array_to_string(ARRAY({SETTINGS}), ',')"),
    ];
    format!(
        "SELECT '{OBJECTS}', {database}, concat_ws(',', {});\n\
         SELECT '{OWNER}', {database}, encode(convert_to(pg_get_userbyid(c.relowner)::text, 'UTF8'), 'hex') || ',' || count(*) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own} AND c.relkind IN ('r', 'p') \
         AND c.relpersistence = 'p' GROUP BY c.relowner;",
        asked.join(", ")
    )
}

/// For each sequence that numbers a column in which something stands, whether a number stands there that it has still to give out.
fn sequences_asked(database: &str) -> String {
    format!(
        "SELECT format('SELECT CASE WHEN m.most > CASE WHEN s.is_called THEN s.last_value ELSE s.last_value - 1 END \
         THEN ''{BEHIND}'' ELSE ''{AHEAD}'' END, %L, %L FROM %I.%I s, (SELECT max(%I) AS most FROM %I.%I) m \
         WHERE m.most IS NOT NULL', {database}, \
         encode(convert_to(format('%s of %s.%s', s.relname, c.relname, a.attname), 'UTF8'), 'hex'), \
         sn.nspname, s.relname, a.attname, n.nspname, c.relname) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' \
         JOIN pg_namespace sn ON sn.oid = s.relnamespace JOIN pg_class c ON c.oid = d.refobjid \
         JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid \
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') \
         AND s.relpersistence = 'p' AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)\n\
         \\gexec"
    )
}

/// What is asked in each database, all of it about one moment: how many connections come from other containers; then of every
/// lasting table its rows and what stands in its columns, as elements of an array: aggregates that operators join are planned in a time
/// that grows with their square, a tenth of a second for a hundred columns. The statement that counts is made in the database, which quotes its own
/// names, and run by `\gexec`. Parts of a table are counted with it, tables of an extension not at all; large
/// objects stand beside all tables, and are counted like the rows of one.
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
         SELECT {database} || '.' || {} || '.' || {}, '', count(*) FROM pg_largeobject_metadata HAVING count(*) > 0;\n\
         SELECT format('SELECT %L, %L, array_to_string(ARRAY[count(*)::text%s%s], '','') FROM %I.%I', {database} || '.' || {schema} || '.' || {table}, {names}, {content}, {keys}, \
         n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') \
         AND NOT c.relispartition AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
         AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')\n\
         \\gexec\n\
         {}\n\
         {}\n\
         COMMIT;",
        hex("'pg_catalog'"),
        hex("'pg_largeobject'"),
        objects_asked(&database),
        sequences_asked(&database)
    )
}

/// How much may be said about all databases, in bytes.
const MOST: usize = 16 << 20;

/// Counts; the inner error is what the server said instead.
pub(in crate::data) async fn count(
    containers: &Containers,
    stack: &StackName,
    login: &SqlLogin,
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
        match one {
            DATABASE => drop(database(&mut held, two, three)),
            OBJECTS => drop(counted(&mut held, two, three)),
            OWNER => drop(owner(&mut held, two, three)),
            BEHIND => drop(sequence(&mut held, two, three, |objects| &mut objects.behind)),
            AHEAD => drop(sequence(&mut held, two, three, |objects| &mut objects.ahead)),
            names => drop(table(&mut held, names, two, three)),
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

/// What a database has beside tables.
fn counted(held: &mut Held, name: &str, numbers: &str) -> Option<()> {
    let Objects { counts, settings, .. } = objects(&OBJECT_KINDS, numbers);
    let of = held.objects.entry(name_of(name)?).or_default();
    (of.counts, of.settings) = (counts, settings);
    Some(())
}

/// An owner of tables.
fn owner(held: &mut Held, name: &str, owned: &str) -> Option<()> {
    let (owner, tables) = owned.split_once(',')?;
    held.objects.entry(name_of(name)?).or_default().owners.insert(name_of(owner)?, number(tables)?);
    Some(())
}

/// A sequence, and how it stands.
fn sequence(held: &mut Held, name: &str, sequence: &str, of: fn(&mut Objects) -> &mut BTreeSet<String>) -> Option<()> {
    of(held.objects.entry(name_of(name)?).or_default()).insert(name_of(sequence)?);
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
            "WARNING:  a | b | c\ndatabase|{app}|2\n{app}.{public}.{users}|{mail},{own}|7,7,h1,h2,70,6,1,2,6,3,9\n{app}.{own}.{users}||3\ndatabase|{own}|0\r\n"
        );
        let held = read(&answer);
        assert_eq!(held.databases.keys().collect::<Vec<_>>(), ["Id", "a|b"]);
        let tables = &held.databases["a|b"];
        assert_eq!((tables.len(), tables["users"], tables["Id.users"]), (2, 7, 3));
        let users = &held.filled["a|b"]["users"];
        assert_eq!(users["mail"], ColumnContent { values: 7, ends: [1, 2], bytes: 70, keys: None });
        assert_eq!(users["Id"], ColumnContent { values: 6, ends: [1, 2], bytes: 6, keys: Some((3, 9)) });
        assert!(held.filled["a|b"]["Id.users"].is_empty() && held.databases["Id"].is_empty());
        assert_eq!(held.used.iter().collect::<Vec<_>>(), ["a|b"]);
    }

    #[test]
    fn what_stands_beside_the_rows_is_read() {
        let [app, sequence, other, collation] =
            ["app", "users_id_seq of users.id", "rooms_id_seq of rooms.id", "collation C"].map(hex::encode);
        let held = read(&format!(
            "objects|{app}|20,3,9,9,4,0,1,2,3,1,0,0,1,{collation}\nbehind|{app}|{sequence}\nbehind|zz|{sequence}\nowner|{app}|{app},7\nowner|{app}|{app}\nahead|{app}|{other}\n"
        ));
        let has = &held.objects["app"];
        let [index, sequences] = [DatabaseObject::Index, DatabaseObject::Sequence].map(|kind| has.counts[&kind]);
        assert_eq!((index, sequences, has.counts.len(), held.objects.len()), (9, 3, OBJECT_KINDS.len(), 1));
        assert_eq!(has.behind.iter().collect::<Vec<_>>(), ["users_id_seq of users.id"]);
        assert_eq!(has.settings.iter().collect::<Vec<_>>(), ["collation C"]);
        assert_eq!(has.owners, [("app".to_owned(), 7)].into());
        assert_eq!(has.ahead.iter().collect::<Vec<_>>(), ["rooms_id_seq of rooms.id"]);
    }

    #[test]
    fn what_is_cut_short_says_nothing() {
        let [app, users] = ["app", "users"].map(hex::encode);
        for line in [format!("{app}.{app}.{users}"), format!("{app}.{users}||1"), format!("{app}.{app}.{users}||1,x")] {
            assert_eq!(read(&line), Held::default(), "{line}");
        }
    }
}
