//! The database: one file, one writer, and one transaction for each thing that happens.

pub(crate) mod jobs;
pub(crate) mod meta;
pub(crate) mod reports;
pub(crate) mod repos;
pub(crate) mod requests;
mod schema;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use tokio::sync::oneshot;

/// Why the database gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite refused.
    #[error("the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It could not be brought to today's form.
    #[error("cannot bring the database {} to the form of this program: {why}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A newer program wrote it.
    #[error("the database {} was written by a newer cc-ci: use that one, or put back the copy beside it", .0.display())]
    Newer(PathBuf),
    /// A row holds what no program of ours wrote.
    #[error("the database holds {0}, which makes no sense")]
    Corrupt(String),
    /// The thread that writes is gone.
    #[error("the database was closed")]
    Closed,
}

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// The one writer. Clones speak to the same.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    to: mpsc::Sender<Work>,
}

impl Db {
    /// Opens or makes the file.
    pub(crate) fn open(path: &Path) -> Result<Self, DbError> {
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&mut connection, path)?;
        let (to, from) = mpsc::channel::<Work>();
        let writer = thread::Builder::new().name("database".to_owned());
        let started = writer.spawn(move || {
            while let Ok(work) = from.recv() {
                work(&mut connection);
            }
        });
        started.map(|_thread| Self { to }).map_err(|_no_thread| DbError::Closed)
    }

    /// Does something in a transaction: all of it is kept, or nothing.
    pub(crate) async fn act<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Transaction<'_>) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (reply, answer) = oneshot::channel();
        let work = move |connection: &mut Connection| {
            let done = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(DbError::from);
            let done = done.and_then(|transaction| {
                let value = what(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
            // Who asked may be gone.
            drop(reply.send(done));
        };
        self.to.send(Box::new(work)).map_err(|_gone| DbError::Closed)?;
        answer.await.map_err(|_gone| DbError::Closed)?
    }
}

/// Writes a copy of a database as it is at one moment, whoever works with it meanwhile.
pub(crate) fn copy_of(database: &Path, to: &Path) -> Result<(), DbError> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let name = to.to_str().ok_or_else(|| DbError::Corrupt(format!("the path {}", to.display())))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    Ok(())
}

/// Whether a file is a database that this program can use.
pub(crate) fn look_at(database: &Path) -> Result<(), DbError> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::known(&connection, database)?;
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if sound == "ok" { Ok(()) } else { Err(DbError::Corrupt(format!("what is not whole ({sound})"))) }
}

/// A number of the database as a count.
pub(crate) fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
