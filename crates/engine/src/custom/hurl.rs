//! Hurl files: requests with assertions; variables and secrets come from files, never from arguments.

use cc_ci_model::outcome::{Cause, Finding, Outcome};

use super::KEPT;
use super::contract::{AUTHORITIES, HURL_SECRETS, HURL_VARIABLES, TESTS};
use crate::exec::ExecOutput;

/// The words that run a Hurl file of the tests folder.
pub(crate) fn command(path: &str) -> Vec<String> {
    let fixed = ["hurl", "--test", "--no-color", "--jobs", "1", "--error-format", "long", "--cacert", AUTHORITIES];
    let files = ["--variables-file", HURL_VARIABLES, "--secrets-file", HURL_SECRETS, "--file-root", TESTS];
    let words = fixed.into_iter().chain(files).map(str::to_owned);
    words.chain([format!("{TESTS}/{path}")]).collect()
}

/// Whether a name can be a Hurl variable.
pub(crate) fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What a file that ended well came to: `2 requests`. One that made none, because it skips them all, has tested nothing.
pub(crate) fn passed(path: &str, output: &ExecOutput) -> Outcome {
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.strip_prefix("Executed requests:"));
    match count.and_then(|count| count.split_whitespace().next()) {
        Some("0") => {
            let summary = format!("{path} makes no request: all of its requests are skipped");
            Outcome::Failed(Finding::new(Cause::TestBroken, summary))
        }
        Some("1") => Outcome::Passed { note: Some("1 request".to_owned()) },
        Some(count) => Outcome::Passed { note: Some(format!("{count} requests")) },
        None => Outcome::Passed { note: None },
    }
}

/// One failure of a Hurl file: its title, the line and the text it is about, and what is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Failure {
    what: String,
    line: String,
    text: String,
    why: String,
}

/// Titles of Hurl's errors that no answer of an app brings about: the file itself is wrong. `Invalid URL` is none of them, since an
/// app can redirect to one.
const OF_THE_FILE: [&str; 6] = [
    "File read access",
    "Invalid JSONPath",
    "Invalid XPath expression",
    "Invalid regex",
    "Unauthorized file access",
    "Undefined variable",
];

/// How curl begins its word on an address that no host can have.
const NO_ADDRESS: &str = "(3) ";

/// What Hurl says of a file that failed before anything answered it.
const NO_REQUEST: &str = "(0 request(s) in ";

/// The words that read a Hurl file of the tests folder as Hurl does, and make none of its requests.
pub(crate) fn reading(path: &str) -> Vec<String> {
    let beyond_its_end = u32::MAX.to_string();
    let words = ["hurl", "--no-color", "--error-format", "long", "--from-entry", &beyond_its_end].map(str::to_owned);
    words.into_iter().chain([format!("{TESTS}/{path}")]).collect()
}

/// What a non-zero exit code of hurl means.
pub(crate) fn outcome(path: &str, code: i64, output: &ExecOutput, broken: Cause) -> Outcome {
    let said = String::from_utf8_lossy(&output.stderr);
    let failures = failures(&said);
    let by_itself = failures.first().is_some_and(|failure| failure.is_of_the_file(&said));
    let cause = match code {
        // Bad options, or a file that cannot be read as Hurl.
        1 | 2 => Cause::TestBroken,
        _ if by_itself => Cause::TestBroken,
        _ => broken,
    };
    let summary = match failures.first() {
        Some(Failure { what, line, why, .. }) if why.is_empty() => format!("{path}:{line}: {what}"),
        Some(Failure { what, line, why, .. }) => format!("{path}:{line}: {what}: {why}"),
        None => format!("{path}: hurl ended with exit code {code}"),
    };
    Outcome::Failed(Finding::new(cause, summary).with_details(output.tail(KEPT)))
}

