//! Reads back what a run's folder holds beside its record, for pages: logs, the stack as deployed, the picture of the app.

use crate::run_dir::{EFFECTIVE_STACK, LOGS, RunDir, RunDirError, SCREENSHOT};
use crate::serving::regular;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// The most of one log that is read; its end. Bytes.
pub const LOG_MOST: u64 = 256 << 10;

/// The most of the other files. Bytes.
const FILE_MOST: u64 = 8 << 20;

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Logs in order of their names.
    pub logs: Vec<KeptLog>,
    /// The stack as it was deployed.
    pub effective_stack: Option<String>,
    /// The picture of the app, PNG.
    pub screenshot: Option<Vec<u8>>,
}

/// A stored log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLog {
    /// The service.
    pub service: String,
    /// The file, relative to the run's folder.
    pub file: String,
    /// The end of the log, from the begin of a line.
    pub text: String,
    /// Bytes in front of it that were left out.
    pub cut: u64,
}

/// Reads what there is; what is missing is not an error.
pub fn read(dir: &RunDir) -> Result<Kept, RunDirError> {
    let effective_stack = whole(dir, EFFECTIVE_STACK)?;
    Ok(Kept {
        logs: logs(dir)?,
        effective_stack: effective_stack.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        screenshot: whole(dir, SCREENSHOT)?,
    })
}

fn logs(dir: &RunDir) -> Result<Vec<KeptLog>, RunDirError> {
    let folder = dir.file(LOGS);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(RunDirError::io("read", &folder, source)),
    };
    let mut logs = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| RunDirError::io("read", &folder, source))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
        let plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if let Some(service) = name.filter(plain) {
            let file = format!("{LOGS}/{service}.log");
            let fail = |source| RunDirError::io("read", &path, source);
            let Some(log) = regular(dir.path(), &file).map_err(fail)? else { continue };
            let (text, cut) = end_of(log).map_err(fail)?;
            logs.push(KeptLog { service: service.to_owned(), file, text, cut });
        }
    }
    logs.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(logs)
}

/// The end of a log, from the begin of a line, and how many bytes stand in front of it.
fn end_of(mut file: File) -> std::io::Result<(String, u64)> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LOG_MOST);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LOG_MOST).read_to_end(&mut bytes)?;
    let skip = match from {
        0 => 0,
        _ => bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1),
    };
    let kept = bytes.get(skip..).unwrap_or_default();
    let cut = from.saturating_add(u64::try_from(skip).unwrap_or(u64::MAX));
    Ok((String::from_utf8_lossy(kept).into_owned(), cut))
}

/// A whole file; `None` when it is not there, is no file, or is larger than a page can carry.
fn whole(dir: &RunDir, name: &str) -> Result<Option<Vec<u8>>, RunDirError> {
    let fail = |source| RunDirError::io("read", &dir.file(name), source);
    let Some(file) = regular(dir.path(), name).map_err(fail)? else { return Ok(None) };
    if file.metadata().map_err(fail)?.len() > FILE_MOST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(FILE_MOST).read_to_end(&mut bytes).map_err(fail)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_read_from_its_end_and_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::at(folder.path());
        assert_eq!(read(&dir).unwrap(), Kept::default());
        let line = format!("{}\n", "x".repeat(99));
        let long = line.repeat(4000);
        dir.write("logs/app.log", long.as_bytes()).unwrap();
        dir.write("logs/db.log", b"up\n").unwrap();
        dir.write("screenshot.png", b"png").unwrap();
        let kept = read(&dir).unwrap();
        let [app, db] = &kept.logs[..] else { panic!("{:?}", kept.logs) };
        assert_eq!((db.service.as_str(), db.text.as_str(), db.cut), ("db", "up\n", 0));
        assert!(app.text.starts_with('x') && app.text.len() % 100 == 0, "begins with a line");
        assert_eq!(app.cut + app.text.len() as u64, long.len() as u64);
        assert_eq!(kept.screenshot.as_deref(), Some(&b"png"[..]));
    }
}
