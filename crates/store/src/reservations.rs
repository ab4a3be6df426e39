//! What each run of this state folder takes of the machine, written down before it makes anything (ISO-1, PERF-4).
//!
//! ```text
//! <state>/reservations/gate         locked for the moment in which somebody decides
//!                      <run>.json   what the run takes, and whether it waits or goes on
//! ```
//!
//! Whether a run lives is told by the lock of its own folder, which the kernel gives back however its process ends. So a reservation
//! holds nothing by itself: one of a run that is dead counts for nobody, and goes at the next look.

use crate::run_dir::RunDir;
use crate::state::StateFolder;
use crate::whole::{self, Held, StateFileError};
use cc_ci_model::admission::{Need, PlaceStage, Reserved};
use cc_ci_model::ids::RunId;
use std::fs;
use std::path::{Path, PathBuf};

/// How the file of a run ends.
const ENDING: &str = ".json";

/// The reservations of a state folder, for as long as nobody else decides.
#[derive(Debug)]
pub struct Book {
    folder: PathBuf,
    written: Vec<Reserved>,
    _gate: Held,
}

/// What a run has written down; taken back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    file: PathBuf,
    reserved: Reserved,
}

/// Opens the book; `None` while somebody else has it open.
pub fn open(state: &StateFolder) -> Result<Option<Book>, StateFileError> {
    let folder = state.reservations();
    whole::make_folder(&folder)?;
    let Some(gate) = whole::try_lock(&folder.join("gate"))? else { return Ok(None) };
    let written = living(state, &folder)?;
    Ok(Some(Book { folder, written, _gate: gate }))
}

impl Book {
    /// Living runs that wait or go on.
    #[must_use]
    pub fn written(&self) -> &[Reserved] {
        &self.written
    }

    /// Puts a run that holds the lock of its folder at the end of the queue.
    pub fn line_up(&mut self, run: &RunId, need: Need) -> Result<Reservation, StateFileError> {
        let last = self.written.iter().map(|one| one.turn).max().unwrap_or(0);
        let reserved = Reserved { run: run.clone(), turn: last.saturating_add(1), need, stage: PlaceStage::Waiting };
        let file = self.folder.join(format!("{run}{ENDING}"));
        // From here on, so that a file that was written in part goes again, too.
        let reservation = Reservation { file, reserved };
        reservation.write(&reservation.reserved)?;
        self.written.push(reservation.reserved.clone());
        Ok(reservation)
    }

    /// The run goes on from here.
    pub fn admit(&mut self, reservation: &mut Reservation) -> Result<(), StateFileError> {
        reservation.reserved.stage = PlaceStage::Admitted;
        reservation.write(&reservation.reserved)
    }
}

impl Reservation {
    /// The app is up, and that much memory of what was reserved is in use. Replaces the file whole, so no reader needs to be kept out.
    pub fn is_up(&self, memory: u64) -> Result<(), StateFileError> {
        self.write(&Reserved { stage: PlaceStage::Up { memory }, ..self.reserved.clone() })
    }

    fn write(&self, reserved: &Reserved) -> Result<(), StateFileError> {
        whole::write(&self.file, reserved)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // What stays is that of a run without a lock, which counts for nobody.
        let _still_there = whole::remove(&self.file);
    }
}

/// Reads what living runs have written, and removes what dead ones left.
fn living(state: &StateFolder, folder: &Path) -> Result<Vec<Reserved>, StateFileError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(StateFileError::io("read", folder))? {
        let file = entry.map_err(StateFileError::io("read", folder))?.path();
        let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(ENDING));
        let Some(run) = name.and_then(|name| RunId::parse(name).ok()) else { continue };
        if !lives(state, &run) {
            whole::remove(&file)?;
            continue;
        }
        match whole::read::<Reserved>(&file) {
            Ok(Some(reserved)) if reserved.run == run => found.push(reserved),
            // It was taken back a moment ago.
            Ok(None) => {}
            // The run goes on, whatever is the matter with its file; another version of this program may have written it.
            Ok(Some(_)) | Err(_) => {
                found.push(Reserved { run, turn: 0, need: Need::UNKNOWN, stage: PlaceStage::Admitted });
            }
        }
    }
    // Files lie in no order, and what is told should not change with it.
    found.sort_by(|one, other| (one.turn, &one.run).cmp(&(other.turn, &other.run)));
    Ok(found)
}