impl Failure {
    /// Whether no answer of an app can have brought it about; `said` is all that Hurl said.
    fn is_of_the_file(&self, said: &str) -> bool {
        let no_address = self.what == "HTTP connection" && self.why.starts_with(NO_ADDRESS);
        // A later address may be made of what the app answered, and redirects are the app's.
        let before_any_answer = said.contains(NO_REQUEST) || holds_a_blank(&self.text);
        OF_THE_FILE.contains(&self.what.as_str()) || (no_address && before_any_answer)
    }
}

/// Whether a request's address has a blank of its own, beside those of variables: `GET {{base_url}}/ x`.
fn holds_a_blank(request: &str) -> bool {
    let Some((_method, address)) = request.trim().split_once(char::is_whitespace) else { return false };
    let address = address.split(" #").next().unwrap_or_default();
    let outside = address.split("{{").map(|part| part.split_once("}}").map_or(part, |(_variable, rest)| rest));
    outside.collect::<String>().trim().contains(char::is_whitespace)
}

/// The failures in hurl's error output: a title, the place, and what is written below the marked text.
fn failures(text: &str) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(what) = line.strip_prefix("error: ") {
            failures.push(Failure { what: what.to_owned(), ..Failure::default() });
            inside = true;
        } else if let (true, Some(failure)) = (inside, failures.last_mut()) {
            if let Some(place) = trimmed.strip_prefix("--> ") {
                failure.line = place.rsplit(':').nth(1).unwrap_or_default().to_owned();
            } else if let Some(said) = remark(trimmed) {
                if !failure.why.is_empty() {
                    failure.why.push_str(", ");
                }
                failure.why.push_str(&said);
            } else if let Some(text) = marked(trimmed) {
                failure.text = text.to_owned();
            } else if trimmed.is_empty() {
                inside = false;
            }
        }
    }
    failures
}

/// `2 | HTTP 200` is the second line of the file.
fn marked(line: &str) -> Option<&str> {
    let (number, text) = line.split_once('|')?;
    number.trim().parse::<u32>().is_ok().then(|| text.trim())
}

