//! The only place that starts other programs: cleared environment, deadline, bounded output, and the whole tree dies.
//!
//! A command runs as the leader of a session of its own. Its whole process group is killed when its deadline passes, when
//! it is cancelled, when the future is dropped, and when its leader has ended: nothing it started in the background lives
//! on. What leaves the group by a session of its own is found as well where [`Ends::Everything`] asks for it. If this process
//! is killed with SIGKILL, the kernel kills the leader too; what the leader started is then the reaper's work. One limit: the
//! kernel ties the leader to the *thread* that started it, so commands are started from runtime threads, never from
//! `spawn_blocking`.

mod detached;
mod drive;
mod lineage;
mod terminal;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub use detached::{Detached, detach, let_go};
pub use lineage::LeftRunning;

/// A program to run, and everything it may see and use.
#[derive(Debug, Clone)]
pub struct Command {
    /// Name looked up in this command's own `PATH`, or a path.
    pub program: OsString,
    /// Arguments, without the program.
    pub args: Vec<OsString>,
    /// Working directory; the caller's own when `None`.
    pub cwd: Option<PathBuf>,
    /// The whole environment: nothing else is passed on.
    pub env: BTreeMap<OsString, OsString>,
    /// What the program reads from standard input.
    pub stdin: Vec<u8>,
    /// How long it may run.
    pub deadline: Duration,
    /// How many bytes of standard output, and of standard error, are kept. What comes after is read and dropped.
    pub output_cap: usize,
    /// What becomes of a program that says more than that.
    pub at_cap: AtCap,
    /// What its three standard streams lead to.
    pub console: Console,
    /// What is ended with it.
    pub ends: Ends,
}

/// What of all that a program started is ended with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Its process group.
    Group,
    /// Everything, whatever group, session or parent it gave itself. Reads all of `/proc`; one such program runs at a time.
    Everything,
}

/// What becomes of a program whose output passes its cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtCap {
    /// It goes on; the rest is read and dropped.
    GoesOn,
    /// It is killed.
    Ends,
}

/// What a program's standard streams lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// Three pipes.
    Pipes,
    /// One terminal, wide enough that no table is folded. Both output streams are read as standard output, and nobody
    /// types: a program that asks something waits until its deadline.
    Terminal,
}

impl Command {
    /// A command with an environment of only `PATH` and `HOME`, a deadline of one minute, and 16 MiB of output.
    pub fn new(program: impl Into<OsString>) -> Self {
        let bare = Self {
            program: program.into(),
            args: Vec::new(),
            cwd: None,
            env: BTreeMap::new(),
            stdin: Vec::new(),
            deadline: Duration::from_secs(60),
            output_cap: 16 * 1024 * 1024,
            at_cap: AtCap::GoesOn,
            console: Console::Pipes,
            ends: Ends::Group,
        };
        bare.inherit(&["PATH", "HOME"])
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = Some(dir.into());
        self
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets environment variables.
    #[must_use]
    pub fn envs<N: Into<OsString>, V: Into<OsString>>(self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        variables.into_iter().fold(self, |command, (name, value)| command.env(name, value))
    }

    /// Passes on the caller's own value of each named variable that is set.
    #[must_use]
    pub fn inherit(mut self, names: &[&str]) -> Self {
        for name in names {
            if let Some(value) = std::env::var_os(name) {
                self.env.insert((*name).into(), value);
            }
        }
        self
    }

    /// Drops every variable set so far.
    #[must_use]
    pub fn clear_env(mut self) -> Self {
        self.env.clear();
        self
    }

    /// Sets what the program reads from standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Sets how long it may run.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets how many bytes are kept of each output stream.
    #[must_use]
    pub fn output_cap(mut self, bytes: usize) -> Self {
        self.output_cap = bytes;
        self
    }

    /// Ends the program as soon as its output passes the cap: all of it together would say no more.
    #[must_use]
    pub fn stop_at_cap(mut self) -> Self {
        self.at_cap = AtCap::Ends;
        self
    }

    /// Gives it a terminal, for a program that refuses to work without one.
    #[must_use]
    pub fn on_a_terminal(mut self) -> Self {
        self.console = Console::Terminal;
        self
    }

    /// Ends everything with it that it started, also what hid from it. Such programs wait for each other: this process runs
    /// one of them at a time, and the deadline counts from its start.
    #[must_use]
    pub fn with_everything_it_starts(mut self) -> Self {
        self.ends = Ends::Everything;
        self
    }

    /// The program and its first plain argument, for messages; never the rest, which may hold a secret.
    #[must_use]
    pub fn name(&self) -> String {
        let program = self.program.to_string_lossy();
        match self.args.iter().map(|arg| arg.to_string_lossy()).find(|arg| is_word(arg)) {
            Some(word) => format!("{program} {word}"),
            None => program.into_owned(),
        }
    }
}

fn is_word(arg: &str) -> bool {
    arg.len() <= 24
        && arg.starts_with(|c: char| c.is_ascii_lowercase())
        && arg.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// How a command came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With an exit code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// We killed it: its deadline passed.
    TimedOut,
}

/// What a command left.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub ended: Ended,
    /// Standard output, up to the cap.
    pub stdout: Vec<u8>,
    /// Standard error, up to the cap.
    pub stderr: Vec<u8>,
    /// Whether either stream went beyond the cap.
    pub truncated: bool,
    /// What it had left running, of what is ended with it beyond its group.
    pub left_running: LeftRunning,
    /// From start to end.
    pub took: Duration,
}

