//! The questions that count tables, and what their answers say: the same for every kind of database.

use cc_ci_model::data::rows::{ColumnContent, DatabaseObject, FilledColumns, KEY, Objects, Tables};
use std::collections::{BTreeMap, BTreeSet};

/// So many tables are counted by one question.
const AT_ONCE: usize = 200;

/// How long a question may be, in bytes: it is one argument of a command.
const LONGEST: usize = 60_000;

/// What begins a number in hexadecimal.
const HEX: char = 'h';

/// Of so many columns of a table the values are counted.
pub(super) const MOST_COLUMNS: usize = 100;

/// What a server was found to hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The rows of each table, by database.
    pub(super) databases: BTreeMap<String, Tables>,
    /// The values of each column, by database.
    pub(super) filled: BTreeMap<String, FilledColumns>,
    /// What each database has beside its rows.
    pub(super) objects: BTreeMap<String, Objects>,
    /// The databases that others are connected to.
    pub(super) used: BTreeSet<String>,
}

/// A table as a statement names it, and as a reader knows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// With its database or schema, quoted.
    pub(super) quoted: String,
    /// As it is shown and matched.
    pub(super) shown: String,
    /// Its columns: quoted, and as they are shown.
    pub(super) columns: Vec<(String, String)>,
}

impl Table {
    /// The columns that are looked at.
    fn columns(&self) -> &[(String, String)] {
        &self.columns[..self.columns.len().min(MOST_COLUMNS)]
    }

    /// The column by which its rows are known.
    fn key(&self) -> Option<&(String, String)> {
        self.columns().iter().find(|(_, shown)| is_key(shown))
    }
}

fn is_key(column: &str) -> bool {
    column.eq_ignore_ascii_case(KEY)
}

/// The SQL of a kind of database, where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MariaDB and MySQL.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// Several numbers as one text. PostgreSQL plans aggregates that operators join in a time that grows with their square.
    fn join(self, numbers: &[String]) -> String {
        match (self, numbers) {
            (_, [one]) => one.clone(),
            (Self::Postgres, _) => {
                let texts: Vec<String> = numbers.iter().map(|number| format!("({number})::text")).collect();
                format!("array_to_string(ARRAY[{}], ',')", texts.join(", "))
            }
            (Self::Mysql, _) => format!("CONCAT_WS(',', {})", numbers.join(", ")),
            (Self::Sqlite, _) => numbers.join(" || ',' || "),
        }
    }

    /// In how many rows something stands in a column, fingerprints of the first and the last value, and how long all are together: the
    /// server's order, whatever type the column has. No value itself leaves the server.
    pub(super) fn content(self, column: &str) -> [String; 4] {
        let ends = ["MIN", "MAX"].map(|end| match self {
            Self::Postgres => {
                format!("COALESCE('{HEX}' || substr(md5({end}({column}::text COLLATE \"C\")), 1, 15), '0')")
            }
            Self::Mysql => format!("COALESCE({end}(CRC32({column})), 0)"),
            Self::Sqlite => format!("'{HEX}' || substr(hex(sha3(CAST({end}({column}) AS TEXT), 224)), 1, 15)"),
        });
        let values = match self {
            Self::Postgres => format!("COUNT(NULLIF({column}::text, ''))"),
            Self::Mysql | Self::Sqlite => format!("COUNT(CASE WHEN LENGTH({column}) > 0 THEN 1 END)"),
        };
        let length = match self {
            Self::Postgres => format!("octet_length({column}::text)"),
            Self::Mysql => format!("LENGTH({column})"),
            Self::Sqlite => format!("LENGTH(CAST({column} AS BLOB))"),
        };
        let [first, last] = ends;
        [values, first, last, format!("COALESCE(SUM({length}), 0)")]
    }

    /// The smallest and the largest number of a column, 0 where it holds none.
    pub(super) fn keys(self, column: &str) -> [String; 2] {
        let number = match self {
            Self::Postgres => format!("CASE WHEN {column}::text ~ '^[0-9]{{1,18}}$' THEN {column}::text::bigint END"),
            Self::Mysql => format!("CASE WHEN {column} REGEXP '^[0-9]{{1,18}}$' THEN CAST({column} AS UNSIGNED) END"),
            Self::Sqlite => format!("CASE WHEN typeof({column}) = 'integer' AND {column} > 0 THEN {column} END"),
        };
        ["MIN", "MAX"].map(|end| format!("COALESCE({end}({number}), 0)"))
    }
}

