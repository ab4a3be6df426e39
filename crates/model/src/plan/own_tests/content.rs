//! Tests that cannot show anything, told from their text alone.

use super::Runner;

/// What a test of this kind lacks to show anything; `None` when it may.
pub(super) fn lacking(runner: Runner, text: &str) -> Option<&'static str> {
    match runner {
        Runner::Hurl if !text.lines().any(begins_a_request) => Some("it holds no request"),
        Runner::Hurl => (!text.lines().any(begins_an_answer))
            .then_some("it says of no request what is to be answered (`HTTP 200`), so that any answer passes"),
        Runner::Pytest | Runner::Browser => {
            let is_code = |line: &str| !line.is_empty() && !line.starts_with('#');
            (!text.lines().map(str::trim).any(is_code)).then_some("it is empty")
        }
        Runner::Executable if text.trim().is_empty() => Some("it is empty"),
        // Of another program the first line alone may show something: `#!/usr/bin/test -f`.
        Runner::Executable if !is_of_a_shell(text) => None,
        Runner::Executable if !text.lines().any(is_command) => Some("it holds no command"),
        Runner::Executable => leaves_first(text).then_some("it leaves before its first command"),
    }
}

/// Whether a shell's script ends well before it comes to the commands that it holds: a test that was switched off.
fn leaves_first(text: &str) -> bool {
    let is_exit = |line: &str| ["exit", "exit 0"].contains(&line.trim_end());
    let mut lines = text.lines();
    let first = lines.by_ref().find(|line| is_command(line));
    first.is_some_and(is_exit) && lines.any(|line| is_command(line) && !is_exit(line))
}

/// Whether a shell reads the script: its first line says so, or says nothing.
fn is_of_a_shell(text: &str) -> bool {
    let Some(first) = text.lines().next().and_then(|line| line.strip_prefix("#!")) else { return true };
    let mut words = first.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    let named = match words.next() {
        Some("env") => words.find(|word| !word.starts_with('-')),
        named => named,
    };
    named.is_some_and(|name| ["sh", "bash", "dash"].contains(&name))
}

/// Whether a line of a shell does anything: not one that is empty, a remark, or changes only how the shell itself goes on.
fn is_command(line: &str) -> bool {
    let line = line.trim();
    let mut words = line.split_whitespace();
    let sets =
        words.next() == Some("set") && words.all(|word| word.chars().all(|c| c.is_alphanumeric() || "-+".contains(c)));
    !line.is_empty() && !line.starts_with('#') && !sets
}

/// `GET http://…`: a method in capitals, and something behind it.
fn begins_a_request(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default();
    !method.is_empty() && method.chars().all(|letter| letter.is_ascii_uppercase()) && words.next().is_some()
}

/// `HTTP 200`, `HTTP/1.1 *`: what the answer to the request above it has to be.
fn begins_an_answer(line: &str) -> bool {
    line.trim_start().strip_prefix("HTTP").is_some_and(|rest| rest.starts_with([' ', '/', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_show_nothing() {
        let hurl = |text| lacking(Runner::Hurl, text);
        assert_eq!(hurl(""), Some("it holds no request"));
        assert_eq!(hurl("# GET http://x/\n\n"), Some("it holds no request"));
        assert_eq!(hurl("# the front page\nGET {{base_url}}/\nHTTP 200\n"), None);
        assert_eq!(hurl("  LINK http://x\n HTTP/2 *\n"), None);
        let any = Some("it says of no request what is to be answered (`HTTP 200`), so that any answer passes");
        assert_eq!(hurl("GET http://x\n# HTTP 200\nHTTPS: yes\n"), any);
        assert_eq!(lacking(Runner::Pytest, "# TODO\n"), Some("it is empty"));
        assert_eq!(lacking(Runner::Browser, "from shared import *\n"), None);
        assert_eq!(lacking(Runner::Executable, "\n"), Some("it is empty"));
        assert_eq!(lacking(Runner::Executable, "#!/bin/sh\nexit 77\n"), None);
        assert_eq!(lacking(Runner::Executable, "#!/bin/sh -e\n# TODO\nset -eu\n\n"), Some("it holds no command"));
        assert_eq!(lacking(Runner::Executable, "#!/usr/bin/env -S bash -e\n"), Some("it holds no command"));
        assert_eq!(lacking(Runner::Executable, "# TODO\n"), Some("it holds no command"));
        let off = "#!/bin/sh\nset -e\n# See issue 7.\nexit 0\ncurl -f \"$CC_CI_BASE_URL\"\n";
        assert_eq!(lacking(Runner::Executable, off), Some("it leaves before its first command"));
        for on in
            ["exit 0", "exit 1\ncurl x", "if true; then\n  exit 0\nfi\ncurl x", "curl x\nexit 0\ncurl y", "echo hello"]
        {
            assert_eq!(lacking(Runner::Executable, &format!("#!/bin/sh\n{on}\n")), None, "{on}");
        }
        assert_eq!(lacking(Runner::Executable, "#!/usr/bin/test -d\n"), None);
        assert_eq!(lacking(Runner::Executable, "#!/bin/sh\nset -e; curl x\n"), None);
    }
}
