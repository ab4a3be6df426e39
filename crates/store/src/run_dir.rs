//! The layout of a run's folder, and the one way files in it are written: whole or not at all.

use crate::state::StateFolder;
use cc_ci_model::ids::RunId;
pub use cc_ci_model::report::results::{CARD, SCREENSHOT};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The record: one event per line.
pub const EVENTS: &str = "events.jsonl";
/// The results for programs.
pub const RESULTS: &str = "results.json";
/// The results for CI systems.
pub const JUNIT: &str = "junit.xml";
/// What lint found, as text.
pub const LINT: &str = "lint.txt";
/// The RUN SUMMARY.
pub const SUMMARY: &str = "summary.txt";
/// Where the time went, for a trace viewer.
pub const TIMELINE: &str = "timeline.json";
/// The stack as it was deployed.
pub const EFFECTIVE_STACK: &str = "effective-stack.yml";
/// The run on one page.
pub const PAGE: &str = "index.html";
/// The recipe's name and level, for a README.
pub const BADGE: &str = "badge.svg";
/// The folder of the services' logs.
pub const LOGS: &str = "logs";
/// Held locked by the process that performs the run.
pub(crate) const LOCK: &str = "lock";
/// Says that the run stays, and why.
const PIN: &str = "keep";

/// What everything in a run's folder may be read by, as far as the umask allows: it is masked, and meant to be shown.
pub(crate) const MODE: u32 = 0o644;

/// Why a run's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// The file system refused.
    #[error("cannot {verb} {path}: {source}")]
    Io {
        /// `create`, `open`, `write`, …
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no such run.
    #[error("no run `{run}` in {runs}")]
    NoSuchRun {
        /// The run asked for.
        run: RunId,
        /// The folder of all runs.
        runs: PathBuf,
    },
    /// A run of that id was made before.
    #[error("there is a run `{run}` already: {path}")]
    Exists {
        /// The run.
        run: RunId,
        /// Its folder.
        path: PathBuf,
    },
    /// Not usable as the name of a file in the run's folder.
    #[error("`{0}` cannot name a file in the run's folder")]
    BadName(String),
}

impl RunDirError {
    pub(crate) fn io(verb: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { verb, path: path.to_owned(), source }
    }
}

/// One run's folder: `<state>/runs/<id>/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

/// Says that the run goes on; given up when dropped, or by the kernel when the process dies.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

impl RunLock {
    /// Takes the lock of a folder that was just made.
    pub(crate) fn hold(folder: &Path) -> Result<Self, RunDirError> {
        let lock = folder.join(LOCK);
        let file = File::create(&lock).map_err(|source| RunDirError::io("create", &lock, source))?;
        file.lock().map_err(|source| RunDirError::io("lock", &lock, source))?;
        Ok(Self { file })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closing would not do: a program that another run of this process is just starting holds a copy until it is on its feet.
        // If the kernel refuses, closing is all there is.
        let _closed = self.file.unlock();
    }
}

