//! How far a run has come, told by its folder: by its lock, and by the last line of its record.

use crate::run_dir::{EVENTS, RunDir, RunDirError};
use cc_ci_model::event::{Event, Stamped};
use cc_ci_model::report::life::Life;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// More than the last line of a record that ended can be long. Bytes.
const END: u64 = 64 << 10;

/// Looks at the folder of a run.
pub fn life(dir: &RunDir) -> Result<Life, RunDirError> {
    // In this order: a run that ends between the two questions is over, not dead.
    let running = dir.is_running()?;
    Ok(match record(dir)? {
        Record::Ended => Life::Over,
        Record::Begun if running => Life::Running,
        Record::None if running => Life::Preparing,
        Record::Begun | Record::None => Life::Died,
    })
}

/// Whether the record says how the run ended.
pub(crate) fn has_ended(dir: &RunDir) -> Result<bool, RunDirError> {
    Ok(matches!(record(dir)?, Record::Ended))
}

enum Record {
    None,
    Begun,
    Ended,
}

fn record(dir: &RunDir) -> Result<Record, RunDirError> {
    let path = dir.file(EVENTS);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Record::None),
        Err(source) => return Err(RunDirError::io("open", &path, source)),
    };
    let mut end = Vec::new();
    let mut read = || {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        file.by_ref().take(END).read_to_end(&mut end)
    };
    if read().map_err(|source| RunDirError::io("read", &path, source))? == 0 {
        return Ok(Record::None);
    }
    let last = end.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let last = serde_json::from_slice::<Stamped>(last).ok();
    Ok(match last.map(|stamped| stamped.event) {
        Some(Event::RunEnded { .. }) => Record::Ended,
        Some(_) | None => Record::Begun,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateFolder;
    use cc_ci_model::event::RunEnd;
    use cc_ci_model::ids::RunId;

    #[test]
    fn lock_and_record_tell_the_life_of_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        let (dir, lock) = RunDir::create(&state, &RunId::parse("r1").unwrap()).unwrap();
        assert_eq!(life(&dir).unwrap(), Life::Preparing);
        let line = |seq, event| serde_json::to_string(&Stamped { seq, ms: seq, event }).unwrap() + "\n";
        let mut record = line(0, Event::VerdictDue);
        dir.write(EVENTS, record.as_bytes()).unwrap();
        assert_eq!(life(&dir).unwrap(), Life::Running);
        record += &line(1, Event::RunEnded { end: RunEnd::Completed });
        dir.write(EVENTS, record.as_bytes()).unwrap();
        assert_eq!(life(&dir).unwrap(), Life::Over, "it still draws its reports");
        drop(lock);
        assert_eq!(life(&dir).unwrap(), Life::Over);
        dir.write(EVENTS, line(0, Event::VerdictDue).as_bytes()).unwrap();
        assert_eq!(life(&dir).unwrap(), Life::Died);
        std::fs::remove_file(dir.file(EVENTS)).unwrap();
        assert_eq!(life(&dir).unwrap(), Life::Died, "killed while it prepared");
    }
}
