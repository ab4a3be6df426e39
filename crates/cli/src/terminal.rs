//! The only printer: data and summaries to standard output, progress and errors to standard error.

pub mod progress;

use crate::error::UserError;
use cc_ci_model::event::{Listener, Stamped};
use cc_ci_model::redact::Vault;
use progress::Progress;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the live line is drawn anew, so that its clock runs.
const TICK: Duration = Duration::from_millis(200);

/// Prints data or a summary to standard output. A reader that is gone is no error of ours.
pub fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    let _gone = stdout.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _gone = stdout.write_all(b"\n");
    }
}

/// Prints a file's content to standard output, as it is.
pub fn out_bytes(content: &[u8]) {
    let _gone = io::stdout().lock().write_all(content);
}

/// Prints one line for a person to standard error.
pub fn note(line: &str) {
    let _gone = writeln!(io::stderr(), "{line}");
}

/// Prints an error.
pub fn error(error: &UserError) {
    note(&error.to_string());
}

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Not.
    Plain,
    /// With ANSI colours.
    Ansi,
}

impl Paint {
    /// As standard output wants it.
    #[must_use]
    pub fn for_stdout() -> Self {
        Self::of(io::stdout().is_terminal())
    }

    /// As standard error wants it.
    #[must_use]
    pub fn for_stderr() -> Self {
        Self::of(io::stderr().is_terminal())
    }

    fn of(terminal: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if terminal && !set("NO_COLOR") && !is_dumb() { Self::Ansi } else { Self::Plain }
    }

    fn dress(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    /// What is fine.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.dress("32", text)
    }

    /// What failed.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.dress("31", text)
    }

    /// What is doubtful.
    #[must_use]
    pub fn doubtful(self, text: &str) -> String {
        self.dress("33", text)
    }

    /// What matters less.
    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.dress("2", text)
    }
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A line per step; for logs and CI.
    Plain,
    /// One line that is drawn anew, and a line per tier.
    Live,
}

impl Style {
    /// What standard error can show.
    #[must_use]
    pub fn for_stderr() -> Self {
        let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        if io::stderr().is_terminal() && !ci && !is_dumb() { Self::Live } else { Self::Plain }
    }
}

/// Shows a run as it happens. Drawing is done by a thread of its own, so that the engine never waits for a terminal.
#[derive(Debug)]
pub struct Terminal {
    send: Sender<Message>,
    painter: JoinHandle<()>,
}

/// The end of a [`Terminal`] that listens.
#[derive(Debug, Clone)]
pub struct Ear {
    send: Sender<Message>,
    vault: Vault,
}

#[derive(Debug)]
enum Message {
    Happened(Box<Stamped>),
    Stop,
}

impl Terminal {
    /// Starts showing.
    #[must_use]
    pub fn start(style: Style, paint: Paint) -> Self {
        let (send, receive) = mpsc::channel();
        Self { send, painter: thread::spawn(move || draw(&receive, Progress::new(style, paint))) }
    }

    /// A listener for a run's record that shows nothing of what the vault knows.
    #[must_use]
    pub fn ear(&self, vault: Vault) -> Ear {
        Ear { send: self.send.clone(), vault }
    }

    /// Shows what is still to be shown and gives the line back, so that something else can be printed.
    pub fn finish(self) {
        let _gone = self.send.send(Message::Stop);
        let _panicked = self.painter.join();
    }
}

impl Listener for Ear {
    fn on_event(&mut self, event: &Stamped) {
        let _gone = self.send.send(Message::Happened(Box::new(self.vault.redactor().stamped(event))));
    }
}

fn draw(receive: &Receiver<Message>, mut progress: Progress) {
    let mut screen = Screen { drawn: false };
    let mut seen = Instant::now();
    loop {
        match receive.recv_timeout(TICK) {
            Ok(Message::Happened(event)) => {
                seen = Instant::now();
                screen.lines(&progress.take(&event));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(line) = progress.live(seen.elapsed()) {
            screen.live(&line);
        }
    }
    screen.clear();
}

/// Standard error with, at most, one live line at the bottom.
struct Screen {
    drawn: bool,
}

impl Screen {
    fn lines(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.clear();
        for line in lines {
            note(line);
        }
    }

    /// Draws the line over the last one, without wrapping at the edge.
    fn live(&mut self, line: &str) {
        let _gone = write!(io::stderr(), "\r\x1b[2K\x1b[?7l{line}\x1b[?7h");
        let _gone = io::stderr().flush();
        self.drawn = true;
    }

    fn clear(&mut self) {
        if self.drawn {
            let _gone = write!(io::stderr(), "\r\x1b[2K");
            self.drawn = false;
        }
    }
}
