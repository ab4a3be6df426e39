//! Starts a command, feeds and drains its pipes in one loop, and sees to it that its tree ends.

use super::lineage::{self, LeftRunning, Lineage, Turn};
use super::terminal::{self, Controlling, Screen};
use super::{AtCap, Command, Console, Ended, Ends, Output, ProcessError, Stream};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long output is still collected after the leader has ended and its group was killed. Only a process that left the
/// group can hold a pipe open that long.
const DRAIN: Duration = Duration::from_millis(500);

/// The longest line a callback gets; longer ones come in pieces. Bytes.
const LINE: usize = 64 * 1024;

/// Who is told of each line, if anybody.
type OnLine<'a> = Option<&'a mut (dyn FnMut(Stream, &str) + Send)>;

/// Owns a running child; dropping it kills the child's whole group, and its lineage where that is followed.
struct Tree {
    child: Box<dyn ChildWrapper>,
    pid: Option<u32>,
    lineage: Option<Lineage>,
}

impl Tree {
    /// Answers with what ran besides the child; told only where the lineage is followed.
    fn kill(&mut self) -> LeftRunning {
        // An error means that nothing of the group is left, which is what was asked for.
        let _gone = self.child.start_kill();
        self.lineage.as_ref().map(Lineage::end).unwrap_or_default()
    }
}

impl Tree {
    /// Waits for the child alone: of its group there may be more that we adopted, and that is ended when it has.
    fn wait(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + Send + '_ {
        self.child.inner_mut().wait()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.kill();
        lineage::starting().strike(self.pid);
    }
}

/// Where a program's output is read from.
enum Source {
    Nothing,
    Pipe(ChildStdout),
    Screen(Screen),
}

impl Source {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Nothing => Ok(0),
            Self::Pipe(pipe) => pipe.read(buffer).await,
            Self::Screen(screen) => screen.read(buffer).await,
        }
    }
}

/// Starts a command, and follows its lineage if it has the turn; with a terminal, also returns what is read from it.
fn start(command: &Command, turn: Option<Turn>) -> Result<(Tree, Option<Screen>), ProcessError> {
    let opened = match command.console {
        Console::Pipes => None,
        Console::Terminal => Some(terminal::open().map_err(|source| start_error(command, source))?),
    };
    let (screen, seats) = opened.unzip();
    let [stdin, stdout, stderr] =
        seats.map_or_else(|| [(); 3].map(|()| Stdio::piped()), |seats| seats.map(Stdio::from));
    let mut wrap = CommandWrap::with_new(&command.program, |inner| {
        inner.args(&command.args).env_clear().envs(&command.env).kill_on_drop(true);
        inner.stdin(stdin).stdout(stdout).stderr(stderr);
        if let Some(dir) = &command.cwd {
            inner.current_dir(dir);
        }
        die_with(inner, nix::unistd::getpid());
    });
    wrap.wrap(ProcessSession);
    if screen.is_some() {
        // After the session, which has to be there first.
        wrap.wrap(Controlling);
    }
    let lineage = turn.map(Lineage::open).transpose();
    let mut lineage = lineage.map_err(|errno| start_error(command, errno.into()))?;
    let mut door = lineage::starting();
    let spawned = wrap.spawn();
    door.list(spawned.as_ref().ok().and_then(|child| child.id()));
    drop(door);
    let child = spawned.map_err(|source| start_error(command, source))?;
    let pid = child.id();
    if let Some(lineage) = &mut lineage {
        lineage.of(pid);
    }
    Ok((Tree { child, pid, lineage }, screen))
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
        "abra" => "install it: https://docs.coopcloud.tech/abra/install/",
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

    fn take(&mut self, bytes: &[u8], on_line: &mut OnLine<'_>) {
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

    fn close(&mut self, on_line: &mut OnLine<'_>) {
        self.open = false;
        if let Some(on_line) = on_line
            && !self.line.is_empty()
        {
            self.hand_over(*on_line);
        }
    }
}

pub(super) async fn perform(
    command: &Command,
    cancel: &CancellationToken,
    mut on_line: OnLine<'_>,
) -> Result<Output, ProcessError> {
    let lost = |source| ProcessError::Lost { program: command.name(), source };
    let turn = match command.ends {
        Ends::Group => None,
        Ends::Everything => tokio::select! {
            turn = lineage::turn() => Some(turn),
            () = cancel.cancelled() => return Err(ProcessError::Cancelled { program: command.name() }),
        },
    };
    let began = Instant::now();
    let (mut tree, screen) = start(command, turn)?;
    let mut stdin = tree.child.stdin().take();
    let pipe = tree.child.stdout().take();
    let mut stdout = screen.map_or_else(|| pipe.map_or(Source::Nothing, Source::Pipe), Source::Screen);
    let mut stderr = tree.child.stderr().take();
    let (mut out, mut err) = (Sink::new(Stream::Out, command.output_cap), Sink::new(Stream::Err, command.output_cap));
    let (mut out_buffer, mut err_buffer) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut written = 0;
    let mut ended = None;
    let mut left_running = LeftRunning::default();
    let mut until = began + command.deadline;

    while ended.is_none() || out.open || err.open {
        tokio::select! {
            status = tree.wait(), if ended.is_none() => {
                ended = Some(how_it_ended(status.map_err(lost)?));
                left_running = tree.kill();
                until = Instant::now() + DRAIN;
            }
            read = stdout.read(&mut out_buffer), if out.open => match read.map_err(lost)? {
                0 => out.close(&mut on_line),
                some => {
                    out.take(&out_buffer[..some], &mut on_line);
                    if out.truncated && command.at_cap == AtCap::Ends {
                        tree.kill();
                    }
                }
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
                tree.wait().await.map_err(lost)?;
                return Err(ProcessError::Cancelled { program: command.name() });
            }
            () = sleep_until(until) => {
                if ended.is_some() {
                    break;
                }
                tree.kill();
                tree.wait().await.map_err(lost)?;
                // What was just being started when the signal came.
                left_running = tree.kill();
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
        left_running,
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