/// `|      ^^^ actual value is <404>` and `|   actual: string <x>` are remarks; `| GET /x` is the file's own text.
fn remark(line: &str) -> Option<String> {
    let text = line.strip_prefix('|')?.trim();
    let said = match text.strip_prefix('^') {
        Some(rest) => rest.trim_start_matches('^').trim(),
        None if text.starts_with("actual:") || text.starts_with("expected:") => text,
        None => return None,
    };
    let words: Vec<&str> = said.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::ExecStatus;

    const OUTPUT: &str = "\
error: Assert status code
  --> /tests/custom/login.hurl:2:6
   |
   | GET http://127.0.0.1/x
 2 | HTTP 200
   |      ^^^ actual value is <404>
   |

error: Assert failure
  --> /tests/custom/login.hurl:4:0
   |
   | GET http://127.0.0.1/x
   | ...
 4 | body contains \"hello\"
   |   actual:   string <nope>
   |   expected: contains string <hello>
   |

Failure /tests/custom/login.hurl (1 request(s) in 3 ms)
";

    fn output() -> ExecOutput {
        ExecOutput { status: ExecStatus::Exited(4), stdout: Vec::new(), stderr: OUTPUT.into(), dropped: 0 }
    }

    #[test]
    fn each_failing_assert_has_its_line_and_both_values() {
        let found = failures(OUTPUT);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[1],
            Failure {
                what: "Assert failure".into(),
                line: "4".into(),
                text: "body contains \"hello\"".into(),
                why: "actual: string <nope>, expected: contains string <hello>".into(),
            }
        );
        let Outcome::Failed(finding) = outcome("custom/login.hurl", 4, &output(), Cause::TestFailed) else { panic!() };
        assert_eq!(finding.summary, "custom/login.hurl:2: Assert status code: actual value is <404>");
        assert_eq!(finding.cause, Cause::TestFailed);
    }

    #[test]
    fn a_file_that_is_not_hurl_is_broken_not_failed() {
        let Outcome::Failed(finding) = outcome("a.hurl", 2, &output(), Cause::TestFailed) else { panic!() };
        assert_eq!(finding.cause, Cause::TestBroken);
    }

    #[test]
    fn a_slip_that_hurl_meets_only_when_it_runs_is_the_files_own() {
        let said = |title: &str| {
            format!("error: {title}\n  --> /tests/a.hurl:1:7\n   |\n   |    ^^^^ you must set the variable bas_url\n")
        };
        let cause = |title: &str, code| {
            let (status, stderr) = (ExecStatus::Exited(code), said(title).into_bytes());
            let output = ExecOutput { status, stdout: Vec::new(), stderr, dropped: 0 };
            let Outcome::Failed(finding) = outcome("a.hurl", code, &output, Cause::TestFailed) else { panic!() };
            (finding.cause, finding.summary)
        };
        let summary = "a.hurl:1: Undefined variable: you must set the variable bas_url".to_owned();
        assert_eq!(cause("Undefined variable", 3), (Cause::TestBroken, summary));
        assert_eq!(cause("Invalid regex", 4).0, Cause::TestBroken);
        for of_the_app in ["Invalid URL", "Invalid JSON", "HTTP connection", "Assert status code"] {
            assert_eq!(cause(of_the_app, 3).0, Cause::TestFailed, "{of_the_app}");
        }
    }

    #[test]
    fn an_address_that_no_host_can_have_is_the_files_own_unless_the_app_had_a_say() {
        let cause = |request: &str, requests: u32| {
            let marked = format!("error: HTTP connection\n  --> /tests/a.hurl:1:6\n   |\n 1 | {request}\n");
            let why = "   |      ^^^ (3) URL using bad/illegal format or missing URL\n   |\n\n";
            let stderr = format!("{marked}{why}Failure /tests/a.hurl ({requests} request(s) in 0 ms)\n").into_bytes();
            let output = ExecOutput { status: ExecStatus::Exited(3), stdout: Vec::new(), stderr, dropped: 0 };
            let Outcome::Failed(finding) = outcome("a.hurl", 3, &output, Cause::TestFailed) else { panic!() };
            finding.cause
        };
        assert_eq!(cause("GETT {{base_url}}/ x", 0), Cause::TestBroken);
        assert_eq!(cause("GET {{base_url}}/a b", 3), Cause::TestBroken);
        assert_eq!(cause("GET {{ base_url }}/{{ path }} # of the first answer", 1), Cause::TestFailed);
        assert_eq!(cause("GET {{next}}", 1), Cause::TestFailed);
    }

    #[test]
    fn a_file_that_makes_no_request_has_tested_nothing() {
        let ended = |said: &str| {
            let (status, stderr) = (ExecStatus::Exited(0), said.as_bytes().to_vec());
            passed("custom/a.hurl", &ExecOutput { status, stdout: Vec::new(), stderr, dropped: 0 })
        };
        let note = |text: &str| Outcome::Passed { note: Some(text.to_owned()) };
        assert_eq!(ended("Executed files:    1\nExecuted requests: 1 (80.0/s)\n"), note("1 request"));
        assert_eq!(ended("Executed requests: 10 (80.0/s)\n"), note("10 requests"));
        assert_eq!(ended(""), Outcome::Passed { note: None });
        let Outcome::Failed(finding) = ended("Executed requests: 0 (0.0/s)\n") else { panic!() };
        assert_eq!(finding.cause, Cause::TestBroken);
        assert_eq!(finding.summary, "custom/a.hurl makes no request: all of its requests are skipped");
    }

    #[test]
    fn variable_names_are_checked() {
        assert!(is_variable("secret_db_password"));
        assert!(!is_variable("a-b") && !is_variable("a=b") && !is_variable(""));
    }
}
