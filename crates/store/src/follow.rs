//! Reads on in the record of a run that may still be growing.

use crate::replay::ReplayError;
use crate::run_dir::{EVENTS, RunDir};
use cc_ci_model::event::Stamped;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// The most that is read at once, so that a follower that comes late takes no more memory than others. Bytes.
const MOST: u64 = 8 << 20;

/// What was added to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The events of whole lines.
    pub events: Vec<Stamped>,
    /// Where to read on: the begin of the first line that was not whole yet.
    pub next: u64,
}

/// Reads every whole line from `from` on, which is 0 or the `next` of an earlier answer. There may be more than one answer
/// holds: ask until nothing is added. A record that is not there yet has no lines.
pub fn follow(dir: &RunDir, from: u64) -> Result<Follow, ReplayError> {
    let path = dir.file(EVENTS);
    let failed = |source| ReplayError::Io { path: path.clone(), source };
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Follow { events: Vec::new(), next: from }),
        Err(source) => return Err(failed(source)),
    };
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut added = Vec::new();
    file.take(MOST).read_to_end(&mut added).map_err(failed)?;
    let whole = added.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    added.truncate(whole);
    let mut events = Vec::new();
    for (at, line) in added.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        let event = serde_json::from_slice(line);
        // Counted from where was read on.
        events.push(event.map_err(|source| ReplayError::Line { path: path.clone(), line: at + 1, source })?);
    }
    Ok(Follow { events, next: from + whole as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::event::Event;
    use std::fs::OpenOptions;
    use std::io::Write;

    #[test]
    fn a_line_is_read_once_and_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::at(folder.path());
        assert_eq!(follow(&dir, 0).unwrap(), Follow { events: Vec::new(), next: 0 });
        let stamped = |seq| Stamped { seq, ms: seq, event: Event::VerdictDue };
        let line = |seq| serde_json::to_string(&stamped(seq)).unwrap() + "\n";
        let add = |text: &str| {
            let mut file = OpenOptions::new().create(true).append(true).open(dir.file(EVENTS)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let second = line(1);
        let (begin, rest) = second.split_at(9);
        add(&(line(0) + begin));
        let first = follow(&dir, 0).unwrap();
        assert_eq!(first, Follow { events: vec![stamped(0)], next: line(0).len() as u64 });
        assert_eq!(follow(&dir, first.next).unwrap(), Follow { events: Vec::new(), next: first.next });
        add(rest);
        let then = follow(&dir, first.next).unwrap();
        assert_eq!(then, Follow { events: vec![stamped(1)], next: (line(0) + &line(1)).len() as u64 });
    }
}
