//! The runs of a state folder: which there are, how each stands, which came last.

use crate::run_dir::{EVENTS, RunDir, RunDirError};
use crate::state::StateFolder;
use cc_ci_model::event::{Event, Stamped};
use cc_ci_model::ids::RunId;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::time::SystemTime;

/// Says whether the ledger in a run's folder was opened and never closed. The ledger is the engine's, so whoever knows the
/// engine passes this in.
pub type LedgerOpen<'a> = &'a dyn Fn(&RunDir) -> bool;

/// A stored run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// The run.
    pub run: RunId,
    /// When its record was last written to.
    pub written: SystemTime,
    /// Whether it is over.
    pub state: RunState,
    /// Whether somebody said that it stays.
    pub pin: Pin,
}

/// Whether a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// A process performs it.
    Running,
    /// Its process died and its ledger is still needed to clean up.
    Uncleaned,
    /// It is over.
    Over,
}

/// Whether somebody said that a run stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Nobody.
    Free,
    /// Somebody: its report is still wanted.
    Pinned,
}

/// All runs of a state folder, in order of their ids. Folders that are not named like a run are none of ours. Of each run
/// nothing is opened but lock and ledger.
pub fn all(state: &StateFolder, ledger_open: LedgerOpen<'_>) -> Result<Vec<StoredRun>, RunDirError> {
    let mut found = Vec::new();
    for (run, dir) in folders(state)? {
        let state = if dir.is_running()? {
            RunState::Running
        } else if ledger_open(&dir) {
            RunState::Uncleaned
        } else {
            RunState::Over
        };
        let fail = |source| RunDirError::io("read", dir.path(), source);
        let record = fs::metadata(dir.file(EVENTS)).or_else(|_| fs::metadata(dir.path()));
        let written = record.and_then(|about| about.modified()).map_err(fail)?;
        let pin = if dir.is_pinned() { Pin::Pinned } else { Pin::Free };
        found.push(StoredRun { run, written, state, pin });
    }
    Ok(found)
}

/// The run whose record began last; runs that began in the same second are told apart by their ids. A record that does not say
/// when it began comes before all others.
pub fn latest(state: &StateFolder) -> Result<Option<RunDir>, RunDirError> {
    let recorded = folders(state)?.into_iter().filter(|(_, dir)| dir.file(EVENTS).is_file());
    let begun = recorded.map(|(run, dir)| (started(&dir).unwrap_or_default(), run, dir));
    Ok(begun.max_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1))).map(|(_, _, dir)| dir))
}

/// When the record of a run began, RFC 3339, UTC; such texts sort like the times.
fn started(dir: &RunDir) -> Option<String> {
    let mut first = String::new();
    BufReader::new(File::open(dir.file(EVENTS)).ok()?).read_line(&mut first).ok()?;
    let Event::RunStarted { started, .. } = serde_json::from_str::<Stamped>(&first).ok()?.event else { return None };
    Some(started)
}

/// The folders of all runs of a state folder, in order of their ids. None is opened, and none is led to by a link.
pub fn folders(state: &StateFolder) -> Result<Vec<(RunId, RunDir)>, RunDirError> {
    let runs = state.runs();
    let entries = match fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(RunDirError::io("read", &runs, source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| RunDirError::io("read", &runs, source))?;
        let Some(run) = entry.file_name().to_str().and_then(|name| RunId::parse(name).ok()) else { continue };
        // Not through a link: what it points to is not ours.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push((run, RunDir::at(entry.path())));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::event::FORMAT;
    use cc_ci_model::ids::{Commit, RecipeName};

    #[test]
    fn the_latest_run_is_the_one_whose_record_began_last_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        assert_eq!(latest(&state).unwrap(), None);
        for (id, started) in [("z", "2026-11-23T20:00:00Z"), ("a", "2026-11-23T20:00:01Z"), ("m", "")] {
            let (dir, _lock) = RunDir::create(&state, &RunId::parse(id).unwrap()).unwrap();
            let event = Event::RunStarted {
                format: FORMAT.major,
                minor: FORMAT.minor,
                run: RunId::parse(id).unwrap(),
                recipe: RecipeName::parse("shop").unwrap(),
                head: Commit::parse(&"a".repeat(40)).unwrap(),
                pr: None,
                started: started.to_owned(),
                program: "0".to_owned(),
            };
            if !started.is_empty() {
                let line = serde_json::to_string(&Stamped { seq: 0, ms: 0, event }).unwrap() + "\n";
                dir.write(EVENTS, line.as_bytes()).unwrap();
            }
        }
        assert_eq!(latest(&state).unwrap().unwrap().path().file_name().unwrap(), "a");
    }
}
