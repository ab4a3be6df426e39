//! Makes secret values. They live in memory and in Swarm, nowhere else (SWARM-7).

use cc_ci_recipe::env_sample::Charset;
use rand::RngExt;

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
