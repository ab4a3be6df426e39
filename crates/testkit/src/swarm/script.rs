//! What a test scripts: how commands end, and what the app does to its own volumes.

use cc_ci_engine::exec::{ExecCommand, ExecOutput, ExecStatus};
use std::time::Duration;

/// A command that is told how to end, known by a word of its words or of what it is fed.
#[derive(Debug, Clone)]
pub struct Script {
    word: String,
    pub(super) output: ExecOutput,
    pub(super) takes: Duration,
    pub(super) deeds: Vec<Deed>,
}

/// Something that is done to a volume of the app, which goes by its key in the compose file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A file is written.
    Writes {
        /// The volume.
        volume: &'static str,
        /// Relative to the volume's root.
        path: &'static str,
        /// What it then holds.
        content: &'static str,
    },
    /// A file is deleted.
    Deletes {
        /// The volume.
        volume: &'static str,
        /// Relative to the volume's root.
        path: &'static str,
    },
    /// Everything is deleted.
    Empties {
        /// The volume.
        volume: &'static str,
    },
}

impl Script {
    /// A command with this word, which ends well and says nothing.
    #[must_use]
    pub fn of(word: &str) -> Self {
        Self { word: word.to_owned(), output: ended(0, ""), takes: Duration::ZERO, deeds: Vec::new() }
    }

    /// With this exit code.
    #[must_use]
    pub fn exits(mut self, code: i64) -> Self {
        self.output.status = ExecStatus::Exited(code);
        self
    }

    /// With this on its standard output.
    #[must_use]
    pub fn says(mut self, text: &str) -> Self {
        self.output.stdout = text.into();
        self
    }

    /// After this time.
    #[must_use]
    pub fn takes(self, time: Duration) -> Self {
        Self { takes: time, ..self }
    }

    /// Having done this.
    #[must_use]
    pub fn does(mut self, deed: Deed) -> Self {
        self.deeds.push(deed);
        self
    }

    pub(super) fn is_about(&self, command: &ExecCommand) -> bool {
        let mut texts = command.words().iter().map(String::as_str).chain([command.fed()]);
        texts.any(|text| text.contains(&self.word))
    }
}

/// A command that ended with `code`, and what it said.
pub(super) fn ended(code: i64, said: impl Into<Vec<u8>>) -> ExecOutput {
    ExecOutput { status: ExecStatus::Exited(code), stdout: said.into(), stderr: Vec::new(), dropped: 0 }
}
