//! What an engine says about itself.

use cc_ci_recipe::overlay::AppBounds;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What an engine says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its version.
    pub version: String,
    /// The newest API it speaks.
    pub api: String,
    /// Whether it is part of a swarm, and in which role.
    pub swarm: Membership,
    /// The network `proxy`, if it exists.
    pub proxy: Option<ProxyNetwork>,
    /// What is left for overlay networks.
    pub pool: Option<Pool>,
    /// Where it keeps its data.
    pub root: Option<PathBuf>,
    /// What it can hold containers to.
    pub bounds: AppBounds,
    /// Its clock as it tells it, RFC 3339.
    pub time: Option<String>,
    /// Names of its images, as `repository:tag`.
    pub images: BTreeSet<String>,
}

/// Role in a swarm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Membership {
    /// In none.
    #[default]
    None,
    /// Joining, locked or broken.
    Unusable {
        /// The engine's word for it.
        state: String,
    },
    /// In one, but without control.
    Worker,
    /// In one, with control.
    Manager,
}

/// The properties of the network `proxy` that decide whether apps can use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyNetwork {
    /// `overlay` is needed.
    pub driver: String,
    /// Whether plain containers, such as the tests' sandbox, may join.
    pub attachable: bool,
    /// Whether something on this node is on it now.
    pub held: bool,
}

/// The swarm's supply of subnets for overlay networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// How many there can be.
    pub subnets: u64,
    /// How many overlay networks there are.
    pub used: u64,
}

impl Pool {
    /// How many there can still be.
    #[must_use]
    pub fn left(self) -> u64 {
        self.subnets.saturating_sub(self.used)
    }
}
