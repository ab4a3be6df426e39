//! Which versions of `abra` can be driven.

use std::fmt;

/// The oldest version that is driven: from 0.10 on an app's environment file can name a recipe's version, and all commands
/// take their options by today's names (S1).
pub const OLDEST: (u32, u32, u32) = (0, 10, 0);

/// The newest version of which anything is known: the one the commons' own CI used in 2026 (S4).
pub const NEWEST: (u32, u32) = (0, 13);

/// A version of `abra`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbraVersion {
    /// Major, minor, patch. A version before 1.0 is always a beta, so what follows decides nothing.
    numbers: (u32, u32, u32),
    /// As the command writes it: `0.13.0-beta-06a57de`.
    text: String,
}

/// Why a version cannot be driven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AbraVersionError {
    /// No version in the answer.
    #[error("`abra --version` answers with no version: `{0}`")]
    Unreadable(String),
    /// Too old.
    #[error("abra {found} is too old: cc-ci drives {oldest} and later", oldest = shown(OLDEST))]
    TooOld {
        /// The version.
        found: String,
    },
}

/// What is known about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In the range that the facts are from.
    Known,
    /// Newer than anything known.
    Newer,
}

impl AbraVersion {
    /// Reads the answer of `abra --version`, such as `abra version 0.13.0-beta-06a57de`.
    pub fn read(answer: &str) -> Result<Self, AbraVersionError> {
        let said = super::said::clean(answer);
        let found = said.split_whitespace().find_map(|word| Some((numbers(word)?, word.to_owned())));
        let Some((numbers, text)) = found else {
            let first = said.lines().next().unwrap_or_default();
            return Err(AbraVersionError::Unreadable(first.chars().take(80).collect()));
        };
        if numbers < OLDEST {
            return Err(AbraVersionError::TooOld { found: text });
        }
        Ok(Self { numbers, text })
    }

    /// What is known about it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (major, minor, _) = self.numbers;
        if (major, minor) <= NEWEST { Standing::Known } else { Standing::Newer }
    }
}

impl fmt::Display for AbraVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn shown((major, minor, patch): (u32, u32, u32)) -> String {
    format!("{major}.{minor}.{patch}")
}

fn numbers(word: &str) -> Option<(u32, u32, u32)> {
    let word = word.strip_prefix('v').unwrap_or(word);
    let plain = word.split(['-', '+']).next()?;
    let mut parts = plain.split('.').map(|part| part.parse::<u32>().ok());
    let (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    Some((major, minor, patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_however_it_is_written() {
        for (answer, shown, standing) in [
            ("abra version 0.13.0-beta-06a57de\n", "0.13.0-beta-06a57de", Standing::Known),
            ("abra version 0.11.0\r\n", "0.11.0", Standing::Known),
            ("\u{1b}[1mabra\u{1b}[0m v0.10.0-beta", "v0.10.0-beta", Standing::Known),
            ("abra version 0.14.1-beta", "0.14.1-beta", Standing::Newer),
            ("abra version 1.0.0", "1.0.0", Standing::Newer),
        ] {
            let version = AbraVersion::read(answer).unwrap();
            assert_eq!((version.to_string().as_str(), version.standing()), (shown, standing));
        }
    }

    #[test]
    fn an_old_one_and_another_program_are_refused() {
        let refused = |answer| AbraVersion::read(answer).unwrap_err().to_string();
        assert_eq!(
            refused("abra version 0.9.1-beta-4d39e12"),
            "abra 0.9.1-beta-4d39e12 is too old: cc-ci drives 0.10.0 and later"
        );
        assert_eq!(refused("candy version tree"), "`abra --version` answers with no version: `candy version tree`");
        assert_eq!(refused(""), "`abra --version` answers with no version: ``");
    }
}
