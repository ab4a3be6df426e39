//! Whose fault it is: one exhaustive table from cause to blame (VER-4).

use crate::outcome::Cause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a reader should look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The recipe at the commit under test.
    Recipe,
    /// The published version the app was first deployed at.
    Base,
    /// Another recipe this one needs.
    Dependency,
    /// One of the recipe's tests or hooks, rather than the recipe.
    Test,
    /// Disk, registry, engine or memory of the host.
    Infrastructure,
    /// cc-ci itself.
    Harness,
    /// Nobody: a person or a deadline ended the run.
    Cancelled,
}

impl Blame {
    /// Every blame, for tables.
    pub const ALL: [Self; 7] =
        [Self::Recipe, Self::Base, Self::Dependency, Self::Test, Self::Infrastructure, Self::Harness, Self::Cancelled];

    /// The word used in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::Base => "base",
            Self::Dependency => "dependency",
            Self::Test => "test",
            Self::Infrastructure => "infrastructure",
            Self::Harness => "harness",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether a step that failed for this reason says something about what is under test. If not, the step gave no
    /// answer, and its tier is unverified rather than failed.
    #[must_use]
    pub fn is_about_the_subject(self) -> bool {
        match self {
            Self::Recipe | Self::Base | Self::Dependency | Self::Test => true,
            Self::Infrastructure | Self::Harness | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The table. `None` means the step was not reached: it takes over the blame of what came before it.
///
/// A recipe's own test that *fails* is blamed on the recipe, because that is what the test is there to say. A test that
/// cannot be run or read, or does not end, is blamed on the test: it says nothing about the recipe.
#[must_use]
pub fn of(cause: Cause) -> Option<Blame> {
    match cause {
        Cause::NeverHealthy
        | Cause::CrashLoop
        | Cause::ImageMissing
        | Cause::TaskRejected
        | Cause::OutOfMemory
        | Cause::OneShotFailed
        | Cause::RolledBack
        | Cause::UpdatePaused
        | Cause::DeployRefused
        | Cause::Unstable
        | Cause::NotMoved
        | Cause::NotServing
        | Cause::DataLost
        | Cause::VolumeShrunk
        | Cause::VolumeReplaced
        | Cause::HookFailed
        | Cause::BackupIncomplete
        | Cause::DumpTruncated
        | Cause::RestoreIncomplete
        | Cause::TestFailed
        | Cause::NothingToSeed => Some(Blame::Recipe),
        Cause::DependencyUnhealthy | Cause::ProvisioningFailed => Some(Blame::Dependency),
        Cause::TestBroken | Cause::NeededTestNotRun | Cause::HookStrayed | Cause::TimedOut => Some(Blame::Test),
        Cause::DiskFull | Cause::Registry | Cause::EngineLost | Cause::HostMemory | Cause::CanonicalLost => {
            Some(Blame::Infrastructure)
        }
        Cause::Harness => Some(Blame::Harness),
        Cause::Cancelled => Some(Blame::Cancelled),
        Cause::NotReached => None,
    }
}
