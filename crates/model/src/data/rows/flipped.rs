//! Rows that an upgrade hides: all of them are there, and one column says of each what it said of none before.
//!
//! Apps seldom delete: they note that a row is deleted, disabled or archived, and show it no more. A migration that gets such a column
//! wrong loses no row, and shows its users nothing of what they had.

use super::{ColumnContent, Fleeting, Lost, Server, Tables};
use crate::data::churn::Churn;

/// How such columns are called.
const STATES: [&str; 20] = [
    "deleted",
    "*deleted_at",
    "is_deleted",
    "removed",
    "removed_at",
    "is_removed",
    "hidden",
    "is_hidden",
    "*archived*",
    "disabled",
    "is_disabled",
    "disabled_at",
    "blocked",
    "is_blocked",
    "*banned*",
    "*suspended*",
    "active",
    "is_active",
    "enabled",
    "is_enabled",
];

/// What stands in a single row says little: one of many things may have happened to it.
const SEVERAL: u64 = 2;

/// The columns of lasting tables with as many rows as before that say the same of all, and said something else of all.
pub(super) fn columns(
    database: &str,
    lasting: &[(&str, u64)],
    (old, new): (&Server, &Server),
    now: &Tables,
    fleeting: &Fleeting,
) -> Vec<Lost> {
    let (Some(was), Some(is)) = (old.filled.get(database), new.filled.get(database)) else { return Vec::new() };
    let states = Churn::only(&STATES.map(str::to_owned));
    let mut lost = Vec::new();
    for (table, rows) in lasting.iter().filter(|(table, rows)| *rows >= SEVERAL && now.get(*table) == Some(rows)) {
        let (Some(before), Some(after)) = (was.get(*table), is.get(*table)) else { continue };
        for (column, old) in before.iter().filter(|(column, _)| states.covers(&column.to_lowercase())) {
            let declared = fleeting.declared.covers(&format!("{database}/{table}.{column}"));
            let flipped = after.get(column).is_some_and(|new| flipped(*old, *new, *rows));
            if flipped && !declared {
                lost.push(Lost::Flipped { rows: *rows, table: (*table).to_owned(), column: column.clone() });
            }
        }
    }
    lost
}

fn flipped(old: ColumnContent, new: ColumnContent, rows: u64) -> bool {
    let noted = old.values == 0 && new.values == rows;
    let turned = old.values == rows && new.values == rows && !old.varied() && !new.varied() && old.ends != new.ends;
    noted || turned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(values: u64, ends: [u64; 2]) -> ColumnContent {
        ColumnContent { values, ends, bytes: 0, keys: None }
    }

    #[test]
    fn a_state_of_no_row_that_is_that_of_every_row_is_a_loss() {
        let no = content(9, [1, 1]);
        assert!(flipped(content(0, [0, 0]), content(9, [4, 7]), 9));
        assert!(flipped(no, content(9, [2, 2]), 9));
        assert!(!flipped(content(0, [0, 0]), content(8, [4, 7]), 9));
        assert!(!flipped(no, content(9, [1, 2]), 9));
        assert!(!flipped(no, no, 9));
        assert!(!flipped(content(9, [1, 2]), content(9, [2, 2]), 9));
    }
}
