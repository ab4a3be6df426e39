//! Writes the record of a run as it happens. Evidence that cannot be written makes the run worthless, so a failure is kept
//! and has to be asked for.

use crate::run_dir::{EVENTS, MODE, RunDir};
use cc_ci_model::event::{Listener, Stamped};
use cc_ci_model::redact::Vault;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Why the record could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the record {path}, event {seq}: {source}")]
pub struct RecordError {
    /// The file.
    pub path: PathBuf,
    /// The first event that is missing; 0 also when the file could not be made.
    pub seq: u64,
    /// What the system said.
    pub source: std::io::Error,
}

/// Appends each event as one line. A cheap handle: one clone listens, another is asked at the end.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    path: PathBuf,
    file: File,
    vault: Vault,
    failure: Option<RecordError>,
}

impl Recorder {
    /// Begins the record of a run. What the vault knows is masked in every line.
    pub fn create(dir: &RunDir, vault: Vault) -> Result<Self, RecordError> {
        let path = dir.file(EVENTS);
        let opened = OpenOptions::new().create_new(true).append(true).mode(MODE).open(&path);
        let file = opened.map_err(|source| RecordError { path: path.clone(), seq: 0, source })?;
        Ok(Self::into_file(file, path, vault))
    }

    /// Records into a file that is open already; `path` is what errors call it.
    #[must_use]
    pub fn into_file(file: File, path: PathBuf, vault: Vault) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { path, file, vault, failure: None })) }
    }

    /// Ends the record: everything is on the disk, or the first failure.
    pub fn finish(&self) -> Result<(), RecordError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = inner.failure.take() {
            return Err(failure);
        }
        inner.file.sync_all().map_err(|source| RecordError { path: inner.path.clone(), seq: u64::MAX, source })
    }

    /// The first failure in words, if there was one: then the run is broken, and should stop.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.failure.as_ref().map(ToString::to_string)
    }
}

impl Listener for Recorder {
    fn on_event(&mut self, event: &Stamped) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // After a failure nothing is added: a record with a hole in it would be worse than one that stops.
        if inner.failure.is_none() {
            let masked = inner.vault.redactor().stamped(event);
            if let Err(source) = append(&mut inner.file, &masked) {
                inner.failure = Some(RecordError { path: inner.path.clone(), seq: event.seq, source });
            }
        }
    }
}

/// One write per line, straight to the kernel: a killed process tears at most the last line.
fn append(file: &mut File, event: &Stamped) -> Result<(), std::io::Error> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.flush()
}
