//! Makes secret values. They live in memory and in Swarm, nowhere else (SWARM-7).

use rand::RngExt;

/// The characters a random secret is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Letters and digits: safe in URLs, shells and configuration files.
    Alphanumeric,
    /// Lower-case hexadecimal digits.
    Hex,
    /// Letters, digits and punctuation that needs quoting.
    Special,
}

impl Charset {
    /// The charset a recipe names; unknown names mean the default one, as with abra.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("hex") => Self::Hex,
            Some("special" | "safespecial") => Self::Special,
            Some(_) | None => Self::Alphanumeric,
        }
    }

    fn alphabet(self) -> &'static [u8] {
        match self {
            Self::Alphanumeric => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            Self::Hex => b"0123456789abcdef",
            Self::Special => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!@#%^&*_-+=",
        }
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
            let alphabet = charset.alphabet();
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
    fn length_and_charset_are_honoured() {
        let hex = generate(Some(64), Charset::named(Some("hex")));
        assert_eq!(hex.len(), 64);
        assert!(hex.chars().all(|c| c.is_ascii_hexdigit()));
        assert_ne!(generate(Some(32), Charset::Alphanumeric), generate(Some(32), Charset::Alphanumeric));
    }

    #[test]
    fn without_a_length_it_is_a_phrase() {
        let phrase = generate(None, Charset::Alphanumeric);
        assert_eq!(phrase.split('-').count(), 4, "{phrase}");
    }
}
