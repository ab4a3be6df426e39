//! The run's own ledger: what will be made and deployed, written to disk before it happens (ISO-2, RUN-3b).
//!
//! A killed run leaves this file for `cc-ci clean`; at the end the deploys in it are read back from disk and compared with
//! the plan and with what the engine saw. Nothing here looks at the engine: [`crate::witness`] is the independent count.

use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::Object;
use cc_ci_model::plan::permit::Purpose;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The ledger's file name in the run folder.
pub const FILE: &str = "ledger.jsonl";

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum LedgerEntry {
    /// Always first: whose ledger this is and which process writes it.
    Opened {
        /// The run.
        run: RunId,
        /// Process id of the runner.
        pid: u32,
    },
    /// An object is about to be made.
    Making {
        /// Which.
        object: Object,
    },
    /// An object that a hook on the host left: it is the run's to remove, whatever label it carries.
    Found {
        /// Which.
        object: Object,
    },
    /// A stack is about to be deployed.
    Deploying {
        /// Its name.
        stack: StackName,
        /// The permit it spends.
        purpose: Purpose,
    },
    /// A namespace is about to be made in a provider.
    Namespace {
        /// The provider's recipe.
        provider: String,
        /// The provider's stack.
        stack: StackName,
        /// For which capability.
        capability: String,
        /// Its name.
        namespace: String,
    },
    /// Teardown is complete; nothing is left to clean.
    Closed,
}

/// Why the ledger could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system refused.
    #[error("cannot {verb} the ledger {path}: {source}")]
    Io {
        /// `create`, `write` or `read`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not a ledger entry.
    #[error("{path}, line {line}: not a ledger entry: {source}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
}

impl Ledger {
    /// Creates the ledger of `run` in `folder`.
    pub fn create(folder: &Path, run: &RunId) -> Result<Self, LedgerError> {
        let path = folder.join(FILE);
        let file = OpenOptions::new().create_new(true).append(true).open(&path).map_err(|source| LedgerError::Io {
            verb: "create",
            path: path.clone(),
            source,
        })?;
        let ledger = Self { path, file: Mutex::new(file) };
        ledger.write(&LedgerEntry::Opened { run: run.clone(), pid: std::process::id() })?;
        Ok(ledger)
    }

    /// Goes on with the ledger in `folder` of something that was made by a process before. A torn last line goes.
    pub fn resume(folder: &Path) -> Result<Self, LedgerError> {
        let path = folder.join(FILE);
        let io = |verb| {
            let path = path.clone();
            move |source| LedgerError::Io { verb, path, source }
        };
        let text = std::fs::read(&path).map_err(io("read"))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let file = OpenOptions::new().append(true).open(&path).map_err(io("write"))?;
        if whole < text.len() {
            file.set_len(whole as u64).map_err(io("write"))?;
        }
        Ok(Self { path, file: Mutex::new(file) })
    }

    /// Appends one entry; returns only when the kernel has it, so that a killed process loses nothing.
    pub fn write(&self, entry: &LedgerEntry) -> Result<(), LedgerError> {
        let io = |source| LedgerError::Io { verb: "write", path: self.path.clone(), source };
        let mut line = serde_json::to_string(entry).map_err(|source| io(source.into()))?;
        line.push('\n');
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()).map_err(io)
    }

    /// Notes an object that is about to be made.
    pub fn making(&self, object: Object) -> Result<(), LedgerError> {
        self.write(&LedgerEntry::Making { object })
    }

    /// Where the ledger is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Notes in the ledger of a dead run that nothing of it is left.
pub fn close(path: &Path) -> Result<(), LedgerError> {
    let io = |source| LedgerError::Io { verb: "write", path: path.to_owned(), source };
    let mut file = OpenOptions::new().append(true).open(path).map_err(io)?;
    // A torn last line of the dead run must not swallow this one.
    let line = serde_json::to_string(&LedgerEntry::Closed).map_err(|source| io(source.into()))?;
    file.write_all(format!("\n{line}\n").as_bytes()).map_err(io)
}

