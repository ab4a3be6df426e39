//! The secrets of a run: made at random, known to the vault before anybody else, in memory and in Swarm and nowhere else
//! (SWARM-7, SEC-1).

use cc_ci_model::redact::Vault;
use cc_ci_recipe::env_sample::Charset;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The values a run has made or was given, by name. All clones share them.
#[derive(Clone, Default)]
pub struct Secrets {
    vault: Vault,
    values: Arc<Mutex<BTreeMap<String, String>>>,
    /// Those that are in Swarm already, with values that nobody here knows.
    kept: Arc<Mutex<BTreeSet<String>>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the values.
        f.debug_struct("Secrets").field("vault", &self.vault).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Keeps values that `vault` is to mask wherever they turn up.
    #[must_use]
    pub fn new(vault: Vault) -> Self {
        Self { vault, values: Arc::default(), kept: Arc::default() }
    }

    /// Keeps a value. Called where it is born, before anything else gets to see it: from then on it is masked.
    pub fn keep(&self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        self.vault.learn(name.clone(), value.clone());
        self.values.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value);
    }

    /// The value kept under `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Remembers that a secret is in Swarm already. Its value is known to nobody here, and is not to be made anew.
    pub fn is_in_swarm(&self, name: &str) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    /// Whether there is a secret of that name, of whatever value.
    #[must_use]
    pub fn is_there(&self, name: &str) -> bool {
        self.value(name).is_some() || self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// What masks them.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }
}

fn alphabet(charset: Charset) -> &'static [u8] {
    match charset {
        Charset::Alnum => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        Charset::Hex => b"0123456789abcdef",
        Charset::SafeSpecial => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~",
        Charset::Special => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!@#%^&*_-+=",
    }
}

/// Syllables of a pass phrase; 64 of them, so each is worth six bits.
const SYLLABLES: [&str; 64] = [
    "ba", "be", "bi", "bo", "bu", "da", "de", "di", "do", "du", "fa", "fe", "fi", "fo", "fu", "ga", "ge", "gi", "go",
    "gu", "ha", "he", "hi", "ho", "hu", "ka", "ke", "ki", "ko", "ku", "la", "le", "li", "lo", "lu", "ma", "me", "mi",
    "mo", "mu", "na", "ne", "ni", "no", "nu", "pa", "pe", "pi", "po", "pu", "ra", "re", "ri", "ro", "ru", "sa", "se",
    "si", "so", "su", "ta", "te", "ti", "to",
];

/// A random value of `length` characters; without a length a pass phrase with separators, as abra makes one, so that a recipe
/// that cannot take them is found out here.
#[must_use]
pub fn generate(length: Option<u32>, charset: Charset) -> String {
    let mut random = rand::rng();
    match length {
        Some(length) => {
            let alphabet = alphabet(charset);
            (0..length).map(|_| char::from(alphabet[random.random_range(0..alphabet.len())])).collect()
        }
        None => {
            let mut word = || (0..4).map(|_| SYLLABLES[random.random_range(0..SYLLABLES.len())]).collect::<String>();
            [word(), word(), word(), word()].join("-")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_masked_as_soon_as_it_is_kept_and_never_shown() {
        let secrets = Secrets::new(Vault::default());
        secrets.clone().keep("mini-1_db_v1", "s3cr3t-value");
        assert_eq!(secrets.value("mini-1_db_v1").as_deref(), Some("s3cr3t-value"));
        assert_eq!(secrets.vault().redactor().mask("it is s3cr3t-value"), "it is *****");
        assert!(!format!("{secrets:?}").contains("s3cr3t-value"));
    }

    #[test]
    fn length_and_charset_are_honoured() {
        let hex = generate(Some(64), Charset::Hex);
        assert_eq!(hex.len(), 64);
        assert!(hex.chars().all(|c| c.is_ascii_hexdigit()));
        assert_ne!(generate(Some(32), Charset::Alnum), generate(Some(32), Charset::Alnum));
    }

    #[test]
    fn without_a_length_it_is_a_phrase() {
        let phrase = generate(None, Charset::Alnum);
        assert_eq!(phrase.split('-').count(), 4, "{phrase}");
    }
}
