//! What a recipe asks for that is not its own: paths and ports of the machine, capabilities, networks of others.
//!
//! What every recipe gets is its own containers, volumes, secrets, configs and networks, and the proxy's network. Whether
//! anything more is allowed is for the reader to decide. Keys that Swarm ignores are among the requests: they ask all the
//! same.

mod asking;
mod item;
mod labels;
mod networks;
mod routes;
mod services;
mod variables;
mod volumes;

pub use self::asking::requests;
pub use self::item::Item;
use crate::source::Problem;

/// One thing that a recipe asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRequest {
    /// What kind of thing.
    pub item: Item,
    /// Which one, as a policy file writes it.
    pub value: String,
    /// Where it is asked for, and in which words it is refused.
    pub problem: Problem,
}