impl Output {
    /// Whether it ended by itself with code 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.ended == Ended::Exited(0)
    }

    /// The exit code, if it ended by itself.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self.ended {
            Ended::Exited(code) => Some(code),
            Ended::Signalled(_) | Ended::TimedOut => None,
        }
    }

    /// Standard output as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The output of a command that must succeed with all its output kept; otherwise the error names the command, how it
    /// ended and its last words.
    pub fn require_success(self, command: &Command) -> Result<Self, ProcessError> {
        let program = command.name();
        match self.ended {
            Ended::Exited(0) if self.truncated => Err(ProcessError::TooMuchOutput { program, cap: command.output_cap }),
            Ended::Exited(0) => Ok(self),
            Ended::Exited(code) => {
                Err(ProcessError::Failed { program, how: format!("code {code}"), said: self.last_words() })
            }
            Ended::Signalled(signal) => {
                Err(ProcessError::Failed { program, how: format!("signal {signal}"), said: self.last_words() })
            }
            Ended::TimedOut => Err(ProcessError::TimedOut { program, limit: command.deadline.as_secs() }),
        }
    }

    /// The last lines of standard error, or of standard output when that is empty: at most five.
    #[must_use]
    pub fn last_words(&self) -> String {
        let error = self.stderr_text();
        let text = if error.trim().is_empty() { self.stdout_text() } else { error };
        let lines: Vec<&str> = text.trim().lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(5)..];
        if last.is_empty() { "it said nothing".to_owned() } else { last.join("\n") }
    }
}

/// Why a command gave no usable output.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program does not exist.
    #[error("cannot start `{program}`: no such program in PATH; {hint}")]
    NotFound {
        /// As asked for.
        program: String,
        /// What to install.
        hint: &'static str,
    },
    /// The working directory does not exist.
    #[error("cannot start `{program}`: there is no directory {}", dir.display())]
    NoDirectory {
        /// Program and first word.
        program: String,
        /// The directory.
        dir: PathBuf,
    },
    /// The kernel refused to start it.
    #[error("cannot start `{program}`")]
    Start {
        /// Program and first word.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// Its pipes or its exit could not be read.
    #[error("lost `{program}` while it ran")]
    Lost {
        /// Program and first word.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It was cancelled, and killed.
    #[error("`{program}` was cancelled")]
    Cancelled {
        /// Program and first word.
        program: String,
    },
    /// It had to succeed and did not.
    #[error("`{program}` ended with {how}: {said}")]
    Failed {
        /// Program and first word.
        program: String,
        /// `code 1` or `signal 11`.
        how: String,
        /// Its last lines.
        said: String,
    },
    /// It had to succeed and its deadline passed.
    #[error("`{program}` did not end within {limit} s and was killed")]
    TimedOut {
        /// Program and first word.
        program: String,
        /// Seconds.
        limit: u64,
    },
    /// It succeeded, but said more than is kept.
    #[error("`{program}` wrote more than {cap} bytes")]
    TooMuchOutput {
        /// Program and first word.
        program: String,
        /// Bytes.
        cap: usize,
    },
}

/// Which of the two output streams a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Runs a command to its end. A non-zero exit is a value, not an error; see [`Output::require_success`].
pub async fn run(command: &Command, cancel: &CancellationToken) -> Result<Output, ProcessError> {
    drive::perform(command, cancel, None).await
}

/// Runs a command to its end and hands over each line as it comes, up to the output cap of each stream.
pub async fn run_lines(
    command: &Command,
    cancel: &CancellationToken,
    on_line: &mut (dyn FnMut(Stream, &str) + Send),
) -> Result<Output, ProcessError> {
    drive::perform(command, cancel, Some(on_line)).await
}

#[cfg(test)]
mod tests;