impl RunDir {
    /// Makes the folder of a new run and holds its lock. A folder that is there already is never taken over.
    pub fn create(state: &StateFolder, run: &RunId) -> Result<(Self, RunLock), RunDirError> {
        let runs = state.runs();
        fs::create_dir_all(&runs).map_err(|source| RunDirError::io("create", &runs, source))?;
        let path = runs.join(run.as_str());
        match fs::create_dir(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(RunDirError::Exists { run: run.clone(), path });
            }
            Err(source) => return Err(RunDirError::io("create", &path, source)),
        }
        let lock = RunLock::hold(&path)?;
        Ok((Self { path }, lock))
    }

    /// The folder of a run that was made before.
    pub fn open(state: &StateFolder, run: &RunId) -> Result<Self, RunDirError> {
        let runs = state.runs();
        let path = runs.join(run.as_str());
        if path.is_dir() { Ok(Self { path }) } else { Err(RunDirError::NoSuchRun { run: run.clone(), runs }) }
    }

    /// A run's folder given as a path, wherever it is.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether a process still performs this run. A folder without a lock belongs to no process.
    pub fn is_running(&self) -> Result<bool, RunDirError> {
        let lock = self.file(LOCK);
        // A pipe in its place is not waited for.
        let unheld = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = match OpenOptions::new().read(true).custom_flags(unheld).open(&lock) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(RunDirError::io("open", &lock, source)),
        };
        // Shared, so that two onlookers do not take each other for the run.
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(RunDirError::io("lock", &lock, source)),
        }
    }

    /// Says that this run stays, whatever retention would choose; `why` is for whoever wonders. The last word counts.
    pub fn pin(&self, why: &str) -> Result<(), RunDirError> {
        self.write(PIN, format!("{why}\n").as_bytes()).map(drop)
    }

    /// Why it was said to stay; `None` when nobody said so.
    #[must_use]
    pub fn pinned_because(&self) -> Option<String> {
        fs::read_to_string(self.file(PIN)).ok().map(|why| why.trim_end().to_owned())
    }

    /// Gives the run back to retention.
    pub fn unpin(&self) -> Result<(), RunDirError> {
        match fs::remove_file(self.file(PIN)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(RunDirError::io("remove", &self.file(PIN), error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Whether somebody said that this run stays. What cannot be found out counts as a yes.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.file(PIN).try_exists().unwrap_or(true)
    }

    /// Removes the folder with everything in it.
    pub fn remove(&self) -> Result<(), RunDirError> {
        fs::remove_dir_all(&self.path).map_err(|source| RunDirError::io("remove", &self.path, source))
    }

    /// Writes a file of the folder so that a reader sees either all of it or what was there before. `name` may have one
    /// folder in front: `logs/app.log`.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, RunDirError> {
        let usable = !name.is_empty()
            && name.split('/').count() <= 2
            && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
        if !usable {
            return Err(RunDirError::BadName(name.to_owned()));
        }
        let path = self.file(name);
        let folder = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).map_err(|source| RunDirError::io("create", folder, source))?;
        let fail = |source| RunDirError::io("write", &path, source);
        let mode = fs::Permissions::from_mode(MODE);
        let draft = tempfile::Builder::new().prefix(".draft-").permissions(mode).tempfile_in(folder);
        let mut draft = draft.map_err(fail)?;
        draft.write_all(content).map_err(fail)?;
        draft.as_file().sync_all().map_err(fail)?;
        draft.persist(&path).map_err(|error| fail(error.error))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str) -> RunId {
        RunId::parse(id).unwrap()
    }

    fn state() -> (tempfile::TempDir, StateFolder) {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        (folder, state)
    }

    #[test]
    fn a_pin_stays_until_it_is_taken_away() {
        let (_folder, state) = state();
        let (dir, _lock) = RunDir::create(&state, &run("r1")).unwrap();
        assert!(!dir.is_pinned());
        dir.pin("its report is not delivered yet").unwrap();
        assert!(dir.is_pinned());
        dir.unpin().unwrap();
        dir.unpin().unwrap();
        assert!(!dir.is_pinned());
    }

    #[test]
    fn every_file_of_a_run_can_be_read_by_the_same_people() {
        let (_folder, state) = state();
        let (dir, _lock) = RunDir::create(&state, &run("r1")).unwrap();
        dir.write("index.html", b"").unwrap();
        let _record = crate::recorder::Recorder::create(&dir, cc_ci_model::redact::Vault::default()).unwrap();
        let mode = |name: &str| fs::metadata(dir.file(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("index.html"), mode(EVENTS));
    }

    #[test]
    fn a_run_is_running_for_as_long_as_its_lock_is_held() {
        let (_folder, state) = state();
        let (dir, lock) = RunDir::create(&state, &run("r1")).unwrap();
        assert!(dir.is_running().unwrap());
        drop(lock);
        assert!(!dir.is_running().unwrap());
        assert_eq!(RunDir::open(&state, &run("r1")).unwrap(), dir);
    }

    #[test]
    fn a_lock_is_given_back_at_once_even_while_somebody_holds_a_copy_of_the_file() {
        let (_folder, state) = state();
        let (dir, lock) = RunDir::create(&state, &run("r1")).unwrap();
        // As a child that was forked and has not become its program yet.
        let _copy = lock.file.try_clone().unwrap();
        assert!(dir.is_running().unwrap());
        drop(lock);
        assert!(!dir.is_running().unwrap());
    }

    #[test]
    fn a_run_folder_is_never_taken_over() {
        let (_folder, state) = state();
        let _first = RunDir::create(&state, &run("r1")).unwrap();
        assert!(matches!(RunDir::create(&state, &run("r1")), Err(RunDirError::Exists { .. })));
        assert!(matches!(RunDir::open(&state, &run("r2")), Err(RunDirError::NoSuchRun { .. })));
    }

    #[test]
    fn a_file_is_replaced_whole_and_leaves_no_draft() {
        let (_folder, state) = state();
        let (dir, _lock) = RunDir::create(&state, &run("r1")).unwrap();
        dir.write("logs/app.log", b"a long first version").unwrap();
        dir.write("logs/app.log", b"short").unwrap();
        assert_eq!(fs::read(dir.file("logs/app.log")).unwrap(), b"short");
        assert_eq!(fs::read_dir(dir.file("logs")).unwrap().count(), 1);
    }

    #[test]
    fn a_file_cannot_be_written_outside_the_folder() {
        let (_folder, state) = state();
        let (dir, _lock) = RunDir::create(&state, &run("r1")).unwrap();
        for name in ["", "../x", "a/../../x", "/etc/x", "a/b/c", "logs/", ".hidden"] {
            assert!(matches!(dir.write(name, b""), Err(RunDirError::BadName(_))), "{name}");
        }
    }
}
