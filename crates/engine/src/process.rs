//! The only place that starts other programs: cleared environment, deadline, bounded output, and the whole tree dies.
//!
//! A command runs as the leader of a session of its own. Its whole process group is killed when its deadline passes, when
//! it is cancelled, when the future is dropped, and when its leader has ended: nothing it started in the background lives
//! on. If this process is killed with SIGKILL, the kernel kills the leader too; what the leader started is then the
//! reaper's work. Two limits: a program that makes a session of its own leaves the group, and the kernel ties the leader
//! to the *thread* that started it, so commands are started from runtime threads, never from `spawn_blocking`.

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long output is still collected after the leader has ended and its group was killed. Only a process that left the
/// group can hold a pipe open that long.
const DRAIN: Duration = Duration::from_millis(500);

/// The longest line a callback gets; longer ones come in pieces. Bytes.
const LINE: usize = 64 * 1024;

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
    perform(command, cancel, None).await
}

/// Runs a command to its end and hands over each line as it comes, up to the output cap of each stream.
pub async fn run_lines(
    command: &Command,
    cancel: &CancellationToken,
    on_line: &mut (dyn FnMut(Stream, &str) + Send),
) -> Result<Output, ProcessError> {
    perform(command, cancel, Some(on_line)).await
}

/// Owns a running child; dropping it kills the child's whole group.
struct Tree(Box<dyn ChildWrapper>);

impl Tree {
    fn kill(&mut self) {
        // An error means that nothing of the group is left, which is what was asked for.
        let _gone = self.0.start_kill();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.kill();
    }
}

fn start(command: &Command) -> Result<Tree, ProcessError> {
    let mut wrap = CommandWrap::with_new(&command.program, |inner| {
        inner.args(&command.args).env_clear().envs(&command.env).kill_on_drop(true);
        inner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(dir) = &command.cwd {
            inner.current_dir(dir);
        }
        die_with(inner, nix::unistd::getpid());
    });
    let child = wrap.wrap(ProcessSession).spawn().map_err(|source| start_error(command, source))?;
    Ok(Tree(child))
}

#[expect(unsafe_code, reason = "the only way to have the kernel kill a child when this process is killed")]
fn die_with(inner: &mut tokio::process::Command, parent: nix::unistd::Pid) {
    let tie = move || {
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
        // If the parent died before the line above, no signal will ever come.
        if nix::unistd::getppid() == parent { Ok(()) } else { Err(io::Error::from_raw_os_error(nix::libc::ESRCH)) }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are made: prctl and getppid; nothing allocates.
    unsafe {
        inner.pre_exec(tie);
    }
}

fn start_error(command: &Command, source: io::Error) -> ProcessError {
    let program = command.name();
    if let Some(dir) = command.cwd.as_ref().filter(|dir| !dir.is_dir()) {
        return ProcessError::NoDirectory { program, dir: dir.clone() };
    }
    if source.kind() == io::ErrorKind::NotFound {
        let program = command.program.to_string_lossy().into_owned();
        let hint = install_hint(&program);
        return ProcessError::NotFound { program, hint };
    }
    ProcessError::Start { program, source }
}

fn install_hint(program: &str) -> &'static str {
    match program {
        "docker" => "install Docker (Debian: `apt install docker.io`) or run `cc-ci doctor --fix`",
        "git" => "install git (Debian: `apt install git`) or run `cc-ci doctor --fix`",
        _ => "install it, or correct PATH",
    }
}

/// One output stream: what is kept of it, and the line not yet handed over.
struct Sink {
    stream: Stream,
    kept: Vec<u8>,
    cap: usize,
    truncated: bool,
    open: bool,
    line: Vec<u8>,
}

impl Sink {
    fn new(stream: Stream, cap: usize) -> Self {
        Self { stream, kept: Vec::new(), cap, truncated: false, open: true, line: Vec::new() }
    }

