//! A command with its bounds, and what it left.

use std::time::Duration;

/// What to run and within which bounds.
#[derive(Debug, Clone)]
pub struct ExecCommand {
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) folder: Option<String>,
    pub(crate) input: Option<Vec<u8>>,
    pub(crate) limit: Duration,
    pub(crate) output: usize,
    pub(crate) overflow: Overflow,
}

/// What happens when a command writes more than its output cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The rest is read and dropped; the command runs on.
    Discard,
    /// The wait ends at once with [`ExecStatus::TooMuchOutput`]; ending the process is the caller's business.
    Stop,
}

impl ExecCommand {
    /// A command by its words; no shell is involved. Bounds: 60 s, 1 MiB of output, the rest discarded.
    pub fn new<I, S>(argv: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            user: None,
            folder: None,
            input: None,
            limit: Duration::from_secs(60),
            output: 1 << 20,
            overflow: Overflow::Discard,
        }
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.env.push(format!("{key}={value}"));
        self
    }

    /// Runs as this user (`name`, `uid` or `uid:gid`) instead of the container's own.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// Runs in this folder of the container.
    #[must_use]
    pub fn folder(mut self, folder: &str) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Feeds these bytes to standard input and closes it.
    #[must_use]
    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// The time limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The output cap in bytes, both streams together, and what happens above it.
    #[must_use]
    pub fn cap(mut self, bytes: usize, overflow: Overflow) -> Self {
        self.output = bytes;
        self.overflow = overflow;
        self
    }

    /// Its words, as they are run.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.argv
    }

    /// What is fed to its standard input, as text; empty where that is nothing or no text.
    #[must_use]
    pub fn fed(&self) -> &str {
        self.input.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Whether it is its words and variables only: no user, folder or input of its own, and no zero byte.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let Self { argv, env, user, folder, input, .. } = self;
        user.is_none() && folder.is_none() && input.is_none() && argv.iter().chain(env).all(|one| !one.contains('\0'))
    }

    /// The first word, for messages.
    #[must_use]
    pub fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }
}

/// How the wait for a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecStatus {
    /// The process ended with this code.
    Exited(i64),
    /// The time limit passed; the process may still run.
    TimedOut,
    /// The output cap was passed under [`Overflow::Stop`]; the process may still run.
    TooMuchOutput,
}

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// How it ended.
    pub status: ExecStatus,
    /// Standard output up to the cap.
    pub stdout: Vec<u8>,
    /// Standard error up to the cap.
    pub stderr: Vec<u8>,
    /// Bytes that did not fit under the cap.
    pub dropped: usize,
}

impl ExecOutput {
    /// Whether the process ended with 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status == ExecStatus::Exited(0)
    }

    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The last `count` lines of both streams, standard error last, for a finding's details.
    #[must_use]
    pub fn tail(&self, count: usize) -> Vec<String> {
        let both = [String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&self.stderr)];
        let lines: Vec<&str> =
            both.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].iter().map(|line| (*line).to_owned()).collect()
    }

    /// How it ended, in words: `exit code 3`.
    #[must_use]
    pub fn ending(&self) -> String {
        match self.status {
            ExecStatus::Exited(code) => format!("exit code {code}"),
            ExecStatus::TimedOut => "no end within its time limit".to_owned(),
            ExecStatus::TooMuchOutput => "more output than allowed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_ends_with_standard_error() {
        let output = ExecOutput {
            status: ExecStatus::Exited(1),
            stdout: b"one\ntwo\n\n".to_vec(),
            stderr: b"three\n".to_vec(),
            dropped: 0,
        };
        assert_eq!(output.tail(2), ["two", "three"]);
        assert_eq!(output.tail(9).len(), 3);
        assert_eq!(output.ending(), "exit code 1");
    }
}