/// Whether a process performs the run. What cannot be found out counts as a yes: a place is never taken from a run that goes on.
fn lives(state: &StateFolder, run: &RunId) -> bool {
    RunDir::open(state, run).is_ok_and(|dir| dir.is_running().unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_dir::RunLock;

    struct Folder {
        _root: tempfile::TempDir,
        state: StateFolder,
    }

    impl Folder {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let state = StateFolder::open(root.path()).unwrap();
            Self { _root: root, state }
        }

        fn run(&self, id: &str) -> (RunId, RunLock) {
            let run = RunId::parse(id).unwrap();
            let (_, lock) = RunDir::create(&self.state, &run).unwrap();
            (run, lock)
        }

        fn book(&self) -> Book {
            open(&self.state).unwrap().expect("nobody else has it open")
        }

        fn seen(&self) -> Vec<(String, u64, PlaceStage)> {
            self.book().written().iter().map(|one| (one.run.to_string(), one.turn, one.stage)).collect()
        }
    }

    #[test]
    fn a_reservation_counts_for_as_long_as_its_run_lives() {
        let folder = Folder::new();
        let ((one, lock), (two, _held)) = (folder.run("zz"), folder.run("aa"));
        let mut book = folder.book();
        assert!(open(&folder.state).unwrap().is_none(), "one at a time decides");
        let mut first = book.line_up(&one, Need::UNKNOWN).unwrap();
        let second = book.line_up(&two, Need::UNKNOWN).unwrap();
        book.admit(&mut first).unwrap();
        drop(book);
        let both = [("zz".to_owned(), 1, PlaceStage::Admitted), ("aa".to_owned(), 2, PlaceStage::Waiting)];
        assert_eq!(folder.seen(), both, "in the order in which they came");
        first.is_up(7).unwrap();
        assert_eq!(folder.seen()[0].2, PlaceStage::Up { memory: 7 });
        // A process that is killed takes nothing back: its file stays, and its lock does not.
        std::mem::forget(first);
        drop(lock);
        assert_eq!(folder.seen(), both[1..]);
        assert!(!folder.state.reservations().join("zz.json").exists(), "what a dead run left is gone");
        drop(second);
        assert!(folder.seen().is_empty());
    }

    #[test]
    fn a_file_that_nobody_can_read_is_a_run_for_as_long_as_that_lives() {
        let folder = Folder::new();
        let (run, lock) = folder.run("r1");
        drop(folder.book());
        let file = folder.state.reservations().join("r1.json");
        for text in ["", "{\"turn\": 3}", "[]"] {
            fs::write(&file, text).unwrap();
            assert_eq!(folder.seen(), [("r1".to_owned(), 0, PlaceStage::Admitted)], "{text:?}");
        }
        // One that names another run is no word about that one.
        let other =
            Reserved { run: RunId::parse("r2").unwrap(), turn: 1, need: Need::UNKNOWN, stage: PlaceStage::Waiting };
        whole::write(&file, &other).unwrap();
        assert_eq!(folder.seen()[0].0, run.to_string());
        drop(lock);
        assert!(folder.seen().is_empty());
    }

    #[test]
    fn a_file_of_a_run_that_never_was_is_removed_and_other_files_are_left_alone() {
        let folder = Folder::new();
        drop(folder.book());
        let at = |name: &str| folder.state.reservations().join(name);
        for name in ["ghost.json", "notes.txt", ".json", "no id.json"] {
            fs::write(at(name), "{}").unwrap();
        }
        assert!(folder.seen().is_empty());
        assert!(!at("ghost.json").exists());
        assert!(at("notes.txt").exists() && at(".json").exists() && at("no id.json").exists());
    }

    #[test]
    fn whoever_comes_is_behind_everybody_who_is_there() {
        let folder = Folder::new();
        let ((one, _one), (two, _two), (three, _three)) = (folder.run("r1"), folder.run("r2"), folder.run("r3"));
        let first = folder.book().line_up(&one, Need::UNKNOWN).unwrap();
        let second = folder.book().line_up(&two, Need::UNKNOWN).unwrap();
        drop(first);
        let third = folder.book().line_up(&three, Need::UNKNOWN).unwrap();
        let turns = [&second, &third].map(|one| one.reserved.turn);
        assert_eq!(turns, [2, 3]);
    }
}
