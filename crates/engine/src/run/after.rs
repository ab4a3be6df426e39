//! What the app's data came through before they are looked at.

use cc_ci_model::outcome::Finding;
use cc_ci_model::plan::step::Pass;
use cc_ci_model::tier::Tier;

/// What the app's data came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum After {
    /// The upgrade.
    Upgrade,
    /// A restore.
    Restore,
    /// A restart.
    Restart,
}

impl After {
    /// What a step of `tier` looks at the data after.
    pub(in crate::run) fn of(tier: Tier, pass: Pass) -> Self {
        match (pass, tier) {
            (Pass::Restarted, _) => Self::Restart,
            (Pass::InPlace | Pass::OntoEmpty, _) | (Pass::Only, Tier::Restore) => Self::Restore,
            (Pass::Only, Tier::Install | Tier::Upgrade | Tier::Backup | Tier::Custom) => Self::Upgrade,
        }
    }

    /// A finding that says so where the tier's name does not.
    pub(in crate::run) fn told(self, finding: Finding) -> Finding {
        match self {
            Self::Restart => Finding { summary: format!("after a restart: {}", finding.summary), ..finding },
            Self::Upgrade | Self::Restore => finding,
        }
    }
}
