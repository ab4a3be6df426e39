//! What the operator lets a recipe do, and gives it.

use crate::value;
use cc_ci_recipe::requests::Item;
use cc_ci_runner::request::{GivenSecret, HostHooks, Request};
use clap::Args;

/// What the recipe under test may do and gets beyond what any recipe may and gets.
#[derive(Debug, Clone, Args)]
pub struct TrustArgs {
    /// What the recipe may ask for besides, as the policy writes it; for a recipe of your own
    #[arg(long, value_name = "ITEM=VALUE", value_parser = value::allowed)]
    pub allow: Vec<(Item, String)>,
    /// Run the recipe's hooks that want the host (`tests/hooks/host/`): on this machine, outside of any container
    #[arg(long)]
    pub trust_hooks: bool,
    /// Take the value of a secret that cannot be generated from a file
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = value::secret)]
    pub secrets: Vec<GivenSecret>,
}

impl TrustArgs {
    /// The request with it.
    #[must_use]
    pub fn given_to(&self, request: Request) -> Request {
        let trusted = || HostHooks::Trusted { by: "--trust-hooks".to_owned() };
        Request {
            allow: self.allow.clone(),
            host_hooks: if self.trust_hooks { trusted() } else { HostHooks::AsThePolicySays },
            secrets: self.secrets.clone(),
            ..request
        }
    }
}
