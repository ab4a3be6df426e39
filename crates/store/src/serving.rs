//! Hands a file of a run's folder to somebody else: by a list of what may be seen, never through a link, and only a file.

use crate::run_dir::{
    BADGE, CARD, EFFECTIVE_STACK, EVENTS, JUNIT, LINT, LOGS, PAGE, RESULTS, RunDir, RunDirError, SCREENSHOT, SUMMARY,
    TIMELINE,
};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::path::Path;

/// Every file that may be seen by whoever asks, beside the logs.
const SHOWN: [&str; 11] =
    [EVENTS, RESULTS, JUNIT, LINT, SUMMARY, TIMELINE, EFFECTIVE_STACK, PAGE, BADGE, CARD, SCREENSHOT];

/// The name of a file that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownFile(String);

impl ShownFile {
    /// Reads a name; `None` for one that is not shown: the ledger, the lock, and whatever nobody thought of.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let log = |name: &str| {
            let service = name.strip_prefix(LOGS)?.strip_prefix('/')?.strip_suffix(".log")?;
            let plain = service.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            (plain && !service.is_empty() && !service.starts_with('.')).then_some(())
        };
        (SHOWN.contains(&name) || log(name).is_some()).then(|| Self(name.to_owned()))
    }

    /// The name, relative to the run's folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Opens the file; `None` when it is not there, or is a link, a pipe or a folder. A pipe is not waited for.
pub fn open(dir: &RunDir, file: &ShownFile) -> Result<Option<File>, RunDirError> {
    if !std::fs::symlink_metadata(dir.path()).is_ok_and(|about| about.is_dir()) {
        return Ok(None);
    }
    regular(dir.path(), file.name()).map_err(|source| RunDirError::io("open", &dir.file(file.name()), source))
}

/// Opens a regular file below a folder without following a link on the way from there.
pub(crate) fn regular(folder: &Path, name: &str) -> std::io::Result<Option<File>> {
    let step = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let absent = |error: Errno| match error {
        Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NXIO => Ok(None),
        other => Err(other.into()),
    };
    let mut at = match rustix::fs::open(folder, (step | OFlags::DIRECTORY) - OFlags::NOFOLLOW, Mode::empty()) {
        Ok(at) => at,
        Err(error) => return absent(error),
    };
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_some() { step | OFlags::DIRECTORY } else { step };
        at = match rustix::fs::openat(&at, part, flags, Mode::empty()) {
            Ok(next) => next,
            Err(error) => return absent(error),
        };
    }
    let file = File::from(at);
    Ok(file.metadata()?.is_file().then_some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_what_is_listed_is_shown() {
        for name in SHOWN.into_iter().chain(["logs/app.log", "logs/a_b-c.d.log"]) {
            assert_eq!(ShownFile::parse(name).unwrap().name(), name);
        }
        let kept = ["ledger.jsonl", "lock", "keep", "reaper.log", "trees/compose.yml", "hook-state/x", "jobs/1"];
        let tricks = ["", "/", "..", "logs", "logs/", "logs/.log", "logs/..log", "logs/../lock.log", "logs/a/b.log"];
        let others =
            ["./events.jsonl", "events.jsonl/", "EVENTS.JSONL", "logs/app.log\0", "logs/app.log.gz", "logs//a.log"];
        for name in kept.into_iter().chain(tricks).chain(others) {
            assert_eq!(ShownFile::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_link_a_pipe_and_a_folder_are_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::at(folder.path().join("r1"));
        fs::create_dir_all(dir.path()).unwrap();
        fs::write(folder.path().join("secret"), "s").unwrap();
        let shown = |name: &str| open(&dir, &ShownFile::parse(name).unwrap()).unwrap();
        assert!(shown(EVENTS).is_none());
        symlink("../secret", dir.file(EVENTS)).unwrap();
        assert!(shown(EVENTS).is_none());
        rustix::fs::mknodat(rustix::fs::CWD, dir.file(LINT), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert!(shown(LINT).is_none());
        fs::create_dir(dir.file(SUMMARY)).unwrap();
        assert!(shown(SUMMARY).is_none());
        // A link in front of the name counts, too.
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        fs::write(folder.path().join("elsewhere/app.log"), "s").unwrap();
        symlink("../elsewhere", dir.file(LOGS)).unwrap();
        assert!(shown("logs/app.log").is_none());
        symlink("r1", folder.path().join("r2")).unwrap();
        fs::write(dir.file(RESULTS), "{}").unwrap();
        assert!(shown(RESULTS).is_some());
        let linked = RunDir::at(folder.path().join("r2"));
        assert!(open(&linked, &ShownFile::parse(RESULTS).unwrap()).unwrap().is_none());
    }
}
