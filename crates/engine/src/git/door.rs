//! The `git` program with everything switched off that could run code, ask a question or read elsewhere.

use crate::process::Command;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Settings that count more than those of the repository.
const OFF: [(&str, &str); 18] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.alternateRefsCommand", "true"),
    ("core.askPass", "/bin/false"),
    ("core.pager", "cat"),
    // What a commit's tree and parents are is read from the commit, not from a file that says so.
    ("core.commitGraph", "false"),
    ("core.maxTreeDepth", DEPTH),
    ("credential.helper", ""),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("log.showSignature", "false"),
    ("maintenance.auto", "false"),
    ("status.submoduleSummary", "false"),
    ("submodule.recurse", "false"),
    ("protocol.ext.allow", "never"),
    // Ownership protects from foreign configuration that runs code; all of that is switched off here.
    ("safe.directory", "*"),
];

/// How many folders may lie in one another.
pub(super) const DEPTH: &str = "64";

/// The program, in a folder.
pub(super) fn git(dir: &Path) -> Command {
    let command = Command::new("git")
        .inherit(&[
            "SSH_AUTH_SOCK",
            "https_proxy",
            "HTTPS_PROXY",
            "http_proxy",
            "no_proxy",
            "NO_PROXY",
            "SSL_CERT_FILE",
        ])
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "/bin/false")
        .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        .env("GIT_PAGER", "cat")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        // A commit is what its id says: no object stands in for another, no parent is made up.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file")
        .cwd(dir);
    OFF.into_iter().fold(command, |command, (key, value)| set(command, key, value))
}

/// The same without any transport, for reading what is there.
pub(super) fn offline(dir: &Path) -> Command {
    // An empty list allows nothing, whatever the repository says about a single protocol.
    git(dir).env("GIT_ALLOW_PROTOCOL", "")
}

/// Adds a setting by the environment: git splits the argument `-c filter.a=b.clean=` at its first `=`, so that a name may
/// hold the rest of what should be switched off.
pub(super) fn set(command: Command, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Command {
    let count = command.env.get(OsStr::new("GIT_CONFIG_COUNT")).and_then(|count| count.to_str()?.parse().ok());
    let count: usize = count.unwrap_or_default();
    command
        .env(format!("GIT_CONFIG_KEY_{count}"), key.as_ref())
        .env(format!("GIT_CONFIG_VALUE_{count}"), value.as_ref())
        .env("GIT_CONFIG_COUNT", OsString::from((count + 1).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_go_by_the_environment_and_are_numbered() {
        let command = set(offline(Path::new("/")), "filter.a=b.clean", "");
        let of = |name: &str| command.env.get(OsStr::new(name)).and_then(|value| value.to_str()).unwrap_or_default();
        let last = OFF.len();
        assert_eq!(of("GIT_CONFIG_COUNT"), (last + 1).to_string());
        assert_eq!(of(&format!("GIT_CONFIG_KEY_{last}")), "filter.a=b.clean");
        assert_eq!((of("GIT_CONFIG_KEY_0"), of("GIT_CONFIG_VALUE_0")), ("core.hooksPath", "/dev/null"));
        assert!(command.args.is_empty());
    }
}
