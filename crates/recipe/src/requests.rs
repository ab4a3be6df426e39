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

use self::asking::Asking;
pub use self::item::Item;
use crate::Recipe;
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

/// Everything that `recipe` asks for.
#[must_use]
pub fn requests(recipe: &Recipe) -> Vec<PolicyRequest> {
    let mut asking = Asking { recipe, found: Vec::new() };
    variables::ask(&mut asking);
    services::ask(&mut asking);
    volumes::ask(&mut asking);
    networks::ask(&mut asking);
    volumes::ask_files(&mut asking, "secrets", Item::ForeignSecret, &recipe.compose.secrets);
    volumes::ask_files(&mut asking, "configs", Item::ForeignConfig, &recipe.compose.configs);
    labels::ask(&mut asking);
    routes::ask(&mut asking);
    asking.found
}
