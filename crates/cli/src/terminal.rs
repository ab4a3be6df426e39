//! The only printer: data and summaries to standard output, progress and errors to standard error.

pub mod fit;
pub mod harmless;
pub mod progress;

use cc_ci_model::event::{Listener, Stamped};
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::error::shown::shown;
use harmless::harmless;
use progress::Progress;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use terminal_size::{Width, terminal_size_of};

/// How often the live line is drawn anew, so that its clock runs.
const TICK: Duration = Duration::from_millis(200);

/// Prints data or a summary to standard output. A reader that is gone is no error of ours.
pub fn out(text: &str) {
    painted(text, Paint::Plain);
}

/// The same for text that is coloured already.
pub fn painted(text: &str, paint: Paint) {
    let text = harmless(text, paint);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _gone = write!(io::stdout().lock(), "{text}{end}");
}

/// Prints a picture's content to standard output, as it is; never to a terminal.
pub fn out_bytes(content: &[u8]) {
    let _gone = io::stdout().lock().write_all(content);
}

/// Prints a RUN SUMMARY to standard output: on a terminal folded to its width and coloured, else as it is.
pub fn summary(text: &str, wishes: &Wishes) {
    if !io::stdout().is_terminal() {
        return out(text);
    }
    let (paint, columns) = (Paint::for_stdout(wishes), columns(&io::stdout()));
    let lines = text.lines().flat_map(|line| fit::fold(&dressed(&fit::clean(line, Paint::Plain), paint), columns));
    painted(&lines.collect::<Vec<_>>().join("\n"), paint);
}

/// One of the colours of [`Paint`].
type Colour = fn(Paint, &str) -> String;

/// A line of the summary with the colour of what it says.
fn dressed(line: &str, paint: Paint) -> String {
    let words: [(&str, Colour); 9] = [
        ("GREEN", Paint::good),
        ("RED", Paint::bad),
        ("FIRST TO FAIL", Paint::bad),
        ("SECRET LEAKED", Paint::bad),
        ("left behind", Paint::bad),
        ("UNVERIFIED", Paint::doubtful),
        ("CANCELLED", Paint::doubtful),
        ("NOT FINISHED", Paint::doubtful),
        ("RUNNING", Paint::doubtful),
    ];
    if let Some((word, colour)) = words.into_iter().find(|(word, _)| line.starts_with(word)) {
        return format!("{}{}", colour(paint, word), &line[word.len()..]);
    }
    let Some(tier) = Tier::ALL.into_iter().find(|tier| line.starts_with(&format!("{:<8} ", tier.word()))) else {
        return line.to_owned();
    };
    let (name, rest) = line.split_at(tier.word().len().max(8) + 1);
    let status = rest.split(' ').next().unwrap_or_default();
    let colour = match status {
        "pass" => Paint::good,
        "fail" => Paint::bad,
        "skip" => Paint::faint,
        _ => Paint::doubtful,
    };
    format!("{name}{}{}", colour(paint, status), &rest[status.len()..])
}

/// The width of a terminal; of none, what people take for one.
fn columns(stream: &impl AsFd) -> usize {
    terminal_size_of(stream).map_or(80, |(Width(columns), _)| usize::from(columns))
}

/// Prints one line for a person to standard error.
pub fn note(line: &str) {
    note_painted(line, Paint::Plain);
}

fn note_painted(line: &str, paint: Paint) {
    let _gone = writeln!(io::stderr(), "{}", harmless(line, paint));
}

