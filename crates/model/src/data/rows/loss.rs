//! What was lost of a database, how much each weighs, and what is said about it.

use crate::outcome::{Cause, Finding};
use crate::report::text;

/// Something that was counted before and is not there after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowLoss {
    /// The server, as a reader knows it.
    pub server: String,
    /// The service it belongs to.
    pub service: String,
    /// The database.
    pub database: String,
    /// What of it.
    pub what: Lost,
}

/// What of a database was lost. The order is that of weight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// What a database has beside its rows did not come back.
    Objects {
        /// How many of which kind are missing, in words.
        fewer: String,
    },
    /// A table has every row that it had twice.
    Doubled {
        /// Rows before.
        before: u64,
        /// The table.
        table: String,
    },
    /// A sequence gives out numbers that are taken.
    Behind {
        /// Its name, and the column that it numbers.
        sequence: String,
    },
    /// A column that people fill had its own value in nearly every row, and the same one stands in all.
    Levelled {
        /// Rows with a value before.
        before: u64,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A column that hides rows says of all what it said of none.
    Flipped {
        /// Rows of the table.
        rows: u64,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A column that people fill holds less than half of the text that it held.
    Cut {
        /// Bytes before.
        before: u64,
        /// Bytes after.
        after: u64,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A column that had a value in nearly every row has none in any, or in less than half of those.
    Values {
        /// Rows with a value before.
        before: u64,
        /// Rows with a value after.
        after: u64,
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Rows of the table before.
        of: u64,
    },
    /// A table has fewer rows, or keys.
    Fewer {
        /// Rows that are missing.
        missing: u64,
        /// The table.
        table: String,
        /// Rows before.
        before: u64,
        /// Rows after.
        after: u64,
    },
    /// A table has as many rows, and in each column that people fill none of the values that it had.
    Overwritten {
        /// Rows before.
        before: u64,
        /// The table.
        table: String,
        /// The columns.
        columns: String,
    },
    /// A table has as many rows, and not one of those that it had.
    Replaced {
        /// Rows before.
        before: u64,
        /// The table.
        table: String,
    },
    /// A table that held rows is gone, and no new one has as many.
    Table {
        /// Rows before.
        before: u64,
        /// The table.
        table: String,
    },
    /// The app left the database for one that was empty.
    Left {
        /// Rows in the database that was left.
        before: u64,
        /// The database that the app uses now.
        now: String,
    },
    /// A database file stayed behind: one came with the upgrade that has the same tables, and not what this one holds.
    LeftFor {
        /// Rows in the one that was left.
        before: u64,
        /// The one that came, as a reader knows it.
        now: String,
    },
    /// Tables stayed as they are: the app made the same ones anew under another prefix, which hold less.
    Aside {
        /// Rows in those that were left.
        before: u64,
        /// Rows in the new ones.
        after: u64,
        /// Which were left, as a pattern.
        left: String,
        /// The new ones, likewise.
        now: String,
    },
    /// The whole database is gone.
    Database {
        /// Rows it held.
        before: u64,
    },
}

impl Lost {
    /// Whether it is about that table as a whole.
    pub(super) fn is_of(&self, wanted: &str) -> bool {
        match self {
            Self::Fewer { table, .. }
            | Self::Overwritten { table, .. }
            | Self::Replaced { table, .. }
            | Self::Table { table, .. } => table == wanted,
            Self::Objects { .. }
            | Self::Behind { .. }
            | Self::Doubled { .. }
            | Self::Levelled { .. }
            | Self::Flipped { .. }
            | Self::Cut { .. }
            | Self::Values { .. }
            | Self::Left { .. }
            | Self::LeftFor { .. }
            | Self::Aside { .. }
            | Self::Database { .. } => false,
        }
    }

    /// Whether a recipe may mean it.
    fn may_be_meant(&self) -> bool {
        match self {
            Self::Objects { .. } | Self::Behind { .. } | Self::Doubled { .. } => false,
            Self::Levelled { .. }
            | Self::Flipped { .. }
            | Self::Cut { .. }
            | Self::Values { .. }
            | Self::Fewer { .. }
            | Self::Overwritten { .. }
            | Self::Replaced { .. }
            | Self::Table { .. }
            | Self::Left { .. }
            | Self::LeftFor { .. }
            | Self::Aside { .. }
            | Self::Database { .. } => true,
        }
    }
}

impl RowLoss {
    /// One sentence for the reader.
    #[must_use]
    pub fn summary(&self) -> String {
        let Self { server, database, what, .. } = self;
        match what {
            Lost::Objects { fewer } => format!("{server}: database {database} lacks {fewer} that it had"),
            Lost::Doubled { table, before } => {
                format!("{server}: {table} of database {database} has every one of its {} twice", rows(*before))
            }
            Lost::Behind { sequence } => format!(
                "{server}: database {database}: sequence {sequence} gives out numbers that are taken, so the next row cannot be put in"
            ),
            Lost::Fewer { table, before, after, .. } => {
                format!("{server}: {table} of database {database}: {} before, {after} after", rows(*before))
            }
            Lost::Values { table, column, before, after, of } => {
                let after = if *after == 0 { "none in any".to_owned() } else { format!("one in {after}") };
                format!(
                    "{server}: column {column} of {table} of database {database} had a value in {before} of {}, and has {after}",
                    rows(*of)
                )
            }
            Lost::Cut { table, column, before, after } => format!(
                "{server}: column {column} of {table} of database {database} had {before} bytes, and has {after} in as many rows"
            ),
            Lost::Levelled { table, column, before } => format!(
                "{server}: column {column} of {table} of database {database} had different values in {}, and has the same one in all",
                rows(*before)
            ),
            Lost::Flipped { table, column, rows: all } => format!(
                "{server}: column {column} of {table} of database {database} says of all {} what it said of none before",
                rows(*all)
            ),
            Lost::Replaced { table, before } => format!(
                "{server}: {table} of database {database} had {}, of which none is there: those after are new ones",
                rows(*before)
            ),
            Lost::Overwritten { table, columns, before } => format!(
                "{server}: {table} of database {database} has {}, and none of the values that stood in {columns}",
                rows(*before)
            ),
            Lost::Table { table, before } => {
                format!("{server}: table {table} of database {database} is gone ({})", rows(*before))
            }
            Lost::LeftFor { now, before } => format!(
                "{server} stayed behind with {}: {now} came with the upgrade, has the same tables and lacks them",
                rows(*before)
            ),
            Lost::Aside { before, after, left, now } => format!(
                "{server}: the app begins anew in database {database}: {left} stayed behind with {}, {now} have {after}",
                rows(*before)
            ),
            Lost::Left { now, before } => format!(
                "{server}: the app uses database {now} now, which lacks what database {database} holds ({})",
                rows(*before)
            ),
            Lost::Database { before } => format!("{server}: database {database} is gone ({})", rows(*before)),
        }
    }
}

impl RowLoss {
    /// The same for a dump that lacks something.
    #[must_use]
    pub fn summary_of_dump(&self) -> String {
        let Self { server, database, what, .. } = self;
        match what {
            Lost::Fewer { table, before, after, .. } => format!(
                "{server}: {table} of database {database} had {} before the backup, its dump has {after}",
                rows(*before)
            ),
            Lost::Table { table, before } => {
                format!("{server}: table {table} of database {database} ({}) is not in its dump", rows(*before))
            }
            Lost::Database { before } | Lost::Left { before, .. } => {
                format!("{server}: database {database} ({}) is in no dump", rows(*before))
            }
            // Dumps are read row by row: of columns nothing is known.
            Lost::Objects { .. }
            | Lost::Behind { .. }
            | Lost::Doubled { .. }
            | Lost::Values { .. }
            | Lost::Levelled { .. }
            | Lost::Flipped { .. }
            | Lost::Cut { .. }
            | Lost::Replaced { .. }
            | Lost::Overwritten { .. }
            | Lost::LeftFor { .. }
            | Lost::Aside { .. } => self.summary(),
        }
    }
}

fn rows(count: u64) -> String {
    text::count(count, "row")
}

/// What to do about losses that are meant to be.
const WAY_OUT: &str = "if this is meant to be: name it in `data.expected` of `tests/ci.toml`, as `\"TABLE\"`, `\"DATABASE/TABLE\"` or \
     `\"TABLE.COLUMN\"`";

/// One finding for all losses, led by the weightiest; `None` when there is none.
#[must_use]
pub fn finding(losses: &[RowLoss], cause: Cause) -> Option<Finding> {
    let worst = losses.iter().max_by(|one, other| one.what.cmp(&other.what))?;
    let way_out = losses.iter().any(|loss| loss.what.may_be_meant()).then(|| WAY_OUT.to_owned());
    let details = losses.iter().map(RowLoss::summary).chain(way_out).collect();
    Some(Finding::new(cause, worst.summary()).of_service(&worst.service).with_details(details))
}
