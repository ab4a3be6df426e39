//! A pseudo-terminal, for programs that refuse to work without one.

use process_wrap::tokio::{CommandWrap, CommandWrapper};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use tokio::io::unix::AsyncFd;

/// Rows and columns: no table that a program draws is folded.
const SIZE: Winsize = Winsize { ws_row: 200, ws_col: 500, ws_xpixel: 0, ws_ypixel: 0 };

/// The end that is read: what a person would see.
pub(super) struct Screen(AsyncFd<OwnedFd>);

/// Opens a terminal: what is read, and the program's three standard streams.
pub(super) fn open() -> io::Result<(Screen, [OwnedFd; 3])> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // Another program that is started at this moment must not hold it open.
    fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = rustix::pty::ptsname(&ours, Vec::new())?;
    let path = std::ffi::OsStr::from_bytes(name.to_bytes());
    let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or_default();
    let theirs: OwnedFd = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?.into();
    tcsetwinsize(&theirs, SIZE)?;
    fcntl_setfl(&ours, fcntl_getfl(&ours)? | OFlags::NONBLOCK)?;
    let streams = [theirs.try_clone()?, theirs.try_clone()?, theirs];
    Ok((Screen(registered(ours)?), streams))
}

#[expect(unsafe_code, reason = "the runtime cannot see by itself that nobody else closes the descriptor")]
fn registered(ours: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the registration owns the descriptor, always answers with the same one, and closes it after its own end.
    Ok(unsafe { AsyncFd::register(ours) }?)
}

impl Screen {
    /// Reads what was written; 0 when no program has the terminal open any more.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.0.readable().await?;
            let tried = ready.try_io(|screen| Ok(rustix::io::read(screen.get_ref().as_fd(), &mut *buffer)?));
            match tried {
                // Linux says so when the last program has closed its end.
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => return Ok(0),
                Ok(read) => return read,
                Err(_not_yet) => {}
            }
        }
    }
}

/// Makes standard input the controlling terminal of the new session, as in a terminal window.
#[derive(Debug)]
pub(super) struct Controlling;

impl CommandWrapper for Controlling {
    #[expect(unsafe_code, reason = "only the child itself can take its terminal, between fork and exec")]
    fn pre_spawn(&mut self, command: &mut tokio::process::Command, _core: &CommandWrap) -> io::Result<()> {
        let take = || Ok(rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?);
        // SAFETY: one ioctl, which is async-signal-safe; nothing allocates.
        unsafe {
            command.pre_exec(take);
        }
        Ok(())
    }
}
