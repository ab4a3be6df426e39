//! What the dumps of a backup hold, against the databases they were made of (TIER-backup).

use super::rows::{self, Counted, Fleeting, RowCounts, RowLoss, Server, Tables};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Tables of one database as a dump holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpedDatabase {
    /// The database, where the dump names it: most programs leave that out when they dump a single one.
    pub database: Option<String>,
    /// Rows by table.
    pub tables: Tables,
}

/// What `dumped` lacks of what the server `name` held. Nothing is said where no dump can be read.
#[must_use]
pub fn compare(name: &str, server: &Server, dumped: Vec<DumpedDatabase>, fleeting: &Fleeting) -> Vec<RowLoss> {
    match server.counted {
        Counted::Rows if !dumped.is_empty() => {}
        Counted::Rows | Counted::Keys => return Vec::new(),
    }
    let databases = assigned(server, dumped);
    let counts = |server| RowCounts { servers: BTreeMap::from([(name.to_owned(), server)]), ..RowCounts::default() };
    let held = Server { databases, used: server.used.clone(), ..server.clone() };
    rows::compare(&counts(server.clone()), &counts(held), fleeting)
}

/// The tables by database. A part that names none belongs to the one that it shares most tables with; of several like it, to one that
/// no other part belongs to, and whose rows are nearest.
fn assigned(server: &Server, dumped: Vec<DumpedDatabase>) -> BTreeMap<String, Tables> {
    let mut databases: BTreeMap<String, Tables> = BTreeMap::new();
    let (named, unnamed): (Vec<_>, Vec<_>) = dumped.into_iter().partition(|part| part.database.is_some());
    for DumpedDatabase { database, tables } in named {
        merge(databases.entry(database.unwrap_or_default()).or_default(), tables);
    }
    for DumpedDatabase { tables, .. } in unnamed {
        let shared = |own: &Tables| own.keys().filter(|table| tables.contains_key(*table)).count();
        let apart = |own: &Tables| -> u64 {
            own.iter().map(|(table, rows)| rows.abs_diff(tables.get(table).copied().unwrap_or(0))).sum()
        };
        let fitting = server
            .databases
            .iter()
            .map(|(name, own)| (shared(own), !databases.contains_key(name), Reverse(apart(own)), name));
        if let Some((1.., _, _, name)) = fitting.max() {
            let name = name.clone();
            merge(databases.entry(name).or_default(), tables);
        }
    }
    databases
}

/// Of a table that two dumps hold, the fuller one counts.
fn merge(into: &mut Tables, tables: Tables) {
    for (table, rows) in tables {
        let known = into.entry(table).or_default();
        *known = rows.max(*known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(of: &[(&str, u64)]) -> Tables {
        of.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect()
    }

    fn server(databases: &[(&str, &[(&str, u64)])]) -> Server {
        Server {
            service: "db".into(),
            counted: Counted::Rows,
            databases: databases.iter().map(|(name, of)| ((*name).to_owned(), tables(of))).collect(),
            filled: BTreeMap::new(),
            objects: BTreeMap::new(),
            used: ["app".to_owned()].into(),
        }
    }

    fn part(database: Option<&str>, of: &[(&str, u64)]) -> DumpedDatabase {
        DumpedDatabase { database: database.map(str::to_owned), tables: tables(of) }
    }

    fn lacking(server: &Server, dumped: Vec<DumpedDatabase>) -> Vec<String> {
        compare("PostgreSQL of db", server, dumped, &Fleeting::with(&[])).iter().map(RowLoss::summary).collect()
    }

    #[test]
    fn a_table_whose_rows_were_left_out_is_named_and_one_that_comes_and_goes_is_not() {
        let one = server(&[("app", &[("photos", 60_000), ("users", 2), ("user_sessions", 9), ("empty", 0)])]);
        let full = part(None, &[("photos", 60_001), ("users", 2), ("user_sessions", 0), ("empty", 0)]);
        assert_eq!(lacking(&one, vec![full.clone()]), [""; 0]);
        let without = part(None, &[("photos", 0), ("users", 2), ("user_sessions", 9)]);
        assert_eq!(
            lacking(&one, vec![without.clone()]),
            ["PostgreSQL of db: photos of database app: 60000 rows before, 0 after"]
        );
        // A second dump may hold what the first leaves out.
        assert_eq!(lacking(&one, vec![without, full]), [""; 0]);
        assert_eq!(lacking(&one, Vec::new()), [""; 0]);
    }

    #[test]
    fn each_database_needs_a_part_of_its_own() {
        let two = server(&[("app", &[("users", 2), ("posts", 5)]), ("bridge", &[("users", 500)])]);
        let app = part(None, &[("users", 2), ("posts", 5)]);
        assert_eq!(lacking(&two, vec![app.clone()]), ["PostgreSQL of db: database bridge is gone (500 rows)"]);
        assert_eq!(lacking(&two, vec![app, part(Some("bridge"), &[("users", 500)])]), [""; 0]);
    }

    #[test]
    fn two_databases_of_one_form_are_held_by_two_parts_without_a_name() {
        let twins = server(&[("one", &[("users", 2)]), ("two", &[("users", 7)])]);
        let parts = |first, second| vec![part(None, &[("users", first)]), part(None, &[("users", second)])];
        assert_eq!(lacking(&twins, parts(2, 7)), [""; 0]);
        assert_eq!(lacking(&twins, parts(7, 2)), [""; 0]);
        assert_eq!(lacking(&twins, vec![part(None, &[("users", 7)])]).len(), 1);
    }
}
