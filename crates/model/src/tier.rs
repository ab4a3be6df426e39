//! The five tiers of a cold run, in the order they run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A stage of the cold run; all tiers share one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The app comes up and answers.
    Install,
    /// The app moves in place from base to head and keeps its data.
    Upgrade,
    /// A snapshot exists and holds what it should.
    Backup,
    /// The snapshot brings the data back, in place and onto empty volumes.
    Restore,
    /// The recipe's own tests.
    Custom,
}

impl Tier {
    /// All tiers in running order.
    pub const ALL: [Self; 5] = [Self::Install, Self::Upgrade, Self::Backup, Self::Restore, Self::Custom];

    /// The word used on the command line, in step ids and in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Custom => "custom",
        }
    }

    /// Reads a tier's word.
    pub fn parse(text: &str) -> Result<Self, UnknownTier> {
        Self::ALL.into_iter().find(|tier| tier.word() == text).ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

/// A word that names no tier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown tier `{0}`: the tiers are install, upgrade, backup, restore, custom")]
pub struct UnknownTier(pub String);

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
