//! One command of `abra`: what it is given, and whether it went well.

use super::{Deployer, Program};
use crate::docker::EngineAddress;
use crate::process::{self, Command, Ended, Output, ProcessError};
use crate::swarm::SwarmError;
use cc_ci_recipe::abra::said::{self, About};
use std::fmt::Write;
use std::sync::PoisonError;
use tokio_util::sync::CancellationToken;

/// Why a command did not do what it was told.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not be run.
    Process(ProcessError),
    /// It said so, or ended as a command that fails does.
    Said {
        /// The error in its own words, or ours when it has none.
        text: String,
        /// Whom it is about.
        about: About,
    },
}

impl Failure {
    /// The failure of a command that only the recipe, the host or our way of calling can make fail.
    pub(super) fn of_recipe(self, by: &'static str) -> SwarmError {
        match self {
            Self::Said { text, about: About::Recipe } => SwarmError::Refused { by, text },
            other @ (Self::Said { .. } | Self::Process(_)) => other.of_host(by),
        }
    }

    /// The failure of a command that has nothing to do with the recipe.
    pub(super) fn of_host(self, by: &'static str) -> SwarmError {
        let text = match self {
            Self::Process(error) => error.to_string(),
            Self::Said { text, .. } => text,
        };
        SwarmError::Command { verb: format!("run `{by}`"), text }
    }
}

/// A command with what every one needs. All get a terminal: several refuse to work without one even with `-n`, with
/// "inappropriate ioctl for device" (S4).
pub(super) fn bare(program: &Program, address: &EngineAddress) -> Command {
    Command::new(&program.path)
        .envs(address.env())
        .inherit(&["LANG"])
        .env("TERM", "dumb")
        .env("NO_COLOR", "1")
        .on_a_terminal()
        .deadline(program.limit)
}

/// Whether what a command says may be kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    Nothing,
}

impl Deployer {
    /// Runs one command to its end; returns what it said.
    pub(super) async fn call(&self, words: &[&str]) -> Result<String, Failure> {
        self.perform(words, self.program.limit, Keep::All).await
    }

    /// The same for a command that shows secrets: nothing of it is kept, and no error quotes it.
    pub(super) async fn call_in_private(&self, words: &[&str]) -> Result<String, Failure> {
        self.perform(words, self.program.limit, Keep::Nothing).await
    }

    /// The same for one that the end of the run waits for.
    pub(super) async fn call_at_the_end(&self, words: &[&str]) -> Result<String, Failure> {
        self.perform(words, self.program.limit.min(super::LAST_CALL), Keep::All).await
    }

    async fn perform(&self, words: &[&str], limit: std::time::Duration, keep: Keep) -> Result<String, Failure> {
        let command =
            bare(&self.program, &self.address).args(words.iter().copied()).cwd(self.home.dir()).deadline(limit);
        let command = command.env("ABRA_DIR", self.home.dir());
        // Whoever wants it ended drops the future, which kills it.
        let output = process::run(&command, &CancellationToken::new()).await.map_err(Failure::Process)?;
        let said = said::clean(&output.stdout_text());
        self.note(
            words,
            &output,
            match keep {
                Keep::All => &said,
                Keep::Nothing => "(not kept: it shows secrets)",
            },
        );
        judged(&output, said, limit, keep)
    }

    fn note(&self, words: &[&str], output: &Output, said: &str) {
        let mut transcript = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
        let end = match output.ended {
            Ended::Exited(code) => format!("code {code}"),
            Ended::Signalled(signal) => format!("signal {signal}"),
            Ended::TimedOut => "killed at its time limit".to_owned(),
        };
        // Writing to a text cannot fail.
        let _always =
            writeln!(transcript, "$ abra {}\n{said}\n[{end}, {} ms]\n", words.join(" "), output.took.as_millis());
    }
}

/// The word FATA decides, then the exit code: some commands fail with code 0 (S4).
fn judged(output: &Output, said: String, limit: std::time::Duration, keep: Keep) -> Result<String, Failure> {
    let quoted = || match keep {
        Keep::All => said::last_words(&said),
        Keep::Nothing => "what it said is not shown, it may hold secrets".to_owned(),
    };
    let failed = |text: String, about| Err(Failure::Said { text, about });
    match (said::fatal(&said), output.ended) {
        (_, Ended::TimedOut) => failed(
            format!("it did not end within {} s and was killed; last it said: {}", limit.as_secs(), quoted()),
            About::Host,
        ),
        (Some(error), _) => {
            let about = said::about(&error);
            // Before anything else was said, no secret was shown.
            let may_be_quoted = keep == Keep::All || said.trim_start().starts_with("FATA");
            failed(if may_be_quoted { error } else { quoted() }, about)
        }
        (None, Ended::Exited(0)) => Ok(said),
        (None, Ended::Exited(code)) => failed(format!("it ended with code {code}: {}", quoted()), About::Host),
        (None, Ended::Signalled(signal)) => failed(format!("signal {signal} ended it: {}", quoted()), About::Host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn judge(said: &str, ended: Ended, keep: Keep) -> Result<String, (String, About)> {
        let took = Duration::ZERO;
        let output = Output {
            ended,
            stdout: Vec::new(),
            stderr: Vec::new(),
            truncated: false,
            left_running: crate::process::LeftRunning::default(),
            took,
        };
        judged(&output, said.to_owned(), Duration::from_secs(3), keep).map_err(|failure| match failure {
            Failure::Said { text, about } => (text, about),
            Failure::Process(error) => panic!("{error}"),
        })
    }

    #[test]
    fn the_word_counts_before_the_code() {
        assert_eq!(judge("INFO done", Ended::Exited(0), Keep::All), Ok("INFO done".to_owned()));
        let fatal = judge("FATA no image for app", Ended::Exited(0), Keep::All);
        assert_eq!(fatal, Err(("no image for app".to_owned(), About::Recipe)));
        let silent = judge("INFO so far", Ended::Exited(2), Keep::All);
        assert_eq!(silent, Err(("it ended with code 2: INFO so far".to_owned(), About::Host)));
        let hung = judge("proceed? [y/N]", Ended::TimedOut, Keep::All).unwrap_err();
        assert_eq!(hung.0, "it did not end within 3 s and was killed; last it said: proceed? [y/N]");
    }

    #[test]
    fn an_error_beside_secrets_quotes_nothing() {
        let error = judge("pass | hunter2\nFATA hunter2 is taken", Ended::Exited(1), Keep::Nothing).unwrap_err();
        assert!(!error.0.contains("hunter2"), "{}", error.0);
    }
}
