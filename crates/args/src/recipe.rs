//! Which recipe, which commit, and which part of the work.

use crate::trust::TrustArgs;
use clap::Args;
use std::path::PathBuf;

/// Which recipe, which commit, and which part of the work; the same for `plan` and `run`.
#[derive(Debug, Clone, Args)]
pub struct RecipeArgs {
    /// A folder with a git repository, a git URL, or a recipe's name
    #[arg(default_value = ".", env = "RECIPE", hide_env_values = true)]
    pub recipe: String,
    /// The commit under test: a branch, a tag or a commit id [default: HEAD]
    #[arg(long = "ref", env = "REF", value_name = "REF", hide_env_values = true)]
    pub revision: Option<String>,
    /// Test what lies in the folder over HEAD, committed or not, without what git ignores; such a run has no level and no
    /// badge
    #[arg(long)]
    pub worktree: bool,
    /// The published version under test, if no --ref is given
    #[arg(long, env = "VERSION", value_name = "TAG", hide_env_values = true, hide = true)]
    pub target_version: Option<String>,
    /// Only these tiers, separated by commas: install, upgrade, backup, restore, custom [default: all]
    #[arg(long, env = "STAGES", value_name = "TIERS", hide_env_values = true)]
    pub stages: Option<String>,
    /// Deploy first at this published version [default: the newest one that the commit under
    /// test descends from]
    #[arg(long, value_name = "VERSION")]
    pub base: Option<String>,
    /// Deploy at the commit under test and skip the upgrade tier
    #[arg(long, conflicts_with = "base")]
    pub no_upgrade: bool,
    /// Use the tests in this folder instead of the recipe's own `tests/`
    #[arg(long, value_name = "DIR")]
    pub tests: Option<PathBuf>,
    /// Settings, overlays and tests of CI's own, one folder per recipe; its settings win, its tests run too
    /// [default: `catalogue` in the state folder]
    #[arg(long, value_name = "DIR")]
    pub catalogue: Option<PathBuf>,
    /// What single recipes may ask for beyond their own containers and volumes
    /// [default: `policy.toml` in the state folder]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What it may do and gets.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Number of the pull request the commit comes from; only recorded
    #[arg(long, env = "PR", value_name = "NUMBER", hide_env_values = true)]
    pub pr: Option<String>,
}

impl RecipeArgs {
    /// The revision under test.
    #[must_use]
    pub fn revision(&self) -> &str {
        // A variable that is set to nothing is not set.
        let given = |value: &'_ Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
        match (&self.revision, &self.target_version) {
            (Some(revision), _) if given(&self.revision) => revision,
            (_, Some(version)) if given(&self.target_version) => version,
            _ => "HEAD",
        }
    }
}
