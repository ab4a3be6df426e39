//! Executable tests: run as they are, judged by their exit code.

use cc_ci_model::outcome::{Cause, Finding, Outcome};

use super::KEPT;
use super::contract::TESTS;
use crate::exec::ExecOutput;

/// The longest last line that goes into a report.
const WORD: usize = 200;

/// The words that run an executable of the tests folder.
pub(crate) fn command(path: &str) -> Vec<String> {
    vec![format!("{TESTS}/{path}")]
}

/// The last line a test printed, on standard output if there is one, cut to a line's length.
pub(crate) fn last_word(output: &ExecOutput) -> Option<String> {
    let of = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().take(WORD).collect::<String>())
    };
    of(&output.stdout).or_else(|| of(&output.stderr))
}

/// What a non-zero exit code of an executable means.
pub(crate) fn outcome(path: &str, code: i64, output: &ExecOutput, broken: Cause) -> Outcome {
    let (cause, summary) = match code {
        126 => (Cause::TestBroken, format!("{path} cannot be executed")),
        127 => (Cause::TestBroken, format!("{path} or a program it calls was not found")),
        137 => (broken, format!("{path} was killed: more memory than allowed, or by its own hand")),
        _ => (broken, format!("{path} ended with exit code {code}")),
    };
    let said = if output.stderr.is_empty() { last_word(output) } else { stderr_word(output) };
    let summary = said.map_or(summary.clone(), |said| format!("{summary}: {said}"));
    Outcome::Failed(Finding::new(cause, summary).with_details(output.tail(KEPT)))
}

fn stderr_word(output: &ExecOutput) -> Option<String> {
    last_word(&ExecOutput { stdout: Vec::new(), ..output.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::ExecStatus;

    #[test]
    fn the_last_line_is_the_reason() {
        let output = ExecOutput {
            status: ExecStatus::Exited(2),
            stdout: b"did this\n".to_vec(),
            stderr: b"trace\nno feed\n\n".to_vec(),
            dropped: 0,
        };
        let Outcome::Failed(finding) = outcome("custom/feed.sh", 2, &output, Cause::TestFailed) else { panic!() };
        assert_eq!(finding.summary, "custom/feed.sh ended with exit code 2: no feed");
        assert_eq!(finding.details, ["did this", "trace", "no feed"]);
        assert_eq!(last_word(&output).as_deref(), Some("did this"));
    }
}
