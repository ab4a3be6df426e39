//! The words of `cc-ci bisect`.

use crate::operator::OperatorArgs;
use crate::series::SeriesArgs;
use crate::trust::TrustArgs;
use cc_ci_model::tier::Tier;
use cc_ci_runner::bisect::{BisectRequest, StoredRuns};
use cc_ci_runner::request::Request;
use clap::Args;
use std::path::PathBuf;

/// What the answer of `bisect` means.
pub const BISECT_CODES: &str = "Exit codes: 0 one commit is named; 2 there is nothing to find: BAD passes, GOOD fails, or GOOD is no \
    ancestor of BAD; 10, 11 or that of the run that did not begin: commits without an answer leave a range; 130, 143 ended by a \
    signal.\nHow it searches is explained in docs/design/searching.md.";

/// What is searched for.
#[derive(Debug, Args)]
pub struct BisectArgs {
    /// A folder with a git repository, a git URL, or a recipe's name
    pub recipe: String,
    /// A commit at which the tier passes: a branch, a tag or a commit id
    pub good: String,
    /// A later one, which descends from it, at which the tier fails
    pub bad: String,
    /// The tier: install, upgrade, backup, restore or custom
    #[arg(long, value_name = "TIER", default_value = "upgrade", value_parser = Tier::parse)]
    pub tier: Tier,
    /// The published version that every run begins at [default: for the upgrade tier the base of BAD; other tiers start at the commit]
    #[arg(long, value_name = "VERSION")]
    pub base: Option<String>,
    /// Use the tests in this folder at every commit instead of its own `tests/`: a test that is younger than GOOD, say
    #[arg(long, value_name = "DIR")]
    pub tests: Option<PathBuf>,
    /// Make a run for every commit that is tried, also where one is stored that says the same
    #[arg(long)]
    pub fresh: bool,
    /// What it may do and gets.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// What the operator says about it.
    #[command(flatten)]
    pub operator: OperatorArgs,
    /// How it is shown and watched over.
    #[command(flatten)]
    pub series: SeriesArgs,
}

impl BisectArgs {
    /// The search.
    #[must_use]
    pub fn wanted(&self) -> BisectRequest {
        let asked = self.trust.given_to(self.operator.request(&self.recipe));
        BisectRequest {
            probe: Request { tests: self.tests.clone(), ..asked },
            good: self.good.clone(),
            bad: self.bad.clone(),
            tier: self.tier,
            base: self.base.clone(),
            stored: if self.fresh { StoredRuns::Ignored } else { StoredRuns::Count },
        }
    }
}
