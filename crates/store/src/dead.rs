//! Runs whose process died before they ended: how to wait for that, and which they are (ISO-4).

use crate::retention::{self, RunState};
use crate::run_dir::{EVENTS, LOCK, RunDir, RunDirError};
use cc_ci_model::event::{Event, Stamped};
use cc_ci_model::ids::RunId;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

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
pub fn was_killed(dir: &RunDir) -> Result<bool, RunDirError> {
    Ok(!dir.is_running()? && retention::is_uncleaned(dir) && !has_ended(dir))
}

/// The runs of a state folder that died.
pub fn killed(state: &Path) -> Result<Vec<(RunId, RunDir)>, RunDirError> {
    let mut found = Vec::new();
    for stored in retention::stored(state)?.into_iter().filter(|stored| stored.state == RunState::Uncleaned) {
        let dir = RunDir::open(state, &stored.run)?;
        if was_killed(&dir)? {
            found.push((stored.run, dir));
        }
    }
    Ok(found)
}

fn has_ended(dir: &RunDir) -> bool {
    let Ok(record) = fs::read_to_string(dir.file(EVENTS)) else { return false };
    let last = record.lines().next_back().and_then(|line| serde_json::from_str::<Stamped>(line).ok());
    last.is_some_and(|stamped| matches!(stamped.event, Event::RunEnded { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::event::RunEnd;

    #[test]
    fn a_run_died_if_it_neither_goes_on_nor_ended_nor_was_cleaned_up_after() {
        let state = tempfile::tempdir().unwrap();
        let make = |id: &str| RunDir::create(state.path(), &RunId::parse(id).unwrap()).unwrap();
        let open = b"{\"entry\":\"opened\",\"run\":\"x\",\"pid\":1}\n";
        let (_running, _held) = make("running");
        for id in ["dead", "ended", "cleaned", "made-nothing"] {
            let (dir, lock) = make(id);
            if id != "made-nothing" {
                dir.write("ledger.jsonl", open).unwrap();
            }
            drop(lock);
            let line = |seq, event| serde_json::to_string(&Stamped { seq, ms: seq, event }).unwrap() + "\n";
            let mut record = line(0, Event::VerdictDue);
            if id == "ended" {
                record += &line(1, Event::RunEnded { end: RunEnd::Completed });
            }
            dir.write(EVENTS, record.as_bytes()).unwrap();
            if id == "cleaned" {
                dir.write("ledger.jsonl", &[&open[..], b"{\"entry\":\"closed\"}\n"].concat()).unwrap();
            }
        }
        let died: Vec<String> = killed(state.path()).unwrap().into_iter().map(|(run, _)| run.to_string()).collect();
        assert_eq!(died, ["dead"]);
    }

    #[test]
    fn whoever_waits_for_the_end_is_not_the_run() {
        let state = tempfile::tempdir().unwrap();
        let (dir, lock) = RunDir::create(state.path(), &RunId::parse("r1").unwrap()).unwrap();
        let waiting = std::thread::spawn({
            let dir = dir.clone();
            move || wait_for_end(&dir)
        });
        assert!(!waiting.is_finished() && dir.is_running().unwrap());
        drop(lock);
        waiting.join().unwrap().unwrap();
        assert!(!dir.is_running().unwrap());
        wait_for_end(&RunDir::at(state.path().join("nowhere"))).unwrap();
    }
}
