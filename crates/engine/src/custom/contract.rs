//! The contract with tests and hooks, for every language the same, as data: `docs/reference/environment.md` is made of it.

/// Where the tests folder lies.
pub const TESTS: &str = "/tests";

/// Where tests may leave files for later tests of the run.
pub const STATE: &str = "/state";

/// Where the app's secrets lie, one file each.
pub const SECRETS: &str = "/run/cc-ci/secrets";

/// The system's certificate authorities and the run's own.
pub const AUTHORITIES: &str = "/run/cc-ci/authorities.pem";

pub(crate) const HURL_VARIABLES: &str = "/run/cc-ci/hurl.variables";
pub(crate) const HURL_SECRETS: &str = "/run/cc-ci/hurl.secrets";

/// One variable that a test or hook gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// Its name in Hurl files; empty where they have none.
    pub hurl: &'static str,
    /// Who gets it.
    pub reach: VariableScope,
    /// What it holds.
    pub holds: &'static str,
}

/// Who gets a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableScope {
    /// What runs in the sandbox and on the host.
    All,
    /// What runs in the sandbox.
    Sandbox,
}

/// Everything that is in the environment of a test.
pub const VARIABLES: [Variable; 17] = [
    all("CC_CI_BASE_URL", "base_url", "`https://` and the app's domain; answered over the app's real route"),
    all("CC_CI_DOMAIN", "domain", "the app's domain"),
    all("CC_CI_STACK", "stack", "the stack's name; a service is reached at `tasks.<stack>_<service>`"),
    all("CC_CI_TIER", "", "`install`, `upgrade`, `backup`, `restore` or `custom`"),
    all("CC_CI_RECIPE", "recipe", "the recipe's name"),
    all("CC_CI_RUN", "run", "the run's id"),
    all("CC_CI_BASE_VERSION", "base_version", "the version before the upgrade; unset when there is none"),
    all("CC_CI_HEAD_VERSION", "head_version", "the version of the commit under test; unset when it has none"),
    all(
        "CC_CI_STATE_DIR",
        "",
        "a folder that lives as long as the run: leave in install what upgrade compares with. The recipe's tests, the \
         catalogue's and the host have one each",
    ),
    sandbox(
        "CC_CI_SECRETS_DIR",
        "secret_<id>",
        "a folder with one file per secret of the app, named by its id; empty before the app is deployed. Those given with \
         `--secret` are there for tests that the operator trusts",
    ),
    sandbox(
        "CURL_CA_BUNDLE",
        "",
        "the system's certificate authorities and the one that signed the route's certificate",
    ),
    sandbox("SSL_CERT_FILE", "", "the same"),
    sandbox("REQUESTS_CA_BUNDLE", "", "the same"),
    sandbox("NODE_EXTRA_CA_CERTS", "", "the same"),
    sandbox("PYTEST_BASE_URL", "", "the same as `CC_CI_BASE_URL`; Playwright's `page.goto(\"/\")` starts there"),
    sandbox("PYTHONDONTWRITEBYTECODE", "", "`1`: the tests folder cannot be written to"),
    sandbox("HOME", "", "`/tmp`"),
];

const fn all(name: &'static str, hurl: &'static str, holds: &'static str) -> Variable {
    Variable { name, hurl, reach: VariableScope::All, holds }
}

const fn sandbox(name: &'static str, hurl: &'static str, holds: &'static str) -> Variable {
    Variable { name, hurl, reach: VariableScope::Sandbox, holds }
}

/// What an exit code of a test or hook means: code, and meaning.
pub const EXIT_CODES: [(&str, &str); 5] = [
    ("0", "passed; the last line it printed goes into the summary"),
    ("77", "skipped; the last line says why"),
    (
        "126, 127",
        "it cannot be executed, or something it calls is not there: the test is broken, which is blamed on the test",
    ),
    ("137", "it was killed: more memory than allowed, or by its own hand"),
    ("anything else", "failed; the last line of standard error is the reason, the output is kept, secrets masked"),
];
