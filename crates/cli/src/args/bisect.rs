//! The words of `cc-ci bisect`.

use super::operator::OperatorArgs;
use super::value;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::requests::Item;
use cc_ci_runner::bisect::{BisectRequest, StoredRuns};
use cc_ci_runner::request::{GivenSecret, HostHooks, Request};
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
    /// What the recipe may ask for in these runs, as the policy writes it; for a recipe of your own
    #[arg(long, value_name = "ITEM=VALUE", value_parser = value::allowed)]
    pub allow: Vec<(Item, String)>,
    /// Run the recipe's hooks that want the host (`tests/hooks/host/`): on this machine, outside of any container
    #[arg(long)]
    pub trust_hooks: bool,
    /// Take the value of a secret that cannot be generated from a file
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = value::secret)]
    pub secrets: Vec<GivenSecret>,
    /// What the operator says about it.
    #[command(flatten)]
    pub operator: OperatorArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Start no reapers: if this process is killed, `cc-ci clean` has to clean up
    #[arg(long, hide = true)]
    pub no_reaper: bool,
}

impl BisectArgs {
    /// The search.
    #[must_use]
    pub fn wanted(&self) -> BisectRequest {
        let trusted = || HostHooks::Trusted { by: "--trust-hooks".to_owned() };
        BisectRequest {
            probe: Request {
                allow: self.allow.clone(),
                host_hooks: if self.trust_hooks { trusted() } else { HostHooks::AsThePolicySays },
                secrets: self.secrets.clone(),
                tests: self.tests.clone(),
                ..self.operator.request(&self.recipe)
            },
            good: self.good.clone(),
            bad: self.bad.clone(),
            tier: self.tier,
            base: self.base.clone(),
            stored: if self.fresh { StoredRuns::Ignored } else { StoredRuns::Count },
        }
    }
}
