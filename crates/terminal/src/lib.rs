//! What a person reads in a terminal: data and summaries on standard output, progress and errors on standard error.
//!
//! Nothing else of the program prints. Text of strangers moves no cursor and sets no title, whoever wrote it.

mod dressed;
mod fit;
mod harmless;
mod live;
mod paint;
mod progress;

use dressed::dressed;
use harmless::harmless;
pub use harmless::harmless_json;
pub use live::{Ear, Terminal};
pub use paint::{Paint, Style, Wishes};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use terminal_size::{Width, terminal_size_of};

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
