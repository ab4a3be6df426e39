//! Tests that cannot show anything, told from their text alone.

use super::Runner;

/// What a test of this kind lacks to show anything; `None` when it may.
pub(super) fn lacking(runner: Runner, text: &str) -> Option<&'static str> {
    match runner {
        Runner::Hurl => (!text.lines().any(begins_a_request)).then_some("it holds no request"),
        Runner::Pytest | Runner::Browser => {
            let is_code = |line: &str| !line.is_empty() && !line.starts_with('#');
            (!text.lines().map(str::trim).any(is_code)).then_some("it is empty")
        }
        Runner::Executable if text.trim().is_empty() => Some("it is empty"),
        // Of another program the first line alone may show something: `#!/usr/bin/test -f`.
        Runner::Executable => (is_of_a_shell(text) && !text.lines().any(is_command)).then_some("it holds no command"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_show_nothing() {
        let hurl = |text| lacking(Runner::Hurl, text);
        assert_eq!(hurl(""), Some("it holds no request"));
        assert_eq!(hurl("# GET http://x/\n\n"), Some("it holds no request"));
        assert_eq!(hurl("# the front page\nGET {{base_url}}/\n"), None);
        assert_eq!(hurl("  LINK http://x\n"), None);
        assert_eq!(lacking(Runner::Pytest, "# TODO\n"), Some("it is empty"));
        assert_eq!(lacking(Runner::Browser, "from shared import *\n"), None);
        assert_eq!(lacking(Runner::Executable, "\n"), Some("it is empty"));
        assert_eq!(lacking(Runner::Executable, "#!/bin/sh\nexit 77\n"), None);
        assert_eq!(lacking(Runner::Executable, "#!/bin/sh -e\n# TODO\nset -eu\n\n"), Some("it holds no command"));
        assert_eq!(lacking(Runner::Executable, "#!/usr/bin/env -S bash -e\n"), Some("it holds no command"));
        assert_eq!(lacking(Runner::Executable, "# TODO\n"), Some("it holds no command"));
        assert_eq!(lacking(Runner::Executable, "#!/usr/bin/test -d\n"), None);
        assert_eq!(lacking(Runner::Executable, "#!/bin/sh\nset -e; curl x\n"), None);
    }
}
