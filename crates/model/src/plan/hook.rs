//! Hooks: what of a recipe runs beside its operations, when, and where.

use crate::tier::Tier;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A hook as it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hook {
    /// When it runs.
    pub time: HookTime,
    /// Where it runs.
    pub place: HookPlace,
    /// Below the tests folder.
    pub path: String,
}

/// When a hook runs; the order is that of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookTime {
    /// Before the one deploy.
    PreInstall,
    /// Once, after the first deploy converged and before anything asks the app for an answer.
    InstallSteps,
    /// Before the upgrade.
    PreUpgrade,
    /// Before the backup is taken.
    PreBackup,
    /// After the backup was taken.
    BackupVerify,
    /// Before the first restore.
    PreRestore,
}

impl HookTime {
    /// Every time, in the order of a run.
    pub const ALL: [Self; 6] =
        [Self::PreInstall, Self::InstallSteps, Self::PreUpgrade, Self::PreBackup, Self::BackupVerify, Self::PreRestore];

    /// The file's name without ending.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PreInstall => "pre_install",
            Self::InstallSteps => "install_steps",
            Self::PreUpgrade => "pre_upgrade",
            Self::PreBackup => "pre_backup",
            Self::BackupVerify => "backup_verify",
            Self::PreRestore => "pre_restore",
        }
    }

    /// The tier it belongs to.
    #[must_use]
    pub fn tier(self) -> Tier {
        match self {
            Self::PreInstall | Self::InstallSteps => Tier::Install,
            Self::PreUpgrade => Tier::Upgrade,
            Self::PreBackup | Self::BackupVerify => Tier::Backup,
            Self::PreRestore => Tier::Restore,
        }
    }

    /// The time of a file's name without ending.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|time| time.word() == word)
    }
}

impl fmt::Display for HookTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a hook runs (TRUST-1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookPlace {
    /// On the host, with what its user may do; only where that is approved outside of the recipe. Records that do not say
    /// where were made when every hook ran there.
    #[default]
    Host,
    /// In the container of the tests.
    Sandbox,
}

/// Whether hooks may run on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// They may.
    By(String),
    /// The default.
    No,
}
