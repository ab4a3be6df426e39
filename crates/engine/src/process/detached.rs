//! Starts a program that outlives us, and is one: nothing of the starter's is held by it.

use super::lineage;
use super::{Command, ProcessError};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use std::os::fd::RawFd;
use std::process::Stdio;
use std::time::Duration;

/// A program that goes on when we end.
#[derive(Debug)]
pub struct Detached(Box<dyn ChildWrapper>);

/// Starts a program as the leader of a session of its own, with nothing on its standard streams. Its deadline and what is to
/// be fed to it do not count: nobody watches it. It should call [`let_go`] first of all.
pub fn detach(command: &Command) -> Result<Detached, ProcessError> {
    let mut wrap = CommandWrap::with_new(&command.program, |inner| {
        inner.args(&command.args).env_clear().envs(&command.env).arg0("cc-ci");
        inner.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        inner.current_dir(command.cwd.as_deref().unwrap_or_else(|| std::path::Path::new("/")));
    });
    let mut door = lineage::starting();
    let child = wrap.wrap(ProcessSession).spawn();
    door.list(child.as_ref().ok().and_then(|child| child.id()));
    child.map(Detached).map_err(|source| ProcessError::Start { program: command.name(), source })
}

impl Detached {
    /// Waits for its end, for no longer than `limit`; whether it came.
    pub async fn ended(&mut self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.0.wait()).await.is_ok()
    }
}

/// Closes every descriptor beyond the standard streams that this process was started with: a pipe of the CI that waits for
/// all its writers, a file on a folder that is to be unmounted. To be called before anything is opened.
pub fn let_go() {
    let open: Vec<RawFd> = std::fs::read_dir("/proc/self/fd").map_or_else(
        |_no_proc| Vec::new(),
        |entries| entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect(),
    );
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The one of the listing itself is gone already.
        let _gone = nix::unistd::close(descriptor);
    }
}
