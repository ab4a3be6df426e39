//! The questions that count tables, and what their answers say: the same for every kind of database.

use cc_ci_model::data::rows::Tables;
use std::collections::{BTreeMap, BTreeSet};

/// So many tables are counted by one question.
const AT_ONCE: usize = 200;

/// What a server was found to hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The rows of each table, by database.
    pub(super) databases: BTreeMap<String, Tables>,
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
}

/// The fewest statements that count the tables, each with those it asks about. They are told apart by their place in it,
/// whatever their names.
pub(super) fn questions(list: &[Table]) -> impl Iterator<Item = (&[Table], String)> {
    list.chunks(AT_ONCE).map(|chunk| {
        let each = chunk.iter().enumerate().map(|(at, table)| format!("SELECT {at}, COUNT(*) FROM {}", table.quoted));
        (chunk, each.collect::<Vec<_>>().join(" UNION ALL "))
    })
}

/// Reads the answer to one of the [`questions`].
pub(super) fn read(chunk: &[Table], answer: &str, counts: &mut Tables) {
    for [at, rows] in columns(answer) {
        let (Ok(at), Ok(rows)) = (at.parse::<usize>(), rows.parse::<u64>()) else { continue };
        if let Some(table) = chunk.get(at) {
            counts.insert(table.shown.clone(), rows);
        }
    }
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
        let table = |at: usize| Table { quoted: format!("t{at}"), shown: format!("public.t{at}") };
        let mut list: Vec<Table> = (1..AT_ONCE).map(table).collect();
        list.extend([table(AT_ONCE), table(AT_ONCE + 1)]);
        let mut counts = Tables::new();
        for (chunk, sql) in questions(&list) {
            let last = chunk.len() - 1;
            let rows = sql.matches("COUNT").count();
            let first = if last == 0 { "" } else { "0\t2\n" };
            read(chunk, &format!("{last}|{rows}\r\n{first}noise\n999|1\n"), &mut counts);
        }
        assert_eq!(
            counts,
            [("public.t1", 2), ("public.t200", 200), ("public.t201", 1)]
                .map(|(name, rows)| (name.to_owned(), rows))
                .into()
        );
        assert_eq!(
            questions(&list[..2]).next().unwrap().1,
            "SELECT 0, COUNT(*) FROM t1 UNION ALL SELECT 1, COUNT(*) FROM t2"
        );
        assert_eq!(questions(&[]).count(), 0);
    }
}