/// Prints an error.
pub fn error(error: &RunnerError) {
    note(&shown(error));
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
    pub fn for_stdout(wishes: &Wishes) -> Self {
        wishes.paint(io::stdout().is_terminal())
    }

    /// As standard error wants it.
    #[must_use]
    pub fn for_stderr(wishes: &Wishes) -> Self {
        wishes.paint(io::stderr().is_terminal())
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

/// What the environment says about colours and moving lines. What is empty is not set.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// `NO_COLOR`.
    pub no_color: String,
    /// `CLICOLOR`.
    pub color: String,
    /// `CLICOLOR_FORCE`.
    pub color_force: String,
    /// `TERM`.
    pub terminal: String,
    /// `CI`.
    pub ci: String,
}

impl Wishes {
    fn paint(&self, terminal: bool) -> Paint {
        let forced = !self.color_force.is_empty() && self.color_force != "0";
        let wanted = forced || (terminal && !self.is_dumb() && self.color != "0");
        if wanted && self.no_color.is_empty() { Paint::Ansi } else { Paint::Plain }
    }

    fn is_dumb(&self) -> bool {
        self.terminal.is_empty() || self.terminal == "dumb"
    }
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
    pub fn for_stderr(wishes: &Wishes) -> Self {
        let ci = !wishes.ci.is_empty() && wishes.ci != "false";
        if io::stderr().is_terminal() && !ci && !wishes.is_dumb() { Self::Live } else { Self::Plain }
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
    let mut screen = Screen { drawn: false, paint: progress.paint() };
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
        // The last column stays free: some terminals go to the next line when it is written to.
        if let Some(line) = progress.live(seen.elapsed(), columns(&io::stderr()).saturating_sub(1)) {
            screen.live(&line);
        }
    }
    screen.clear();
}

/// Standard error with, at most, one live line at the bottom.
struct Screen {
    drawn: bool,
    paint: Paint,
}

impl Screen {
    fn lines(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.clear();
        for line in lines.iter().map(|line| fit::clean(line, self.paint)) {
            // A log keeps its lines whole; a terminal would break them anywhere.
            let folded = if io::stderr().is_terminal() { fit::fold(&line, columns(&io::stderr())) } else { vec![line] };
            folded.iter().for_each(|line| note_painted(line, self.paint));
        }
    }

    /// Draws the line, which fits, over the last one. A terminal that has become narrower may have broken that one in two;
    /// then its end is removed with it.
    fn live(&mut self, line: &str) {
        let _gone = write!(io::stderr(), "\r\x1b[J{line}");
        let _gone = io::stderr().flush();
        self.drawn = true;
    }

    fn clear(&mut self) {
        if self.drawn {
            let _gone = write!(io::stderr(), "\r\x1b[J");
            self.drawn = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_what_the_environment_asks_for() {
        let paint = |none: &str, some: &str, forced: &str, terminal| {
            let (no_color, color, color_force) = (none.into(), some.into(), forced.into());
            Wishes { no_color, color, color_force, terminal: "xterm".into(), ci: String::new() }.paint(terminal)
        };
        assert_eq!((paint("", "", "", true), paint("", "", "", false)), (Paint::Ansi, Paint::Plain));
        assert_eq!((paint("1", "", "", true), paint("1", "1", "1", true)), (Paint::Plain, Paint::Plain));
        assert_eq!((paint("", "0", "", true), paint("", "1", "", true)), (Paint::Plain, Paint::Ansi));
        assert_eq!((paint("", "0", "1", false), paint("", "", "0", false)), (Paint::Ansi, Paint::Plain));
    }

    #[test]
    fn the_summary_is_coloured_by_its_words() {
        let ansi = |line: &str| dressed(line, Paint::Ansi);
        assert_eq!(ansi("install  pass      1.2 s  ok"), "install  \x1b[32mpass\x1b[0m      1.2 s  ok");
        assert_eq!(ansi("backup   skip          -"), "backup   \x1b[2mskip\x1b[0m          -");
        assert_eq!(ansi("GREEN (level 5) after 17 s"), "\x1b[32mGREEN\x1b[0m (level 5) after 17 s");
        assert_eq!(ansi("install"), "install");
        assert_eq!(dressed("RED (x)", Paint::Plain), "RED (x)");
    }
}
