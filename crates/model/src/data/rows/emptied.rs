//! Columns that an upgrade emptied: all rows are there, and what stood in one column of them is not.

use super::{FilledColumns, Fleeting, Lost, Server, Tables};
use crate::data::churn::Churn;
use std::collections::BTreeMap;

/// What stands in one row comes and goes: a setting, the last try.
const FEWEST: u64 = 2;

/// Columns whose values go by themselves, also in all rows at once.
const USUAL: [&str; 14] = [
    "*lock*",
    "*token*",
    "*session*",
    "*cache*",
    "*error*",
    "*heartbeat*",
    "*retry*",
    "*expire*",
    "*expiry*",
    "*_until",
    "next_*",
    "tmp_*",
    "*_tmp",
    "deleted_at",
];

/// The columns of lasting tables that had a value in nearly every row and have none in any. A new column that has as many values took
/// them over, as when a migration leaves the old one behind; one such column stands for one that was emptied.
pub(super) fn columns(
    database: &str,
    lasting: &[(&str, u64)],
    (old, new): (&Server, &Server),
    now: &Tables,
    fleeting: &Fleeting,
) -> Vec<Lost> {
    let (Some(was), Some(is)) = (old.filled.get(database), new.filled.get(database)) else { return Vec::new() };
    let usual = Churn::only(&USUAL.map(str::to_owned));
    let mut taken_over = added(was, is);
    let mut lost = Vec::new();
    for (table, rows) in
        lasting.iter().filter(|(table, rows)| *rows >= FEWEST && now.get(*table).is_some_and(|now| *now > 0))
    {
        let (Some(before), Some(after)) = (was.get(*table), is.get(*table)) else { continue };
        for (column, values) in before.iter().filter(|(_, values)| nearly_all(**values, *rows)) {
            let goes = usual.covers(&column.to_lowercase())
                || fleeting.declared.covers(&format!("{database}/{table}.{column}"));
            if after.get(column) != Some(&0) || goes {
                continue;
            }
            match taken_over.iter().position(|new| new >= values) {
                Some(at) => drop(taken_over.swap_remove(at)),
                None => lost.push(Lost::Values {
                    before: *values,
                    table: (*table).to_owned(),
                    column: column.clone(),
                    of: *rows,
                }),
            }
        }
    }
    lost
}

fn nearly_all(values: u64, rows: u64) -> bool {
    values >= FEWEST && values.saturating_mul(10) >= rows.saturating_mul(9)
}

/// How many values each column has that was not there before, in old tables and in new ones.
fn added(was: &FilledColumns, is: &FilledColumns) -> Vec<u64> {
    let none = BTreeMap::new();
    let mut added: Vec<u64> = is
        .iter()
        .flat_map(|(table, columns)| {
            let before = was.get(table).unwrap_or(&none);
            columns.iter().filter(|(column, _)| !before.contains_key(*column)).map(|(_, values)| *values)
        })
        .collect();
    added.sort_unstable();
    added
}

#[cfg(test)]
mod tests {
    use crate::data::rows::{Counted, Fleeting, RowCounts, Server, compare};
    use std::collections::BTreeSet;

    /// `users 5: id 5, email 5; …`: tables with their rows, and the values of each column.
    fn counts(text: &str) -> RowCounts {
        let (mut tables, mut filled) = (super::Tables::new(), super::FilledColumns::new());
        for table in text.split(';') {
            let (head, columns) = table.split_once(':').unwrap();
            let pair = |text: &str| {
                let (name, count) = text.trim().split_once(' ').unwrap();
                (name.to_owned(), count.parse::<u64>().unwrap())
            };
            let (name, rows) = pair(head);
            tables.insert(name.clone(), rows);
            filled.insert(name, columns.split(',').map(pair).collect());
        }
        let server = Server {
            service: "db".to_owned(),
            counted: Counted::Rows,
            databases: [("app".to_owned(), tables)].into(),
            filled: [("app".to_owned(), filled)].into(),
            used: BTreeSet::new(),
        };
        RowCounts { servers: [("the database of db".to_owned(), server)].into(), ..RowCounts::default() }
    }

    #[track_caller]
    fn check(before: &str, after: &str, declared: &[&str], expected: &str) {
        let declared: Vec<String> = declared.iter().map(|text| (*text).to_owned()).collect();
        let losses = compare(&counts(before), &counts(after), &Fleeting::with(&declared));
        let said: Vec<String> = losses.iter().map(|loss| loss.summary()).collect();
        assert_eq!(said.join("; "), expected);
    }

    const BEFORE: &str = "users 10: id 10, email 10, nick 4, lock_owner 10";

    #[test]
    fn a_column_without_any_value_left_is_a_loss() {
        let said = "the database of db: column email of users of database app had a value in 10 of 10 rows, and has none in any";
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10", &[], said);
        check(BEFORE, "users 12: id 12, email 0, nick 4, lock_owner 10", &["orders.*"], said);
        // A new column that has fewer values took nothing over.
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10, mail 9", &[], said);
        check("users 20: id 20, email 18", "users 20: id 20, email 0", &[], &said.replace("10 of 10", "18 of 20"));
    }

    #[test]
    fn what_may_go_and_what_moved_is_none() {
        check(BEFORE, "users 10: id 10, email 10, nick 0, lock_owner 0", &[], "");
        check(BEFORE, "users 10: id 10, email 1, nick 4, lock_owner 10", &[], "");
        check(BEFORE, "users 10: id 10, nick 4, lock_owner 10", &[], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10, mail 10", &[], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10; mails 10: user 10, mail 10", &[], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10", &["users.email"], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10", &["app/users"], "");
        check("settings 1: name 1, last 1", "settings 1: name 1, last 0", &[], "");
        check("web_sessions 9: id 9, name 9", "web_sessions 9: id 9, name 0", &[], "");
    }
}
