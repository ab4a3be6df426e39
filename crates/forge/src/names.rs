//! Names and ids as a forge gives them: text that cannot lead anywhere else when it stands in a path.

use std::fmt;
use std::str::FromStr;

/// Longer names do not exist on any forge.
const LONGEST: usize = 100;

/// A text that is not the name it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}")]
pub struct BadName {
    kind: &'static str,
    text: String,
}

impl BadName {
    fn new(kind: &'static str, text: &str) -> Self {
        Self { kind, text: text.chars().take(LONGEST).collect() }
    }
}

/// Letters that stand for themselves in a path, and no step up or nowhere.
fn is_name(text: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(plain) && text.bytes().any(|letter| letter != b'.')
}

/// A repository by its owner and its own name, written `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoName {
    owner: String,
    name: String,
}

impl RepoName {
    /// The person or organisation that has it.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for RepoName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            Some(_) | None => Err(BadName::new("repository (`owner/name`)", text)),
        }
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}/{}", self.owner, self.name)
    }
}

/// A text type: what it is called, and which texts are one.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $good:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// As it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                let good: fn(&str) -> bool = $good;
                if good(text) { Ok(Self(text.to_owned())) } else { Err(BadName::new($kind, text)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str(&self.0)
            }
        }
    };
}

text!(
    /// The name by which an account is addressed. It can change; the [`AccountId`] does not.
    Login,
    "name of an account",
    is_name
);
text!(
    /// The id of an account.
    AccountId,
    "id of an account",
    is_id
);
text!(
    /// The id of a comment; two comments never share one.
    CommentId,
    "id of a comment",
    is_id
);
text!(
    /// The full id of a commit, in small letters.
    CommitSha,
    "full commit id",
    |text| matches!(text.len(), 40 | 64) && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
);

/// Ids of these forges are positive numbers, kept as text: other forges have other ids.
fn is_id(text: &str) -> bool {
    text.len() <= 19 && !text.starts_with('0') && !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The number of a pull request in its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PullNumber(pub u64);

impl fmt::Display for PullNumber {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

#[cfg(test)]
mod tests {
    use super::{CommentId, CommitSha, Login, RepoName};

    fn check(text: &str, is_repo: bool, is_login: bool) {
        assert_eq!(text.parse::<RepoName>().is_ok(), is_repo, "{text} as a repository");
        assert_eq!(text.parse::<Login>().is_ok(), is_login, "{text} as a login");
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        check("recipes/ghost", true, false);
        check("re.ci_pes/gh-ost.js", true, false);
        check("ghost", false, true);
        check("...a", false, true);
        for bad in ["", "/", "a/", "/b", "a/b/c", "a/..", "../b", "./b", "a b/c", "a/b?c", "a/%2e", "a\n/b", "é/b"] {
            check(bad, false, false);
        }
        for bad in ["..", ".", "a/b", "a\0", "a#b", &"a".repeat(101)] {
            assert!(bad.parse::<Login>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_is_a_positive_number() {
        for (text, good) in [("1", true), ("9223372036854775807", true), ("0", false), ("-1", false), ("1e3", false)] {
            assert_eq!(text.parse::<CommentId>().is_ok(), good, "{text}");
        }
        assert!("".parse::<CommentId>().is_err());
    }

    #[test]
    fn a_commit_is_named_in_full() {
        assert!("0123456789abcdef0123456789abcdef01234567".parse::<CommitSha>().is_ok());
        for bad in ["", "0123456", "0123456789ABCDEF0123456789abcdef01234567", "main"] {
            let error = bad.parse::<CommitSha>().unwrap_err().to_string();
            assert_eq!(error, format!("{bad:?} is no full commit id"));
        }
    }
}
