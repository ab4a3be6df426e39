//! What head itself changes about how it is judged, what it leaves to operators, and whether it is a commit at all.

use crate::tier::Tier;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What planning is told about head beside what it deploys.
#[derive(Debug, Clone, Default)]
pub struct Scrutiny {
    /// Tiers that settings in the commit under test skip.
    pub own_skips: BTreeSet<Tier>,
    /// Settings by which it asks less of itself than its base did.
    pub softened: Vec<Softened>,
    /// What it wants of operators.
    pub work: Vec<OperatorWork>,
    /// What is tested.
    pub state: TreeState,
}

/// What is tested: a commit, or what lies in the work tree over it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TreeState {
    /// What was committed.
    #[default]
    Committed,
    /// What lies in the folder, committed or not.
    Uncommitted,
}

impl TreeState {
    /// A commit as it is shown: with `+U` for what lies uncommitted over it, as abra writes it.
    #[must_use]
    pub fn shown(self, commit: &str) -> String {
        match self {
            Self::Committed => commit.to_owned(),
            Self::Uncommitted => format!("{commit}+U"),
        }
    }
}

/// A setting by which the commit under test asks less of itself than its base did, and that CI's catalogue does not have.
/// The tiers it is about have no answer: whoever breaks something could have excused it in the same commit (VER-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Softened {
    /// The setting's full name, such as `health.statuses`.
    pub key: String,
    /// The tiers whose answer rests on it.
    pub tiers: BTreeSet<Tier>,
    /// What it does and where it stands, for the reader.
    pub words: String,
}

/// Something that an operator has to do before head works for an app that is there already (ENV-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorWork {
    /// The variable.
    pub name: String,
    /// What is to be done and whether a release note says so.
    pub words: String,
    /// Whether the app of this run has it.
    pub app: AppHas,
}

/// Whether the app of a run has what operators have to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppHas {
    /// It has not, as an operator's has not.
    Not,
    /// It was given, by `env.upgrade` in the settings.
    Given,
    /// It was made, as a secret is before the upgrade.
    Made,
}

impl OperatorWork {
    /// One line for plan and report.
    #[must_use]
    pub fn line(&self) -> String {
        let app = match self.app {
            AppHas::Not => "the app of this run does not have it, as theirs do not",
            AppHas::Given => "the app of this run has it from `env.upgrade`",
            AppHas::Made => "it was made before the upgrade of this run",
        };
        format!("work for operators: {}; {app}", self.words)
    }
}