/// Reads a ledger back from disk. A torn last line, as a killed process can leave, is dropped, also when a clean-up has
/// closed the ledger after it.
pub fn read(path: &Path) -> Result<Vec<LedgerEntry>, LedgerError> {
    let text = std::fs::read_to_string(path).map_err(|source| LedgerError::Io {
        verb: "read",
        path: path.to_owned(),
        source,
    })?;
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let lines: Vec<(usize, &str)> = whole.lines().enumerate().filter(|(_, line)| !line.is_empty()).collect();
    let closed_after =
        |at: usize| lines.get(at + 1..).is_some_and(|rest| matches!(rest, [(_, last)] if is_closed(last)));
    let mut entries = Vec::with_capacity(lines.len());
    for (at, (line, text)) in lines.iter().enumerate() {
        match serde_json::from_str(text) {
            Ok(entry) => entries.push(entry),
            Err(_) if closed_after(at) => {}
            Err(source) => return Err(LedgerError::Line { path: path.to_owned(), line: line + 1, source }),
        }
    }
    Ok(entries)
}

/// Whether the ledger in a run's folder was opened and never closed, so that somebody has to clean up. Only its last line
/// counts; one that cannot be read says nothing of the sort.
#[must_use]
pub fn is_open(folder: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join(FILE)) else { return false };
    !text.lines().next_back().is_some_and(is_closed)
}

fn is_closed(line: &str) -> bool {
    matches!(serde_json::from_str(line), Ok(LedgerEntry::Closed))
}

/// The stacks a ledger says were deployed, in order.
#[must_use]
pub fn deploys(entries: &[LedgerEntry]) -> Vec<StackName> {
    entries
        .iter()
        .filter_map(|entry| match entry {
            LedgerEntry::Deploying { stack, .. } => Some(stack.clone()),
            LedgerEntry::Opened { .. }
            | LedgerEntry::Making { .. }
            | LedgerEntry::Found { .. }
            | LedgerEntry::Namespace { .. }
            | LedgerEntry::Closed => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::object::ObjectKind;

    #[test]
    fn what_was_written_is_read_back_even_after_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::parse("r1").unwrap();
        let ledger = Ledger::create(folder.path(), &run).unwrap();
        ledger.making(Object::new(ObjectKind::Volume, "r1-repo")).unwrap();
        let stack = StackName::observed("mini-abc123");
        ledger.write(&LedgerEntry::Deploying { stack: stack.clone(), purpose: Purpose::Base }).unwrap();
        OpenOptions::new().append(true).open(ledger.path()).unwrap().write_all(b"{\"entry\":\"ma").unwrap();
        let entries = read(ledger.path()).unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(deploys(&entries), [stack]);
        assert!(is_open(folder.path()));
        close(ledger.path()).unwrap();
        assert!(!is_open(folder.path()) && !is_open(&folder.path().join("nowhere")));
        assert_eq!(read(ledger.path()).unwrap().last(), Some(&LedgerEntry::Closed));
    }

    #[test]
    fn another_process_goes_on_with_it_and_a_torn_line_is_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::parse("r1").unwrap();
        drop(Ledger::create(folder.path(), &run).unwrap());
        let path = folder.path().join(FILE);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"entry\":\"ma").unwrap();
        let ledger = Ledger::resume(folder.path()).unwrap();
        ledger.making(Object::new(ObjectKind::Volume, "r1-repo")).unwrap();
        assert_eq!(read(&path).unwrap().len(), 2);
        assert!(Ledger::resume(&folder.path().join("nowhere")).is_err());
    }

    #[test]
    fn a_second_ledger_for_the_same_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::parse("r1").unwrap();
        let _first = Ledger::create(folder.path(), &run).unwrap();
        assert!(Ledger::create(folder.path(), &run).is_err());
    }
}
