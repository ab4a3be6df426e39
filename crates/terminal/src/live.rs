//! A run shown while it goes on, by a thread of its own.

use crate::progress::Progress;
use crate::{Paint, Style, columns, fit, note_painted};
use cc_ci_model::event::{Listener, Stamped};
use cc_ci_model::redact::Vault;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the live line is drawn anew, so that its clock runs.
const TICK: Duration = Duration::from_millis(200);

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
