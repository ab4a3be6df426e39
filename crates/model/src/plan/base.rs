//! Where the app is first deployed (BASE-1, BASE-2).

use crate::ids::Commit;
use serde::{Deserialize, Serialize};

/// The tree the one deploy uses, and why that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Base {
    /// A published version older than head: the upgrade tier can run.
    Published {
        /// The tag.
        version: String,
        /// The tag's commit.
        commit: Commit,
        /// Why this one.
        reason: String,
    },
    /// A commit without a tag, such as the tip of the default branch.
    Commit {
        /// The commit.
        commit: Commit,
        /// Why this one.
        reason: String,
    },
    /// No usable predecessor: the app is deployed at head and the upgrade tier is skipped.
    Head {
        /// Why there is none.
        reason: String,
        /// Who or what decided so.
        #[serde(default)]
        why: NoBase,
    },
}

/// Why an app starts at head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoBase {
    /// Nothing older differs from head: there is nothing to upgrade from.
    #[default]
    NothingOlder,
    /// No tag publishes a version, so nobody can say what operators run.
    NoTags,
    /// The caller asked for no upgrade.
    NotAsked,
    /// The settings skip the upgrade.
    Skipped,
}

impl Base {
    /// Why this base was chosen.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Published { reason, .. } | Self::Commit { reason, .. } | Self::Head { reason, .. } => reason,
        }
    }

    /// The base's commit; `None` when the app starts at head.
    #[must_use]
    pub fn commit(&self) -> Option<&Commit> {
        match self {
            Self::Published { commit, .. } | Self::Commit { commit, .. } => Some(commit),
            Self::Head { .. } => None,
        }
    }
}
