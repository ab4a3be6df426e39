//! Values that were written over: all rows are there, and what people wrote into them is not.
//!
//! Of each column the first and the last value are known by fingerprints. Where both are others in every column that people fill, the
//! table holds something else now. One such column among several is what a migration does, such as one to another markup: that is
//! told, and only people can judge it.

use super::emptied::nearly_all;
use super::written::{ColumnKind, ColumnKinds};
use super::{ColumnContent, Fleeting, Lost, RowCounts, Server, Tables};
use std::collections::BTreeMap;

/// The columns of one table.
type Columns = BTreeMap<String, ColumnContent>;

/// The tables with as many rows as before and none of the values of people, so far as these are known.
pub(super) fn tables(
    database: &str,
    lasting: &[(&str, u64)],
    (old, new): (&Server, &Server),
    now: &Tables,
) -> Vec<Lost> {
    let same = each(database, lasting, (old, new), now);
    let lost = same.filter_map(|(table, rows, before, after)| {
        let columns = columns(before, after)?;
        Some(Lost::Overwritten { before: rows, table: table.to_owned(), columns: columns.join(", ") })
    });
    lost.collect()
}

/// Single columns of people in which no value stayed, of tables of which others did; in words.
#[must_use]
pub fn notes(before: &RowCounts, after: &RowCounts, fleeting: &Fleeting) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, old) in &before.servers {
        let Some(new) = after.servers.get(name) else { continue };
        for (database, counted) in &old.databases {
            let (Some(now), lasting) = (new.databases.get(database), fleeting.lasting(database, counted)) else {
                continue;
            };
            for (table, _, was, is) in each(database, &lasting, (old, new), now) {
                let Compared { gone, stayed } = compared(was, is);
                if !stayed.is_empty() {
                    notes.extend(gone.iter().map(|column| {
                        format!(
                            "{name}: column {column} of {table} of database {database} holds other values than at base"
                        )
                    }));
                }
            }
        }
    }
    notes
}

/// The tables that have as many rows as they had, with what stands in their columns.
fn each<'a>(
    database: &str,
    lasting: &'a [(&'a str, u64)],
    (old, new): (&'a Server, &'a Server),
    now: &'a Tables,
) -> impl Iterator<Item = (&'a str, u64, &'a Columns, &'a Columns)> {
    let (was, is) = (old.filled.get(database), new.filled.get(database));
    lasting.iter().filter(|(table, rows)| now.get(*table) == Some(rows)).filter_map(move |(table, rows)| {
        let (before, after) = (was?.get(*table)?, is?.get(*table)?);
        Some((*table, *rows, before, after))
    })
}

/// The columns of people, where no value of any of them is known to have stayed.
pub(super) fn columns<'a>(before: &'a Columns, after: &Columns) -> Option<Vec<&'a str>> {
    let Compared { gone, stayed } = compared(before, after);
    let kinds = ColumnKinds::all();
    let written = gone.iter().any(|column| kinds.of(&column.to_lowercase()) == ColumnKind::Written);
    (written && stayed.is_empty()).then_some(gone)
}

/// Columns that people fill, with different values in them before, and values after.
struct Compared<'a> {
    /// Those of which both ends are others.
    gone: Vec<&'a str>,
    /// The others.
    stayed: Vec<&'a str>,
}

fn compared<'a>(before: &'a Columns, after: &Columns) -> Compared<'a> {
    let kinds = ColumnKinds::all();
    let rows = before.values().map(|column| column.values).max().unwrap_or_default();
    let mut compared = Compared { gone: Vec::new(), stayed: Vec::new() };
    for (column, old) in
        before.iter().filter(|(column, old)| kinds.of(&column.to_lowercase()).is_of_people() && old.varied())
    {
        let Some(new) = after.get(column) else { continue };
        let full = nearly_all(old.values, rows) && new.values >= old.values;
        let gone = full && new.ends.iter().all(|end| !old.ends.contains(end));
        if gone { compared.gone.push(column) } else { compared.stayed.push(column) }
    }
    compared
}

#[cfg(test)]
mod tests {
    use crate::data::rows::{ColumnContent, Counted, Fleeting, RowCounts, Server, compare, notes};
    use std::collections::BTreeSet;

    /// `3: title 1 9, body 2 8`: the rows of a table, and the ends of each column.
    fn counts(text: &str) -> RowCounts {
        let (rows, columns) = text.split_once(':').unwrap();
        let rows = rows.parse().unwrap();
        let column = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            let ends = [words[1].parse().unwrap(), words[2].parse().unwrap()];
            (words[0].to_owned(), ColumnContent { values: rows, ends, bytes: 0, keys: None })
        };
        let server = Server {
            service: "db".to_owned(),
            counted: Counted::Rows,
            databases: [("app".to_owned(), [("posts".to_owned(), rows)].into())].into(),
            filled: [("app".to_owned(), [("posts".to_owned(), columns.split(',').map(column).collect())].into())]
                .into(),
            objects: [].into(),
            used: BTreeSet::new(),
        };
        RowCounts { servers: [("the database of db".to_owned(), server)].into(), ..RowCounts::default() }
    }

    #[track_caller]
    fn check(before: &str, after: &str, lost: &str, noted: &str) {
        let (before, after) = (counts(before), counts(after));
        let fleeting = Fleeting::with(&[]);
        let said: Vec<String> = compare(&before, &after, &fleeting).iter().map(|loss| loss.summary()).collect();
        assert_eq!(said.join("; "), lost);
        assert_eq!(notes(&before, &after, &fleeting).join("; "), noted);
    }

    #[test]
    fn a_table_in_which_no_value_of_people_stayed_is_lost() {
        let said = |columns: &str| {
            format!(
                "the database of db: posts of database app has 3 rows, and none of the values that stood in {columns}"
            )
        };
        check("3: id 1 3, title 4 9, body 2 8", "3: id 1 3, title 5 6, body 1 7", &said("body, title"), "");
        check("3: id 1 3, body 2 8", "3: id 1 3, body 1 7", &said("body"), "");
        // What the app notes by itself is no value of people, and none that is the same everywhere.
        check("3: state 1 3, lang 1 1, body 2 8", "3: state 1 3, lang 1 1, body 1 7", &said("body"), "");
    }

    #[test]
    fn one_column_among_several_is_told_and_no_loss() {
        let said = "the database of db: column body of posts of database app holds other values than at base";
        check("3: title 4 9, body 2 8", "3: title 4 9, body 1 7", "", said);
        check("3: title 4 9, body 2 8", "3: title 4 6, body 1 7", "", said);
    }

    #[test]
    fn a_value_that_stayed_other_numbers_of_rows_and_columns_of_the_app_are_none() {
        check("3: title 4 9", "3: title 4 6", "", "");
        check("3: title 4 9", "3: title 3 4", "", "");
        check("3: title 4 9", "4: title 5 6", "", "");
        check("3: state 4 9", "3: state 5 6", "", "");
        check("1: title 4 4", "1: title 5 5", "", "");
        check("3: url 4 9, password 1 5", "3: url 5 6, password 2 3", "", "");
    }
}
