//! Rows that were deleted and made anew: as many as before, and all of them others.
//!
//! An app whose only user is gone makes its first user again, so the number of rows says nothing. Rows are known by their number,
//! which grows and is not given twice. What an app deletes and writes again from itself, such as its list of permissions, has the same
//! values as before; so all of a table's values have to be others, unless it is one of accounts: those have passwords.

use super::{ColumnContent, Lost, Server, overwritten};
use std::collections::BTreeMap;

/// The column by which rows are known.
pub const KEY: &str = "id";

/// What the name of a column of passwords holds.
const PASSWORD: &str = "passw";

/// The tables of which not one row is left.
pub(super) fn tables(lasting: &[(&str, u64)], database: &str, old: &Server, new: &Server) -> Vec<Lost> {
    let (Some(was), Some(is)) = (old.filled.get(database), new.filled.get(database)) else { return Vec::new() };
    let replaced = lasting.iter().filter(|(table, _)| {
        let (Some(before), Some(after)) = (was.get(*table), is.get(*table)) else { return false };
        let of_accounts = before.keys().any(|column| column.to_lowercase().contains(PASSWORD));
        let keys = |content: &ColumnContent| content.keys;
        let key = |columns: &BTreeMap<String, ColumnContent>| columns.values().find_map(keys);
        let others = || overwritten::columns(before, after).is_some();
        (of_accounts || others())
            && matches!((key(before), key(after)), (Some((_, last)), Some((first, _))) if first > last)
    });
    replaced.map(|(table, before)| Lost::Replaced { before: *before, table: (*table).to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use crate::data::rows::{ColumnContent, Counted, Fleeting, RowCounts, Server, compare};
    use std::collections::BTreeSet;

    /// A table with so many rows, whose numbers go from `first` to `last`, and a column beside.
    fn counts(table: &str, column: &str, rows: u64, keys: Option<(u64, u64)>) -> RowCounts {
        let content = |keys| ColumnContent { values: rows, ends: [1, 1 + u64::from(rows > 1)], bytes: 0, keys };
        let columns = [("id".to_owned(), content(keys)), (column.to_owned(), content(None))];
        let server = Server {
            service: "db".to_owned(),
            counted: Counted::Rows,
            databases: [("app".to_owned(), [(table.to_owned(), rows)].into())].into(),
            filled: [("app".to_owned(), [(table.to_owned(), columns.into())].into())].into(),
            objects: [].into(),
            used: BTreeSet::new(),
        };
        RowCounts { servers: [("the database of db".to_owned(), server)].into(), ..RowCounts::default() }
    }

    fn lost(before: &RowCounts, after: &RowCounts) -> String {
        compare(before, after, &Fleeting::with(&[])).iter().map(|loss| loss.summary()).collect()
    }

    #[test]
    fn an_account_that_was_made_anew_is_another_one() {
        let users = |rows, keys| counts("users", "password_hash", rows, keys);
        let said = |rows: &str| {
            format!(
                "the database of db: users of database app had {rows}, of which none is there: those after are new ones"
            )
        };
        assert_eq!(lost(&users(1, Some((1, 1))), &users(1, Some((2, 2)))), said("1 row"));
        assert_eq!(lost(&users(3, Some((1, 7))), &users(4, Some((8, 11)))), said("3 rows"));
    }

    #[test]
    fn one_row_that_stayed_numbers_given_anew_and_other_tables_are_none() {
        let users = |rows, keys| counts("users", "password", rows, keys);
        for (before, after) in [((1, 3), (3, 9)), ((1, 3), (1, 3)), ((5, 9), (1, 5))] {
            assert_eq!(lost(&users(3, Some(before)), &users(5, Some(after))), "");
        }
        // Rows that are not known by numbers.
        assert_eq!(lost(&users(3, None), &users(3, Some((8, 10)))), "");
        let permissions = |keys| counts("permissions", "name", 3, Some(keys));
        assert_eq!(lost(&permissions((1, 3)), &permissions((4, 6))), "");
    }

    #[test]
    fn rows_that_an_app_does_not_make_again_as_they_were_are_lost() {
        let posts = |rows, keys, ends| {
            let mut counts = counts("posts", "body", rows, Some(keys));
            for server in counts.servers.values_mut() {
                let column = server.filled.get_mut("app").and_then(|tables| tables.get_mut("posts")?.get_mut("body"));
                column.unwrap().ends = ends;
            }
            counts
        };
        let said =
            "the database of db: posts of database app had 3 rows, of which none is there: those after are new ones";
        assert_eq!(lost(&posts(3, (1, 3), [5, 9]), &posts(7, (4, 10), [6, 8])), said);
        assert_eq!(lost(&posts(3, (1, 3), [5, 9]), &posts(7, (4, 10), [5, 8])), "");
        assert_eq!(lost(&posts(3, (1, 3), [5, 9]), &posts(7, (3, 10), [6, 8])), "");
    }
}
