//! The server's place: its state folder, which one process has at a time.

use crate::db::DbError;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The file that keeps a second process away.
const LOCK: &str = "server.lock";

/// The database.
pub(crate) const DATABASE: &str = "server.db";

/// Why a state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Somebody else has it.
    #[error("another server uses the state folder {}", .0.display())]
    Taken(PathBuf),
    /// The file system refused.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl PlaceError {
    /// What the file system said about a path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// A state folder that nobody else uses for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Place(File);

impl Place {
    /// Takes a state folder, which is made where there is none.
    pub(crate) fn take(root: &Path) -> Result<Self, PlaceError> {
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(PlaceError::io(root))?;
        let path = root.join(LOCK);
        let lock = File::create(&path).map_err(PlaceError::io(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self(lock)),
            Err(TryLockError::WouldBlock) => Err(PlaceError::Taken(root.to_owned())),
            Err(TryLockError::Error(source)) => Err(PlaceError::Io { path, source }),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Closing would not do: a program that is just being started holds a copy until it is on its feet. If the kernel
        // refuses, closing is all there is.
        let _closed = self.0.unlock();
    }
}
