//! Names of things, each a type of its own so that one cannot stand in for another.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A name that is a type of its own.
macro_rules! name {
    ($(#[$meta:meta])* $name:ident) => {
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        $(#[$meta])*
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// A name that no text becomes without being read, in a record neither.
macro_rules! parsed {
    ($(#[$meta:meta])* $name:ident) => {
        name! {
            $(#[$meta])*
            #[serde(try_from = "String")]
            $name
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
    };
}

parsed! {
    /// A recipe's name: its repository's last path part.
    RecipeName
}
parsed! {
    /// A full git commit id, 40 lower-case hexadecimal digits.
    Commit
}
parsed! {
    /// One run of cc-ci: the key of all its state (ISO-1).
    RunId
}
name! {
    /// A Swarm stack's name (`com.docker.stack.namespace`).
    StackName
}
name! {
    /// The domain an app answers on during a run.
    Domain
}
name! {
    /// A step of a plan: `<tier>/<what>`, for example `install/serving`.
    StepId
}

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not usable as a recipe name.
    #[error(
        "`{0}` is not a recipe name: use letters, digits, `-`, `_` and `.`, at most 64, starting with a letter or digit"
    )]
    Recipe(String),
    /// Not a full commit id.
    #[error("`{0}` is not a commit id: 40 hexadecimal digits are needed")]
    Commit(String),
    /// Not usable as a run id.
    #[error("`{0}` is not a run id: use letters, digits and `-`, at most 64")]
    Run(String),
}

fn made_of(text: &str, most: usize, extra: &str) -> bool {
    !text.is_empty()
        && text.len() <= most
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

impl RecipeName {
    /// Reads a recipe name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if made_of(text, 64, "-_.") { Ok(Self(text.to_owned())) } else { Err(NameError::Recipe(text.to_owned())) }
    }
}

impl Commit {
    /// Reads a full commit id.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NameError::Commit(text.to_owned()))
        }
    }

    /// The eight digits that go into the `chaos-version` label, as abra writes it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl RunId {
    /// Reads a run id; it becomes a folder name and a label value.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if made_of(text, 64, "-") { Ok(Self(text.to_owned())) } else { Err(NameError::Run(text.to_owned())) }
    }
}

impl StackName {
    /// The stack of a run: `<recipe[:4]>-<6 hex of recipe|ref|run>` (SWARM-7). Short, because secret and config names
    /// derive from it and Swarm cuts them off at 64 characters.
    #[must_use]
    pub fn of_run(recipe: &RecipeName, commit: &Commit, run: &RunId) -> Self {
        let digest = Sha256::digest(format!("{recipe}|{commit}|{run}").as_bytes());
        let hex = hex::encode(&digest[..3]);
        let head: String = recipe.as_str().chars().filter(char::is_ascii_alphanumeric).take(4).collect();
        Self(format!("{}-{hex}", head.to_ascii_lowercase()))
    }

    /// A stack name as the engine reported it.
    #[must_use]
    pub fn observed(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Domain {
    /// The domain of a stack below `zone`. The default zone is below `.test`, which no resolver on the internet answers.
    #[must_use]
    pub fn of_stack(stack: &StackName, zone: &str) -> Self {
        Self(format!("{stack}.{zone}"))
    }
}

impl StepId {
    /// The id `<tier>/<what>`; [`crate::plan::step::Step::new`] derives it, and nobody else spells one.
    #[must_use]
    pub(crate) fn new(tier: crate::tier::Tier, what: &str) -> Self {
        Self(format!("{tier}/{what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_name_is_short_and_depends_on_all_three() {
        let recipe = RecipeName::parse("matrix-synapse").unwrap();
        let commit = Commit::parse(&"a".repeat(40)).unwrap();
        let one = StackName::of_run(&recipe, &commit, &RunId::parse("r1").unwrap());
        let two = StackName::of_run(&recipe, &commit, &RunId::parse("r2").unwrap());
        assert!(one.as_str().starts_with("matr-") && one.as_str().len() == 11, "{one}");
        assert_ne!(one, two);
    }

    #[test]
    fn names_are_checked_at_the_door() {
        assert!(RecipeName::parse("../etc").is_err());
        assert!(RecipeName::parse("").is_err());
        assert!(Commit::parse("abc").is_err());
        assert!(RunId::parse("a/b").is_err());
        assert!(RunId::parse("2026-11-23-abc").is_ok());
    }
}
