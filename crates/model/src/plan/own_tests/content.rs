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
        // A script may show by its first line alone that something can be run.
        Runner::Executable => text.trim().is_empty().then_some("it is empty"),
    }
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
    }
}
