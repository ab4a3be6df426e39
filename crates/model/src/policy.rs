//! The compose policy: what a recipe may not ask of the machine it is tested on, unless the operator allows it (TRUST-2).
//!
//! A recipe comes from a pull request. What it gets by itself is its own containers, volumes, secrets, configs and networks,
//! and the proxy's network. Keys that Swarm ignores are refused too: they ask all the same.

pub mod file;

pub use file::Policy;

use cc_ci_recipe::Recipe;
use cc_ci_recipe::requests::requests;
use cc_ci_recipe::source::Problem;

/// What a recipe asks for, held against a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// What is refused, each naming file, line and key.
    pub refused: Vec<Problem>,
    /// What the operator allows, one line each.
    pub allowed: Vec<String>,
}

/// Holds what `recipe` asks for against `policy`.
#[must_use]
pub fn review(recipe: &Recipe, policy: &Policy) -> Review {
    let mut review = Review::default();
    for request in requests(recipe) {
        match policy.allows(&recipe.name, request.item, &request.value) {
            Some(place) => {
                let line = format!("{} `{}` is allowed by {place}", request.item.word(), request.value);
                if !review.allowed.contains(&line) {
                    review.allowed.push(line);
                }
            }
            None => review.refused.push(request.problem),
        }
    }
    review
}
