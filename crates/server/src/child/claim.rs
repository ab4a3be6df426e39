//! The claim: a locked file that is the standard input of a run. It is held for exactly as long as the run lives.

use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

/// The file.
const NAME: &str = "claim";

/// Whether a run lives.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It does.
    Held,
    /// It does not; here is its claim, locked by us.
    Free(File),
}

/// How a run is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// In an orderly way.
    End,
    /// At once.
    Kill,
}

fn open(folder: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(NAME))
}

/// Looks at the claim in the folder of a job.
pub(crate) fn look(folder: &Path) -> io::Result<Claim> {
    let file = open(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(Claim::Free(file)),
        Err(TryLockError::WouldBlock) => Ok(Claim::Held),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Calls back once the claim in a folder is free.
pub(crate) fn when_free(folder: &Path, call: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let file = open(folder)?;
    let watch = move || {
        // Shared: two that wait do not keep each other from it. Whether it was granted or refused, a look follows.
        drop(file.lock_shared());
        drop(file);
        call();
    };
    thread::Builder::new().name("claim".to_owned()).spawn(watch).map(drop)
}

/// Tells whoever holds the claim to end; how many were told. No process is told whose standard input is another file.
pub(crate) fn holders_told(folder: &Path, signal: Signal) -> io::Result<usize> {
    let claim = fs::metadata(folder.join(NAME))?;
    let holds = |pid: i32| {
        let input = fs::metadata(format!("/proc/{pid}/fd/0"));
        input.is_ok_and(|input| (input.dev(), input.ino()) == (claim.dev(), claim.ino()))
    };
    let mut told = 0;
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        if !holds(pid) {
            continue;
        }
        let Some(process) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
            continue;
        };
        // The number may have become another process's before it was pinned down.
        if holds(pid) {
            let signal = match signal {
                Signal::End => rustix::process::Signal::TERM,
                Signal::Kill => rustix::process::Signal::KILL,
            };
            told += usize::from(pidfd_send_signal(&process, signal).is_ok());
        }
    }
    Ok(told)
}
