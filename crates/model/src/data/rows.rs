//! How many rows every table of the app's databases holds, and what a later count lacks of an earlier one (DATA-3).

mod aside;
mod doubled;
mod emptied;
mod flipped;
mod loss;
mod newcomer;
mod objects;
mod overwritten;
mod replaced;
mod written;

pub use loss::{Lost, RowLoss, finding};
pub use objects::{DatabaseObject, Objects};
pub use overwritten::notes;
pub use replaced::KEY;

use super::churn::Churn;
use std::collections::{BTreeMap, BTreeSet};

/// Tables whose rows come and go by themselves, besides those that the usual patterns of files name.
pub const USUAL: [&str; 14] = [
    "*_session",
    "*_sessions",
    "*_log",
    "*_logs",
    "cache_*",
    "*_caches",
    "job",
    "jobs",
    "*_jobs",
    "queue",
    "*_queue",
    "locks",
    "*_lock",
    "*_locks",
];

/// The table that holds our markers. It is no data of the app's, and goes along when a database is copied or renamed.
pub const MARKER_TABLE: &str = "cc_ci_marker";

/// A server of keys lost some if it held at least so many that do not expire and more than half of them are gone: single keys
/// come and go.
const MANY_KEYS: u64 = 10;

/// What all servers of a stack held at one time, by how a reader knows the server: `the PostgreSQL database of db`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// The servers that answered.
    pub servers: BTreeMap<String, Server>,
    /// Those that were asked and not counted, with the reason.
    pub uncounted: BTreeMap<String, String>,
}

/// What one server or database file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The service it belongs to, without the stack's name.
    pub service: String,
    /// What was counted.
    pub counted: Counted,
    /// The rows of each table, by database.
    pub databases: BTreeMap<String, Tables>,
    /// What stands in each table's columns, by database; empty where it was not counted.
    pub filled: BTreeMap<String, FilledColumns>,
    /// What each database has beside its rows; empty where that was not asked.
    pub objects: BTreeMap<String, Objects>,
    /// The databases that other services were connected to.
    pub used: BTreeSet<String>,
}

/// Rows by table.
pub type Tables = BTreeMap<String, u64>;

/// By table and column, what stands in it.
pub type FilledColumns = BTreeMap<String, BTreeMap<String, ColumnContent>>;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnContent {
    /// In how many rows there is a value that is not empty.
    pub values: u64,
    /// Fingerprints of the first and the last of them in the server's own order: the same where all are the same, 0 where there is
    /// none.
    pub ends: [u64; 2],
    /// How long they are together, as texts. Bytes.
    pub bytes: u64,
    /// The smallest and the largest of them, where they are the numbers by which rows are known.
    pub keys: Option<(u64, u64)>,
}

impl ColumnContent {
    /// Whether its values are not all the same.
    #[must_use]
    pub fn varied(&self) -> bool {
        let [first, last] = self.ends;
        first != last
    }
}

/// What a server keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Rows in tables.
    Rows,
    /// Keys without an expiry, as one table.
    Keys,
}

/// Tables that may lose rows.
#[derive(Debug, Clone)]
pub struct Fleeting {
    usual: Churn,
    declared: Churn,
}

impl Fleeting {
    /// The usual ones, and those that `declared` patterns name: without `/` any table or database of that name, with `/` a
    /// table by `DATABASE/TABLE`.
    #[must_use]
    pub fn with(declared: &[String]) -> Self {
        Self { usual: Churn::with(&USUAL.map(str::to_owned)), declared: Churn::only(declared) }
    }

    fn covers(&self, database: &str, table: &str) -> bool {
        let own = table.rsplit('.').next().unwrap_or(table).to_lowercase();
        self.usual.covers(&own) || self.declared.covers(&format!("{database}/{table}"))
    }

    /// The tables of a database that have to keep their rows, those that are empty left out: they have none to lose.
    fn lasting<'t>(&self, database: &str, tables: &'t Tables) -> Vec<(&'t str, u64)> {
        let lasts = |(table, rows): &(&String, &u64)| {
            **rows > 0 && table.as_str() != MARKER_TABLE && !self.covers(database, table)
        };
        tables.iter().filter(lasts).map(|(table, rows)| (table.as_str(), *rows)).collect()
    }
}

