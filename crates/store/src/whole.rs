//! Small files of the state folder that are replaced whole, and locks that the kernel gives back when a process dies.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why a file of the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// The file system refused.
    #[error("cannot {verb} {path}: {source}")]
    Io {
        /// `create`, `read`, `write`, `lock`.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file does not read as what it should be. It is left as it is: what it names would be lost with it.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl StateFileError {
    pub(crate) fn io(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { verb, path: path.to_owned(), source }
    }
}

/// A lock; given back when it is dropped, or by the kernel when the process dies.
#[derive(Debug)]
pub(crate) struct Held {
    file: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // A program that is just being started may hold a copy of the file. If the kernel refuses, closing is all there is.
        let _closed = self.file.unlock();
    }
}

pub(crate) fn make_folder(path: &Path) -> Result<(), StateFileError> {
    fs::create_dir_all(path).map_err(StateFileError::io("create", path))
}

/// Takes a lock for itself alone; `None` while anybody else has it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<Held>, StateFileError> {
    taken(path, File::try_lock)
}

/// Takes a lock with others that share it; `None` while somebody has it alone.
pub(crate) fn try_share(path: &Path) -> Result<Option<Held>, StateFileError> {
    taken(path, File::try_lock_shared)
}

fn taken(path: &Path, take: impl FnOnce(&File) -> Result<(), TryLockError>) -> Result<Option<Held>, StateFileError> {
    let file = File::create(path).map_err(StateFileError::io("create", path))?;
    match take(&file) {
        Ok(()) => Ok(Some(Held { file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(StateFileError::Io { verb: "lock", path: path.to_owned(), source }),
    }
}

/// Removes a file; no error when there is none.
pub fn remove(path: &Path) -> Result<(), StateFileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StateFileError::io("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Reads a file; `None` when there is none.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateFileError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| StateFileError::Unreadable { path: path.to_owned(), source }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(StateFileError::io("read", path)(source)),
    }
}

/// Written beside, for the owner only, synced, renamed, and the folder synced: what was there is there until all of the new is.
pub fn write<T: Serialize>(path: &Path, what: &T) -> Result<(), StateFileError> {
    let fail = || StateFileError::io("write", path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let for_the_owner = Permissions::from_mode(0o600);
    let draft = tempfile::Builder::new().prefix(".draft-").permissions(for_the_owner).tempfile_in(folder);
    let mut draft = draft.map_err(fail())?;
    let mut text = serde_json::to_vec_pretty(what).map_err(|error| fail()(error.into()))?;
    text.push(b'\n');
    draft.write_all(&text).map_err(fail())?;
    draft.as_file().sync_all().map_err(fail())?;
    draft.persist(path).map_err(|error| fail()(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail())
}
