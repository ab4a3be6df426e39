//! Tables in which a restore put every row a second time: it was read into what was there already.

use super::{ColumnContent, Counted, Fleeting, KEY, Lost, RowCounts, RowLoss, Server};

/// Fewer rows than these may double by chance.
const FEW: u64 = 3;

/// The tables that hold everything twice of what they held `before`.
pub(super) fn doubled(before: &RowCounts, after: &RowCounts, fleeting: &Fleeting) -> Vec<RowLoss> {
    let mut found = Vec::new();
    for (name, old) in &before.servers {
        let Some(new) = after.servers.get(name) else { continue };
        match old.counted {
            Counted::Rows => {}
            Counted::Keys => continue,
        }
        for (database, tables) in &old.databases {
            for (table, rows) in fleeting.lasting(database, tables) {
                if rows >= FEW && twice(old, new, database, table) {
                    let (server, service) = (name.clone(), old.service.clone());
                    let what = Lost::Doubled { before: rows, table: table.to_owned() };
                    found.push(RowLoss { server, service, database: database.clone(), what });
                }
            }
        }
    }
    found
}

/// Twice as many rows, twice as many values in each column, and the same first and last ones; rows that are the same in every
/// column, or of which nothing is known, may be of the app's own making.
fn twice(old: &Server, new: &Server, database: &str, table: &str) -> bool {
    let rows = |server: &Server| server.databases.get(database).and_then(|tables| tables.get(table)).copied();
    let columns = |server: &Server| server.filled.get(database).and_then(|tables| tables.get(table)).cloned();
    let (Some(were), Some(are)) = (rows(old), rows(new)) else { return false };
    let (Some(had), Some(has)) = (columns(old), columns(new)) else { return false };
    let same = |name: &String, column: &ColumnContent| {
        let now = has.get(name);
        // A new number was given to each.
        name.eq_ignore_ascii_case(KEY)
            || now.is_some_and(|now| now.values == 2 * column.values && now.ends == column.ends)
    };
    let told_apart = had.iter().any(|(name, column)| !name.eq_ignore_ascii_case(KEY) && column.varied());
    are == 2 * were && told_apart && had.iter().all(|(name, column)| same(name, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table `notes` with these rows, and of each column its values and its ends.
    fn counts(rows: u64, columns: &[(&str, u64, [u64; 2])]) -> RowCounts {
        let column = |&(name, values, ends): &(&str, u64, [u64; 2])| {
            (name.to_owned(), ColumnContent { values, ends, bytes: 0, keys: None })
        };
        let server = Server {
            service: "db".to_owned(),
            counted: Counted::Rows,
            databases: [("app".to_owned(), [("notes".to_owned(), rows)].into())].into(),
            filled: [("app".to_owned(), [("notes".to_owned(), columns.iter().map(column).collect())].into())].into(),
            objects: [].into(),
            used: [].into(),
        };
        RowCounts { servers: [("db".to_owned(), server)].into(), uncounted: [].into() }
    }

    #[test]
    fn every_row_twice_is_told_from_new_rows() {
        let before = counts(7, &[("id", 7, [1, 2]), ("text", 7, [3, 4]), ("mail", 5, [8, 9])]);
        let said = |after: &RowCounts| {
            let found = super::super::compare_restored(&before, after, &Fleeting::with(&[]));
            found.iter().map(RowLoss::summary).collect::<Vec<_>>()
        };
        let twice = counts(14, &[("id", 14, [1, 7]), ("text", 14, [3, 4]), ("mail", 10, [8, 9])]);
        assert_eq!(said(&twice), ["db: notes of database app has every one of its 7 rows twice"]);
        // As many rows, and others than before; some of them; none more.
        assert_eq!(said(&counts(14, &[("id", 14, [1, 7]), ("text", 14, [3, 6]), ("mail", 10, [8, 9])])), [""; 0]);
        assert_eq!(said(&counts(14, &[("id", 14, [1, 7]), ("text", 14, [3, 4]), ("mail", 9, [8, 9])])), [""; 0]);
        assert_eq!(said(&counts(13, &[("id", 13, [1, 7]), ("text", 13, [3, 4]), ("mail", 10, [8, 9])])), [""; 0]);
        assert_eq!(said(&before), [""; 0]);
    }

    #[test]
    fn rows_that_nothing_tells_apart_are_left_to_the_app() {
        let said = |before: &RowCounts, after: &RowCounts| doubled(before, after, &Fleeting::with(&[])).len();
        assert_eq!(said(&counts(7, &[("text", 7, [3, 3])]), &counts(14, &[("text", 14, [3, 3])])), 0);
        assert_eq!(said(&counts(7, &[]), &counts(14, &[])), 0);
        assert_eq!(said(&counts(2, &[("text", 2, [3, 4])]), &counts(4, &[("text", 4, [3, 4])])), 0);
        assert_eq!(said(&counts(3, &[("text", 3, [3, 4])]), &counts(6, &[("text", 6, [3, 4])])), 1);
    }
}
