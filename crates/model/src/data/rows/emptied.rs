//! Columns that an upgrade emptied, levelled or cut: all rows are there, and what stood in one column of them is not.
//!
//! An app in a test has few rows, often the one of its first user. What stands in a single row comes and goes, unless it is what
//! people write there.

use super::written::{ColumnKind, ColumnKinds};
use super::{ColumnContent, FilledColumns, Fleeting, Lost, Server, Tables};
use crate::data::churn::Churn;
use std::collections::BTreeMap;

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

/// So few values say little when some of them go.
const FEW: u64 = 4;

/// Texts that are shorter together say little when they get shorter still. Bytes.
const SHORT: u64 = 256;

/// What happened to a column in which something stood in nearly every row.
enum Fate {
    /// In so many rows something stands there still: in none, or in less than half of them.
    Emptied(u64),
    /// The same stands everywhere.
    Levelled,
    /// The texts have so many bytes, less than half of what they had.
    Cut(u64),
}

/// The columns of lasting tables that had a value in nearly every row and have none in any, and those of people in which the same
/// stands in all rows now. A new column with as many values took them over, as when a migration leaves the old one behind; one such
/// column stands for one that was emptied, and one in which the same stands everywhere took over no different ones.
pub(super) fn columns(
    database: &str,
    lasting: &[(&str, u64)],
    (old, new): (&Server, &Server),
    now: &Tables,
    fleeting: &Fleeting,
) -> Vec<Lost> {
    let (Some(was), Some(is)) = (old.filled.get(database), new.filled.get(database)) else { return Vec::new() };
    let usual = Churn::only(&USUAL.map(str::to_owned));
    let kinds = ColumnKinds::all();
    let mut taken_over = added(was, is);
    let mut lost = Vec::new();
    for (table, rows) in lasting.iter().filter(|(table, _)| now.get(*table).is_some_and(|now| *now > 0)) {
        let (Some(before), Some(after)) = (was.get(*table), is.get(*table)) else { continue };
        for (column, old) in before.iter().filter(|(_, old)| nearly_all(old.values, *rows)) {
            let name = column.to_lowercase();
            let goes = usual.covers(&name) || fleeting.declared.covers(&format!("{database}/{table}.{column}"));
            let fewer_rows = now.get(*table).is_none_or(|now| now < rows);
            let Some(fate) = after.get(column).and_then(|new| fate(*old, *new, kinds.of(&name), fewer_rows)) else {
                continue;
            };
            let takes_over = |new: &ColumnContent| new.values >= old.values && (new.varied() || !old.varied());
            match taken_over.iter().position(takes_over) {
                _ if goes => {}
                Some(at) => drop(taken_over.swap_remove(at)),
                None => lost.push(fate.lost(table, column, *old, *rows)),
            }
        }
    }
    lost
}

/// `old` before the upgrade and `new` after it.
fn fate(old: ColumnContent, new: ColumnContent, kind: ColumnKind, fewer_rows: bool) -> Option<Fate> {
    let (written, meant_to_last) = (kind.is_of_people(), kind != ColumnKind::Other);
    let several = old.values > 1;
    if new.values == 0 && (several || written) {
        return Some(Fate::Emptied(0));
    }
    let most_went = old.values >= FEW && new.values < old.values.div_ceil(2);
    if written && most_went && !fewer_rows {
        return Some(Fate::Emptied(new.values));
    }
    if meant_to_last && several && old.varied() && new.values > 1 && !new.varied() {
        return Some(Fate::Levelled);
    }
    let shorter = old.bytes >= SHORT && new.bytes < old.bytes.div_ceil(2) && new.values >= old.values;
    (kind == ColumnKind::Written && shorter).then_some(Fate::Cut(new.bytes))
}

impl Fate {
    fn lost(self, table: &str, column: &str, old: ColumnContent, of: u64) -> Lost {
        let (table, column, before) = (table.to_owned(), column.to_owned(), old.values);
        match self {
            Self::Emptied(after) => Lost::Values { before, after, table, column, of },
            Self::Levelled => Lost::Levelled { before, table, column },
            Self::Cut(after) => Lost::Cut { before: old.bytes, after, table, column },
        }
    }
}

pub(super) fn nearly_all(values: u64, rows: u64) -> bool {
    values > 0 && values.saturating_mul(10) >= rows.saturating_mul(9)
}

/// What stands in each column that was not there before, of old tables and of new ones.
fn added(was: &FilledColumns, is: &FilledColumns) -> Vec<ColumnContent> {
    let none = BTreeMap::new();
    let mut added: Vec<ColumnContent> = is
        .iter()
        .flat_map(|(table, columns)| {
            let before = was.get(table).unwrap_or(&none);
            columns.iter().filter(|(column, _)| !before.contains_key(*column)).map(|(_, filled)| *filled)
        })
        .collect();
    added.sort_unstable_by_key(|filled| filled.values);
    added
}

#[cfg(test)]
mod tests {
    use crate::data::rows::{ColumnContent, Counted, Fleeting, RowCounts, Server, compare};
    use std::collections::BTreeSet;

