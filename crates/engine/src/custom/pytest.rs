//! pytest files: run one by one, their JUnit file fetched and read test by test.

use super::contract::{AUTHORITIES, TESTS};
use super::sandbox::Sandbox;
use crate::exec::{ExecError, ExecOutput};
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::own_tests::Runner;
use cc_ci_model::pytest::{self, JunitError, MOST_BYTES};
use cc_ci_model::testcase::TestCase;

use super::script;

/// A name for a JUnit file that no earlier test can know.
pub(crate) fn junit() -> String {
    format!("/tmp/cc-ci-junit-{:016x}.xml", rand::random::<u64>())
}

/// The words that run a pytest file of the tests folder. What it passes on its own is not asked for again: the tests
/// folder's own `pytest.ini` and `conftest.py` hold.
pub(crate) fn command(path: &str, runner: Runner, junit: &str) -> Vec<String> {
    let fixed = ["python3", "-m", "pytest", "-q", "--color=no", "--tb=short", "-p", "no:cacheprovider"];
    let fixed = fixed.into_iter().chain(["--rootdir", TESTS, "-o", "junit_family=xunit2", "-o", "junit_logging=no"]);
    let browser: &[&str] = match runner {
        // Where the plug-in would put its files cannot be written to.
        Runner::Browser => &["--output=/tmp/browser"],
        Runner::Pytest | Runner::Hurl | Runner::Executable => &[],
    };
    let words = fixed.chain(browser.iter().copied()).map(str::to_owned);
    words.chain([format!("--junitxml={junit}"), format!("{TESTS}/{path}")]).collect()
}

/// Variables beside those that every test has.
pub(crate) fn environment(base_url: &str) -> [(String, String); 3] {
    [
        ("PYTHONDONTWRITEBYTECODE", "1"),
        // Playwright's pages then take paths.
        ("PYTEST_BASE_URL", base_url),
        ("NODE_EXTRA_CA_CERTS", AUTHORITIES),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// What a file that ended with `code` came to, and its test cases.
pub(crate) async fn outcome(
    sandbox: &Sandbox,
    path: &str,
    code: i64,
    output: &ExecOutput,
    junit: &str,
) -> Result<(Outcome, Vec<TestCase>), ExecError> {
    let read = match sandbox.file(junit, MOST_BYTES).await? {
        None => Err(JunitError::Missing),
        Some(bytes) if bytes.len() > MOST_BYTES => Err(JunitError::TooLarge),
        Some(bytes) => match String::from_utf8(bytes) {
            Ok(text) => pytest::read(path, &text),
            Err(_) => Err(JunitError::Malformed("it is no UTF-8".to_owned())),
        },
    };
    let outcome = pytest::conclude(path, code, &read, script::last_word(output).as_deref());
    Ok((outcome, read.unwrap_or_default()))
}