    fn take(&mut self, bytes: &[u8], on_line: &mut Option<&mut (dyn FnMut(Stream, &str) + Send)>) {
        let room = self.cap - self.kept.len();
        let fits = &bytes[..bytes.len().min(room)];
        self.truncated |= fits.len() < bytes.len();
        self.kept.extend_from_slice(fits);
        let Some(on_line) = on_line else { return };
        for &byte in fits {
            if byte == b'\n' {
                self.hand_over(*on_line);
            } else {
                self.line.push(byte);
                if self.line.len() == LINE {
                    self.hand_over(*on_line);
                }
            }
        }
    }

    fn hand_over(&mut self, on_line: &mut (dyn FnMut(Stream, &str) + Send)) {
        on_line(self.stream, String::from_utf8_lossy(&self.line).trim_end_matches('\r'));
        self.line.clear();
    }

    fn close(&mut self, on_line: &mut Option<&mut (dyn FnMut(Stream, &str) + Send)>) {
        self.open = false;
        if let Some(on_line) = on_line
            && !self.line.is_empty()
        {
            self.hand_over(*on_line);
        }
    }
}

async fn perform(
    command: &Command,
    cancel: &CancellationToken,
    mut on_line: Option<&mut (dyn FnMut(Stream, &str) + Send)>,
) -> Result<Output, ProcessError> {
    let lost = |source| ProcessError::Lost { program: command.name(), source };
    let began = Instant::now();
    let mut tree = start(command)?;
    let mut stdin = tree.0.stdin().take();
    let mut stdout = tree.0.stdout().take();
    let mut stderr = tree.0.stderr().take();
    let (mut out, mut err) = (Sink::new(Stream::Out, command.output_cap), Sink::new(Stream::Err, command.output_cap));
    let (mut out_buffer, mut err_buffer) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut written = 0;
    let mut ended = None;
    let mut until = began + command.deadline;

    while ended.is_none() || out.open || err.open {
        tokio::select! {
            status = tree.0.wait(), if ended.is_none() => {
                ended = Some(how_it_ended(status.map_err(lost)?));
                tree.kill();
                until = Instant::now() + DRAIN;
            }
            read = read_some(&mut stdout, &mut out_buffer), if out.open => match read.map_err(lost)? {
                0 => out.close(&mut on_line),
                some => out.take(&out_buffer[..some], &mut on_line),
            },
            read = read_some(&mut stderr, &mut err_buffer), if err.open => match read.map_err(lost)? {
                0 => err.close(&mut on_line),
                some => err.take(&err_buffer[..some], &mut on_line),
            },
            step = write_some(&mut stdin, &command.stdin[written..]), if stdin.is_some() => match step {
                // A program may stop reading; that is its own affair and shows in how it ends.
                Ok(0) | Err(_) => stdin = None,
                Ok(some) => written += some,
            },
            () = cancel.cancelled(), if ended.is_none() => {
                tree.kill();
                tree.0.wait().await.map_err(lost)?;
                return Err(ProcessError::Cancelled { program: command.name() });
            }
            () = sleep_until(until) => {
                if ended.is_some() {
                    break;
                }
                tree.kill();
                tree.0.wait().await.map_err(lost)?;
                ended = Some(Ended::TimedOut);
                until = Instant::now() + DRAIN;
            }
        }
    }
    out.close(&mut on_line);
    err.close(&mut on_line);
    Ok(Output {
        ended: ended.unwrap_or(Ended::TimedOut),
        truncated: out.truncated || err.truncated,
        stdout: out.kept,
        stderr: err.kept,
        took: began.elapsed(),
    })
}

fn how_it_ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or(0)),
    }
}

async fn read_some(source: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> io::Result<usize> {
    match source {
        Some(source) => source.read(buffer).await,
        None => Ok(0),
    }
}

/// Writes a part of `bytes`; `Ok(0)` when there is nothing left to write.
async fn write_some(sink: &mut Option<ChildStdin>, bytes: &[u8]) -> io::Result<usize> {
    match sink {
        Some(sink) if !bytes.is_empty() => sink.write(bytes).await,
        Some(_) | None => Ok(0),
    }
}

#[cfg(test)]
mod tests;