    /// `users 5: id 5, email 5=; …`: tables with their rows, and the values of each column, which a `=` says to be all the same, and a `/` how
    /// many bytes they have.
    fn counts(text: &str) -> RowCounts {
        let (mut tables, mut filled) = (super::Tables::new(), super::FilledColumns::new());
        for table in text.split(';') {
            let (head, columns) = table.split_once(':').unwrap();
            let pair = |text: &str| {
                let (name, count) = text.trim().split_once(' ').unwrap();
                let (count, bytes) = count.split_once('/').unwrap_or((count, "0"));
                let values = count.trim_end_matches('=').parse::<u64>().unwrap();
                let varied = values > 1 && !count.ends_with('=');
                (
                    name.to_owned(),
                    ColumnContent {
                        values,
                        ends: [1, 1 + u64::from(varied)],
                        bytes: bytes.parse().unwrap(),
                        keys: None,
                    },
                )
            };
            let (name, rows) = pair(head);
            tables.insert(name.clone(), rows.values);
            filled.insert(name, columns.split(',').map(pair).collect());
        }
        let server = Server {
            service: "db".to_owned(),
            counted: Counted::Rows,
            databases: [("app".to_owned(), tables)].into(),
            filled: [("app".to_owned(), filled)].into(),
            objects: [].into(),
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
        check(BEFORE, "users 10: id 10, email 5, nick 4, lock_owner 10", &[], "");
        check(BEFORE, "users 10: id 10, nick 4, lock_owner 10", &[], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10, mail 10", &[], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10; mails 10: user 10, mail 10", &[], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10", &["users.email"], "");
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10", &["app/users"], "");
        check("settings 1: name 1, last 1, current_job 1", "settings 1: name 1, last 0, current_job 0", &[], "");
        check("web_sessions 9: id 9, name 9", "web_sessions 9: id 9, name 0", &[], "");
    }

    #[test]
    fn a_new_column_in_which_the_same_stands_everywhere_took_nothing_over() {
        let said = "the database of db: column email of users of database app had a value in 10 of 10 rows, and has none in any";
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10, active 10=", &[], said);
        check(BEFORE, "users 10: id 10, email 0, nick 4, lock_owner 10, active 10=, mail 10", &[], "");
        // What was the same everywhere may be so elsewhere.
        check("posts 5: id 5, kind 5=", "posts 5: id 5, kind 0, sort 5=", &[], "");
    }

    #[test]
    fn what_the_only_user_wrote_counts_and_what_the_app_notes_there_does_not() {
        let one = "users 1: id 1, email 1, seen_at 1, reset_token 1";
        let said =
            "the database of db: column email of users of database app had a value in 1 of 1 row, and has none in any";
        check(one, "users 1: id 1, email 0, seen_at 1, reset_token 1", &[], said);
        check(one, "users 1: id 1, email 1, seen_at 0, reset_token 0", &[], "");
        check(one, "users 1: id 1, email 0, seen_at 1, reset_token 1, mail 1", &[], "");
    }

    #[test]
    fn what_people_wrote_does_not_become_the_same_in_every_row() {
        let said = "the database of db: column email of users of database app had different values in 10 rows, and has the same one in all";
        check(BEFORE, "users 10: id 10, email 10=, nick 4, lock_owner 10", &[], said);
        check(BEFORE, "users 10: id 10, email 10=, nick 4, lock_owner 10, mail 10", &[], "");
        check(BEFORE, "users 10: id 10, email 10=, nick 4, lock_owner 10", &["users.email"], "");
        check("users 10: id 10, state 10, seen_at 10", "users 10: id 10, state 10=, seen_at 10=", &[], "");
        check("users 10: id 10, email 10=", "users 10: id 10, email 10=", &[], "");
    }

    #[test]
    fn most_of_what_people_wrote_does_not_go() {
        let said =
            "the database of db: column email of users of database app had a value in 10 of 10 rows, and has one in 4";
        check(BEFORE, "users 10: id 10, email 4, nick 4, lock_owner 10", &[], said);
        check(BEFORE, "users 10: id 10, email 5, nick 1, lock_owner 2", &[], "");
        check(BEFORE, "users 10: id 10, email 4, nick 4, lock_owner 10, mail 10", &[], "");
        check("users 3: id 3, email 3", "users 3: id 3, email 1", &[], "");
    }

    #[test]
    fn texts_of_people_are_not_cut() {
        let said = "the database of db: column body of posts of database app had 900 bytes, and has 80 in as many rows";
        check("posts 3: id 3, body 3/900", "posts 3: id 3, body 3/80", &[], said);
        check("posts 3: id 3, body 3/900", "posts 3: id 3, body 3/450", &[], "");
        check("posts 3: id 3, body 3/90", "posts 3: id 3, body 3/8", &[], "");
        check("posts 3: id 3, url 3/900, state 3/900", "posts 3: id 3, url 3/80, state 3/3", &[], "");
        check("posts 3: id 3, body 3/900", "posts 3: id 3, body 3/80, text 3/900", &[], "");
    }

    #[test]
    fn rows_of_several_people_do_not_become_those_of_one() {
        let said = "the database of db: column user_id of notes of database app had different values in 9 rows, and has the same one in all";
        check("notes 9: id 9, user_id 9, kind 9", "notes 9: id 9, user_id 9=, kind 9=", &[], said);
        check("notes 9: id 9, user_id 9, kind 9", "notes 9: id 9, user_id 9=, kind 9=, owner_id 9", &[], "");
        check(
            "users 3: id 3, is_admin 3",
            "users 3: id 3, is_admin 3=",
            &[],
            &said.replace("user_id of notes", "is_admin of users").replace("9 rows", "3 rows"),
        );
    }
}
