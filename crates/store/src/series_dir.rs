//! What is kept of a series of upgrades: its plan, what it came to, its page and its card. The runs have folders of their own.

use crate::run_dir::{RunDir, RunDirError, RunLock};
use crate::state::StateFolder;
use cc_ci_model::ids::RunId;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is planned, written before the first run begins.
pub const PLAN: &str = "plan.json";

/// How many series are kept. They are small: what is large lies with their runs.
pub const KEPT: usize = 50;

/// The folder of a series: `<state>/series/<id>/`.
#[derive(Debug)]
pub struct SeriesDir {
    dir: RunDir,
    /// Says that the series goes on.
    _lock: RunLock,
}

impl SeriesDir {
    /// Makes the folder of a new series. One that is there already is never taken over.
    pub fn create(state: &StateFolder, series: &RunId) -> Result<Self, RunDirError> {
        let all = state.series();
        fs::create_dir_all(&all).map_err(|source| RunDirError::io("create", &all, source))?;
        let path = all.join(series.as_str());
        match fs::create_dir(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(RunDirError::Exists { run: series.clone(), path });
            }
            Err(source) => return Err(RunDirError::io("create", &path, source)),
        }
        let lock = RunLock::hold(&path)?;
        Ok(Self { dir: RunDir::at(path), _lock: lock })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file of the folder, whole or not at all.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, RunDirError> {
        self.dir.write(name, content)
    }

    /// Removes those that came first, until no more than `most` are left. One that goes on stays.
    pub fn retain(state: &StateFolder, most: usize) -> Result<(), RunDirError> {
        let all = state.series();
        let entries = match fs::read_dir(&all) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(RunDirError::io("read", &all, source)),
        };
        let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| RunDirError::io("read", &all, source))?;
            let about = entry.metadata().map_err(|source| RunDirError::io("read", &entry.path(), source))?;
            if about.is_dir() {
                found.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
            }
        }
        found.sort();
        let too_many = found.len().saturating_sub(most);
        for (_, path) in found.into_iter().take(too_many) {
            if !RunDir::at(&path).is_running()? {
                fs::remove_dir_all(&path).map_err(|source| RunDirError::io("remove", &path, source))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RunId {
        RunId::parse(text).unwrap()
    }

    #[test]
    fn the_first_go_and_one_that_goes_on_stays() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        SeriesDir::retain(&state, 2).unwrap();
        let names = ["s1", "s2", "s3", "s4"];
        let mut all: Vec<SeriesDir> = names.iter().map(|name| SeriesDir::create(&state, &id(name)).unwrap()).collect();
        for (dir, hours) in all.iter().zip([4, 3, 2, 1]) {
            let then = SystemTime::now() - std::time::Duration::from_hours(hours);
            fs::File::open(dir.path()).unwrap().set_modified(then).unwrap();
        }
        assert!(matches!(SeriesDir::create(&state, &id("s1")), Err(RunDirError::Exists { .. })));
        // The first one goes on; the others are over.
        let first = all.remove(0);
        drop(all);
        SeriesDir::retain(&state, 2).unwrap();
        let is_there = |name: &str| state.series().join(name).is_dir();
        assert_eq!(names.map(is_there), [true, false, true, true]);
        drop(first);
        SeriesDir::retain(&state, 2).unwrap();
        assert_eq!(names.map(is_there), [false, false, true, true]);
    }
}
