//! A database file that an app left for a new one: nothing of the old one is gone, and the app does not look at it any more.

use super::{Counted, Fleeting, Lost, RowCounts, RowLoss, Server, Tables};

/// What the name of a table holds that any app may have, whatever it keeps.
const ANYBODYS: [&str; 3] = ["migration", "schema", "version"];

/// The servers of `before` beside which one came that has most of their tables, and not their rows. One that was copied has them.
pub(super) fn left_for(before: &RowCounts, after: &RowCounts, fleeting: &Fleeting) -> Vec<RowLoss> {
    let came = || after.servers.iter().filter(|(name, _)| !before.servers.contains_key(*name));
    let mut lost = Vec::new();
    for (name, old) in before.servers.iter().filter(|(_, old)| old.counted == Counted::Rows) {
        for (database, tables) in &old.databases {
            let lasting: Vec<(&str, u64)> = fleeting.lasting(database, tables).into_iter().filter(of_its_own).collect();
            let now = came().find(|(_, new)| takes_over(&lasting, new)).map(|(now, _)| now.clone());
            lost.extend(now.map(|now| RowLoss {
                server: name.clone(),
                service: old.service.clone(),
                database: database.clone(),
                what: Lost::LeftFor { before: lasting.iter().map(|(_, rows)| rows).sum(), now },
            }));
        }
    }
    lost
}

fn of_its_own((table, _): &(&str, u64)) -> bool {
    let table = table.to_lowercase();
    !ANYBODYS.iter().any(|word| table.contains(word))
}

fn takes_over(lasting: &[(&str, u64)], new: &Server) -> bool {
    new.databases.values().any(|tables: &Tables| {
        let shared: Vec<bool> =
            lasting.iter().filter_map(|(table, rows)| tables.get(*table).map(|now| now >= rows)).collect();
        !shared.is_empty() && 2 * shared.len() >= lasting.len() && !shared.iter().all(|held| *held)
    })
}

#[cfg(test)]
mod tests {
    use crate::data::rows::{Counted, Fleeting, RowCounts, Server, Tables, compare};
    use std::collections::{BTreeMap, BTreeSet};

    /// `app.db: entries 5, users 1; new.db: …`.
    fn counts(text: &str) -> RowCounts {
        let server = |text: &str| {
            let (name, tables) = text.split_once(':').unwrap();
            let table = |text: &str| {
                let (table, rows) = text.trim().split_once(' ').unwrap();
                (table.to_owned(), rows.parse().unwrap())
            };
            let tables: Tables = tables.split(',').filter(|text| !text.trim().is_empty()).map(table).collect();
            let server = Server {
                service: "app".to_owned(),
                counted: Counted::Rows,
                databases: [("main".to_owned(), tables)].into(),
                filled: BTreeMap::new(),
                objects: BTreeMap::new(),
                used: BTreeSet::new(),
            };
            (name.trim().to_owned(), server)
        };
        RowCounts { servers: text.split(';').map(server).collect(), ..RowCounts::default() }
    }

    #[track_caller]
    fn check(before: &str, after: &str, declared: &[&str], expected: &str) {
        let declared: Vec<String> = declared.iter().map(|text| (*text).to_owned()).collect();
        let losses = compare(&counts(before), &counts(after), &Fleeting::with(&declared));
        assert_eq!(losses.iter().map(|loss| loss.summary()).collect::<Vec<_>>().join("; "), expected);
    }

    const OLD: &str = "app.db: entries 5, users 1, migrations 9";

    #[test]
    fn a_new_file_with_the_tables_and_not_the_rows_leaves_the_old_one_behind() {
        let said = |rows| {
            format!(
                "app.db stayed behind with {rows} rows: new.db came with the upgrade, has the same tables and lacks them"
            )
        };
        check(OLD, &format!("{OLD}; new.db: entries 0, users 0, migrations 9"), &[], &said(6));
        check(OLD, &format!("{OLD}; new.db: entries 2, users 1, posts 7"), &[], &said(6));
        check("app.db: entries 5", "app.db: entries 5; new.db: entries 1", &[], &said(5));
    }

    #[test]
    fn a_copy_another_database_and_what_is_declared_do_not() {
        check(OLD, &format!("{OLD}; copy.db: entries 5, users 1, migrations 9"), &[], "");
        check(OLD, &format!("{OLD}; moved.db: entries 8, users 1"), &[], "");
        check(OLD, &format!("{OLD}; cache.db: pages 3, migrations 1"), &[], "");
        check("app.db: a 1, b 1, c 1, d 1", "app.db: a 1, b 1, c 1, d 1; other.db: a 0", &[], "");
        check("app.db: entries 5", "app.db: entries 5; new.db: entries 1", &["entries"], "");
        check("app.db: migrations 5", "app.db: migrations 5; new.db: migrations 1", &[], "");
    }
}
