//! Runs whose process died before they ended: how to wait for that, and which they are (ISO-4).

use crate::life;
use crate::run_dir::{LOCK, RunDir, RunDirError};
use crate::state::StateFolder;
use crate::stored::{self, LedgerOpen, RunState};
use cc_ci_model::ids::RunId;
use std::fs::File;
use std::io::ErrorKind;

/// Waits, without a limit, until no process performs the run. A folder that is gone belongs to none.
pub fn wait_for_end(dir: &RunDir) -> Result<(), RunDirError> {
    let path = dir.file(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(RunDirError::Io { verb: "open", path, source }),
    };
    // Shared, so that nobody takes the one who waits for the run.
    file.lock_shared().map_err(|source| RunDirError::Io { verb: "lock", path, source })
}

/// Whether the run died: nobody performs it, its ledger is open, and its record has no end. One that ended by itself has said
/// what it left behind.
pub fn was_killed(dir: &RunDir, ledger_open: LedgerOpen<'_>) -> Result<bool, RunDirError> {
    Ok(!dir.is_running()? && ledger_open(dir) && !life::has_ended(dir)?)
}

/// The runs of a state folder that died.
pub fn killed(state: &StateFolder, ledger_open: LedgerOpen<'_>) -> Result<Vec<(RunId, RunDir)>, RunDirError> {
    let mut found = Vec::new();
    for stored in stored::all(state, ledger_open)?.into_iter().filter(|stored| stored.state == RunState::Uncleaned) {
        let dir = RunDir::open(state, &stored.run)?;
        if was_killed(&dir, ledger_open)? {
            found.push((stored.run, dir));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_dir::EVENTS;
    use cc_ci_model::event::{Event, RunEnd, Stamped};

    #[test]
    fn a_run_died_if_it_neither_goes_on_nor_ended_nor_was_cleaned_up_after() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        let make = |id: &str| RunDir::create(&state, &RunId::parse(id).unwrap()).unwrap();
        let (_running, _held) = make("running");
        for id in ["dead", "ended", "cleaned"] {
            let (dir, lock) = make(id);
            drop(lock);
            let line = |seq, event| serde_json::to_string(&Stamped { seq, ms: seq, event }).unwrap() + "\n";
            let mut record = line(0, Event::VerdictDue);
            if id == "ended" {
                record += &line(1, Event::RunEnded { end: RunEnd::Completed });
            }
            dir.write(EVENTS, record.as_bytes()).unwrap();
        }
        let cleaned = state.runs().join("cleaned");
        let ledger_open = |dir: &RunDir| dir.path() != cleaned;
        let died = killed(&state, &ledger_open).unwrap();
        let died: Vec<String> = died.into_iter().map(|(run, _)| run.to_string()).collect();
        assert_eq!(died, ["dead"]);
    }

    #[test]
    fn whoever_waits_for_the_end_is_not_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        let (dir, lock) = RunDir::create(&state, &RunId::parse("r1").unwrap()).unwrap();
        let waiting = std::thread::spawn({
            let dir = dir.clone();
            move || wait_for_end(&dir)
        });
        assert!(!waiting.is_finished() && dir.is_running().unwrap());
        drop(lock);
        waiting.join().unwrap().unwrap();
        assert!(!dir.is_running().unwrap());
        wait_for_end(&RunDir::at(folder.path().join("nowhere"))).unwrap();
    }
}
