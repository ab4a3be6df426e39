//! The customisation manifest: what a run was changed by, with what looks like a secret masked (CUST-5).

use super::Settings;
use std::collections::BTreeMap;

/// What stands in place of a value whose name looks like a secret's.
pub const MASK: &str = "***";

/// Parts of a name that promise a secret.
const SECRET: [&str; 9] =
    ["SECRET", "PASSWORD", "PASSWD", "PASS", "PASSPHRASE", "TOKEN", "CREDENTIAL", "CREDENTIALS", "KEY"];

/// Whether a name looks like that of a secret: `DB_PASSWORD` and `api-key` do, `MONKEY` does not.
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| SECRET.iter().any(|secret| word.eq_ignore_ascii_case(secret)))
        || ["SECRET", "PASSWORD", "TOKEN", "CREDENTIAL"].iter().any(|part| name.to_ascii_uppercase().contains(part))
}

/// A value, or [`MASK`] where the name looks like a secret's.
#[must_use]
pub fn shown(name: &str, value: &str) -> String {
    if looks_secret(name) { MASK.to_owned() } else { value.to_owned() }
}

impl Settings {
    /// Every key that was given with its value and its place.
    #[must_use]
    pub fn manifest(&self) -> BTreeMap<String, String> {
        let line = |name: &str, given: &super::Given| format!("{} ({})", shown(name, &given.text), given.place());
        self.given.iter().map(|(name, given)| (name.clone(), line(name, given))).collect()
    }
}
