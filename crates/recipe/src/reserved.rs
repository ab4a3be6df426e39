//! Names of variables that programs of the machine read, and that no app may set.
//!
//! An app's environment comes from a stranger. What the dynamic linker or the docker command itself reads would change them,
//! and is withheld from them by every careful caller: then a compose file has another value there than the app.

/// Names as a whole.
const NAMES: [&str; 11] = [
    "PATH",
    "HOME",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "GODEBUG",
];

/// Beginnings of names.
const BEGINNINGS: [&str; 2] = ["LD_", "DOCKER_CLI_"];

/// Whether a variable of this name would change the programs that deploy an app.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_programs_read_are_not_for_apps() {
        assert!(["LD_PRELOAD", "LD_X", "PATH", "DOCKER_HOST", "DOCKER_CLI_X", "GODEBUG"].into_iter().all(is_reserved));
        assert!(!["DOCKER_TAG", "DOMAIN", "LDAP_HOST", "MY_PATH", "ld_x"].into_iter().any(is_reserved));
    }
}
