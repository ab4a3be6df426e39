//! Colours, and what the environment says about them.

use std::io::{self, IsTerminal};

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
}