/// The fewest statements that count the tables and the values of their columns, each with those it asks about. They are told apart
/// by their place in it, whatever their names.
pub(super) fn questions(list: &[Table], dialect: Dialect) -> Vec<(&[Table], String)> {
    let mut asked: Vec<(&[Table], String)> = Vec::new();
    let (mut from, mut sql) = (0, String::new());
    for (at, table) in list.iter().enumerate() {
        let content = table.columns().iter().flat_map(|(quoted, _)| dialect.content(quoted));
        let keys = table.key().into_iter().flat_map(|(quoted, _)| dialect.keys(quoted));
        let numbers: Vec<String> = std::iter::once("COUNT(*)".to_owned()).chain(content).chain(keys).collect();
        let counted = format!("{} FROM {}", dialect.join(&numbers), table.quoted);
        if at > from && (at - from == AT_ONCE || sql.len() + counted.len() > LONGEST) {
            asked.push((&list[from..at], std::mem::take(&mut sql)));
            from = at;
        }
        let and = if at == from { "" } else { " UNION ALL " };
        sql.extend([and, "SELECT ", &(at - from).to_string(), ", ", &counted]);
    }
    if from < list.len() {
        asked.push((&list[from..], sql));
    }
    asked
}

/// Reads the answer to one of the [`questions`].
pub(super) fn read(chunk: &[Table], answer: &str, counts: &mut Tables, filled: &mut FilledColumns) {
    for [at, numbers] in columns(answer) {
        let numbers: Option<Vec<u64>> = numbers.split(',').map(number).collect();
        let (Ok(at), Some(numbers)) = (at.parse::<usize>(), numbers) else { continue };
        if let (Some(table), Some((rows, content))) = (chunk.get(at), numbers.split_first()) {
            counts.insert(table.shown.clone(), *rows);
            let names: Vec<String> = table.columns().iter().map(|(_, shown)| shown.clone()).collect();
            filled.insert(table.shown.clone(), contents(&names, content));
        }
    }
}

/// A number as servers say it; one in hexadecimal is marked, and may have no digit at all.
pub(super) fn number(said: &str) -> Option<u64> {
    match said.strip_prefix(HEX) {
        Some("") => Some(0),
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => said.parse().ok(),
    }
}

/// What stands in the columns of a table, of these names and in their order: four numbers of each as in [`Dialect::content`], then, of
/// the one by which rows are known, those of [`Dialect::keys`].
pub(super) fn contents(names: &[String], numbers: &[u64]) -> BTreeMap<String, ColumnContent> {
    let (content, keys) = numbers.split_at(numbers.len().min(4 * names.len()));
    let one = |[values, first, last, bytes]: &[u64; 4]| ColumnContent {
        values: *values,
        ends: [*first, *last],
        bytes: *bytes,
        keys: None,
    };
    let (content, _) = content.as_chunks();
    let mut columns: BTreeMap<_, _> = names.iter().cloned().zip(content.iter().map(one)).collect();
    let key = names.iter().find(|name| is_key(name)).and_then(|name| columns.get_mut(name));
    if let (Some(column), &[first, last]) = (key, keys) {
        column.keys = (first > 0).then_some((first, last));
    }
    columns
}

/// How many objects of these kinds a database has, as a list in their order says, and after them, in hexadecimal, what it is set to.
pub(super) fn objects(kinds: &[DatabaseObject], numbers: &str) -> Objects {
    let fields: Vec<&str> = numbers.split(',').collect();
    let (numbers, settings) = fields.split_at(fields.len().min(kinds.len()));
    let counts = kinds.iter().copied().zip(numbers.iter().map_while(|field| number(field))).collect();
    let settings = settings.iter().filter_map(|field| name_of(field).filter(|name| !name.is_empty())).collect();
    Objects { counts, settings, ..Objects::default() }
}

/// The columns of each table, as a list of names of tables and of columns, both in hexadecimal, says: by the name of the table.
pub(super) fn columns_by_table(list: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for [table, column] in columns(list) {
        if let Some(column) = name_of(column) {
            tables.entry(table.to_owned()).or_default().push(column);
        }
    }
    tables
}

/// Names between quotes of one kind, each beside the name itself.
pub(super) fn all_quoted(names: Option<&Vec<String>>, quote: char) -> Vec<(String, String)> {
    names.into_iter().flatten().map(|name| (quoted(name, quote), name.clone())).collect()
}

/// The two columns of each row as the clients print them.
pub(super) fn columns(answer: &str) -> impl Iterator<Item = [&str; 2]> {
    answer.lines().filter_map(|row| row.trim_end().split_once(['|', '\t'])).map(|(one, two)| [one, two])
}

/// A name that was asked for in hexadecimal, so that no letter of it looks like something else.
pub(super) fn name_of(hex: &str) -> Option<String> {
    String::from_utf8(hex::decode(hex).ok()?).ok()
}