/// What `after` lacks of `before`. A server that was not counted both times is not compared: what cannot be asked is said by
/// its markers, and a service that is gone by the report.
#[must_use]
pub fn compare(before: &RowCounts, after: &RowCounts, fleeting: &Fleeting) -> Vec<RowLoss> {
    let both = before.servers.iter().filter_map(|(name, old)| Some((name, old, after.servers.get(name)?)));
    let behind = newcomer::left_for(before, after, fleeting);
    let lost = both.flat_map(|(name, old, new)| {
        let lost = old.databases.iter().flat_map(move |(database, tables)| {
            let lost = match old.counted {
                Counted::Rows => of_database(database, tables, old, new, fleeting),
                Counted::Keys => of_keys(database, tables, new, fleeting),
            };
            let lost = lost.into_iter().chain(objects::behind(database, old, new));
            lost.map(move |what| (database, what))
        });
        lost.map(|(database, what)| RowLoss {
            server: name.clone(),
            service: old.service.clone(),
            database: database.clone(),
            what,
        })
    });
    lost.chain(behind).collect()
}

/// The same after a restore, which brings back all of a database, and each row once. What an upgrade does to what stands beside the
/// rows is head's to decide.
#[must_use]
pub fn compare_restored(before: &RowCounts, after: &RowCounts, fleeting: &Fleeting) -> Vec<RowLoss> {
    let mut lost = compare(before, after, fleeting);
    lost.extend(objects::missing(before, after));
    lost.extend(doubled::doubled(before, after, fleeting));
    lost
}

fn of_keys(database: &str, tables: &Tables, new: &Server, fleeting: &Fleeting) -> Vec<Lost> {
    let lost = fleeting.lasting(database, tables).into_iter().filter_map(|(table, before)| {
        let after = new.databases.get(database).and_then(|tables| tables.get(table)).copied().unwrap_or(0);
        let lost = before >= MANY_KEYS && after < before.div_ceil(2);
        lost.then(|| Lost::Fewer { missing: before - after, table: table.to_owned(), before, after })
    });
    lost.collect()
}

fn of_database(database: &str, tables: &Tables, old: &Server, new: &Server, fleeting: &Fleeting) -> Vec<Lost> {
    let lasting = fleeting.lasting(database, tables);
    let before = lasting.iter().map(|(_, rows)| rows).sum();
    if before == 0 {
        return Vec::new();
    }
    // A database that the app set up anew has as many rows as a young one, but never the marker.
    let marker = tables.get_key_value(MARKER_TABLE).map(|(table, rows)| (table.as_str(), *rows));
    let goes_along: Vec<(&str, u64)> = lasting.iter().copied().chain(marker).collect();
    let holds_all =
        |other: &Tables| goes_along.iter().all(|(table, rows)| other.get(*table).is_some_and(|now| now >= rows));
    let Some(now) = new.databases.get(database) else {
        let renamed = new.databases.iter().any(|(name, other)| !old.databases.contains_key(name) && holds_all(other));
        return if renamed { Vec::new() } else { vec![Lost::Database { before }] };
    };
    let mut lost = in_tables(&lasting, tables, now);
    lost.extend(aside::tables(&lasting, tables, now));
    let replaced = replaced::tables(&lasting, database, old, new);
    // Other rows hold other values: that is said once.
    let kept: Vec<(&str, u64)> =
        lasting.iter().copied().filter(|(table, _)| !replaced.iter().any(|one| one.is_of(table))).collect();
    lost.extend(replaced);
    lost.extend(overwritten::tables(database, &kept, (old, new), now));
    lost.extend(emptied::columns(database, &lasting, (old, new), now, fleeting));
    lost.extend(flipped::columns(database, &lasting, (old, new), now, fleeting));
    if old.used.contains(database) && !new.used.contains(database) {
        let was_empty =
            |name: &&String| old.databases.get(*name).is_none_or(|tables| tables.values().all(|rows| *rows == 0));
        let lacking = |name: &&String| !new.databases.get(*name).is_some_and(holds_all);
        let left = new.used.iter().find(|name| was_empty(name) && lacking(name));
        lost.extend(left.map(|name| Lost::Left { before, now: name.clone() }));
    }
    lost
}

/// A table that is gone was renamed when a new one has exactly its rows; each new table stands for one.
fn in_tables(lasting: &[(&str, u64)], old: &Tables, now: &Tables) -> Vec<Lost> {
    let mut new: Vec<u64> = now.iter().filter(|(table, _)| !old.contains_key(*table)).map(|(_, rows)| *rows).collect();
    let lost = lasting.iter().filter_map(|(table, before)| match now.get(*table) {
        Some(after) if after < before => {
            let (before, after) = (*before, *after);
            Some(Lost::Fewer { missing: before - after, table: (*table).to_owned(), before, after })
        }
        Some(_) => None,
        None => match new.iter().position(|rows| rows == before) {
            Some(at) => {
                new.swap_remove(at);
                None
            }
            None => Some(Lost::Table { before: *before, table: (*table).to_owned() }),
        },
    });
    lost.collect()
}

#[cfg(test)]
mod tests;