/// A name between quotes of one kind, those in it doubled.
pub(super) fn quoted(name: &str, quote: char) -> String {
    let doubled = name.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{doubled}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pass_whatever_letters_they_have() {
        assert_eq!(name_of("61097c0a").as_deref(), Some("a\t|\n"));
        assert_eq!(name_of("C3A9").as_deref(), Some("é"));
        assert_eq!((name_of("6"), name_of("zz"), name_of("ff")), (None, None, None));
        assert_eq!(quoted("a\"; DROP TABLE b; --", '"'), "\"a\"\"; DROP TABLE b; --\"");
        assert_eq!(quoted("a`b", '`'), "`a``b`");
    }

    #[test]
    fn tables_are_counted_in_parts_and_told_apart_by_their_place() {
        let table = |at: usize| Table { quoted: format!("t{at}"), shown: format!("public.t{at}"), columns: Vec::new() };
        let mut list: Vec<Table> = (1..AT_ONCE).map(table).collect();
        list.extend([table(AT_ONCE), table(AT_ONCE + 1)]);
        let mut counts = Tables::new();
        for (chunk, sql) in questions(&list, Dialect::Postgres) {
            let last = chunk.len() - 1;
            let rows = sql.matches("COUNT").count();
            let first = if last == 0 { "" } else { "0\t2\n" };
            read(chunk, &format!("{last}|{rows}\r\n{first}noise\n999|1\n"), &mut counts, &mut FilledColumns::new());
        }
        assert_eq!(
            counts,
            [("public.t1", 2), ("public.t200", 200), ("public.t201", 1)]
                .map(|(name, rows)| (name.to_owned(), rows))
                .into()
        );
        assert_eq!(
            questions(&list[..2], Dialect::Postgres)[0].1,
            "SELECT 0, COUNT(*) FROM t1 UNION ALL SELECT 1, COUNT(*) FROM t2"
        );
        assert_eq!(questions(&[], Dialect::Postgres).len(), 0);
    }

    #[test]
    fn values_are_counted_with_their_table_and_no_question_is_too_long() {
        let columns = vec![("\"a\"".to_owned(), "a".to_owned()), ("\"b\"".to_owned(), "b".to_owned())];
        let table = Table { quoted: "t".to_owned(), shown: "t".to_owned(), columns };
        let list = [table];
        let keyed = Table {
            quoted: "u".to_owned(),
            shown: "u".to_owned(),
            columns: vec![("\"ID\"".to_owned(), "ID".to_owned())],
        };
        let (mut counts, mut filled) = (Tables::new(), FilledColumns::new());
        read(std::slice::from_ref(&keyed), "0|3,3,h,hff,12,4,9\n", &mut counts, &mut filled);
        assert_eq!(filled["u"]["ID"], ColumnContent { values: 3, ends: [0, 255], bytes: 12, keys: Some((4, 9)) });
        let asked = |dialect| questions(&list, dialect).remove(0).1;
        let [a, b] = ["a", "b"].map(|name| {
            let text = format!("\"{name}\"::text");
            let [min, max] = ["MIN", "MAX"]
                .map(|end| format!("COALESCE('h' || substr(md5({end}({text} COLLATE \"C\")), 1, 15), '0')"));
            format!(
                "(COUNT(NULLIF({text}, '')))::text, ({min})::text, ({max})::text, (COALESCE(SUM(octet_length({text})), 0))::text"
            )
        });
        assert_eq!(
            asked(Dialect::Postgres),
            format!("SELECT 0, array_to_string(ARRAY[(COUNT(*))::text, {a}, {b}], ',') FROM t")
        );
        let [a, b] = ["a", "b"].map(|name| {
            let [min, max] = ["MIN", "MAX"].map(|end| format!("COALESCE({end}(CRC32(\"{name}\")), 0)"));
            let sum = format!("COALESCE(SUM(LENGTH(\"{name}\")), 0)");
            format!("COUNT(CASE WHEN LENGTH(\"{name}\") > 0 THEN 1 END), {min}, {max}, {sum}")
        });
        assert_eq!(asked(Dialect::Mysql), format!("SELECT 0, CONCAT_WS(',', COUNT(*), {a}, {b}) FROM t"));
        let (mut counts, mut filled) = (Tables::new(), FilledColumns::new());
        read(&list, "0|7,7,1,2,70,0,0,0,0\n", &mut counts, &mut filled);
        assert_eq!(counts["t"], 7);
        assert_eq!(filled["t"]["a"], ColumnContent { values: 7, ends: [1, 2], bytes: 70, keys: None });
        assert_eq!(filled["t"]["b"], ColumnContent { values: 0, ends: [0, 0], bytes: 0, keys: None });
        let wide = |at: usize| {
            let columns =
                (0..300).map(|column| (format!("\"a_long_name_{column}\""), format!("a_long_name_{column}"))).collect();
            Table { quoted: format!("t{at}"), shown: format!("t{at}"), columns }
        };
        let wide: Vec<Table> = (0..60).map(wide).collect();
        let asked = questions(&wide, Dialect::Postgres);
        assert!(
            asked.len() > 1 && asked.iter().all(|(_, sql)| sql.len() < 2 * LONGEST && sql.starts_with("SELECT 0, "))
        );
        assert_eq!(asked.iter().map(|(chunk, _)| chunk.len()).sum::<usize>(), wide.len());
    }
}
