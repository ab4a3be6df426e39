//! The compose policy: what a recipe may not ask of the machine it is tested on, unless the operator allows it (TRUST-2).
//!
//! A recipe comes from a pull request. What it gets by itself is its own containers, volumes, secrets, configs and networks,
//! and the proxy's network. Keys that Swarm ignores are refused too: they ask all the same.

pub mod address;
pub mod file;
mod granted;

pub use address::RepositoryAddress;
pub use file::PolicyFile;
pub use granted::Policy;

use cc_ci_recipe::Recipe;
use cc_ci_recipe::requests::{Item, requests};
use cc_ci_recipe::source::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a recipe asks for, held against a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// What is refused, each naming file, line and key.
    pub refused: Vec<Problem>,
    /// The values that would have to be allowed, by item.
    pub wanted: BTreeMap<Item, BTreeSet<String>>,
    /// What the operator allows, one line each.
    pub allowed: Vec<String>,
}

/// Holds what `recipe` asks for against `policy`.
#[must_use]
pub fn review(recipe: &Recipe, policy: &Policy) -> Review {
    let mut review = Review::default();
    for request in requests(recipe) {
        match policy.allows(request.item, &request.value) {
            Some(place) => {
                let line = format!("{} `{}` is allowed by {place}", request.item.word(), request.value);
                if !review.allowed.contains(&line) {
                    review.allowed.push(line);
                }
            }
            None => {
                review.wanted.entry(request.item).or_default().insert(request.value);
                review.refused.push(request.problem);
            }
        }
    }
    review
}

impl Review {
    /// What an operator writes into the policy file to allow all that is refused.
    #[must_use]
    pub fn block(&self, address: &RepositoryAddress) -> String {
        let key = address.shown();
        let plain = key.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
        let mut text = if plain { format!("[allow.{key}]") } else { format!("[allow.{}]", quoted(key)) };
        for (item, values) in &self.wanted {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            // Writing to a text cannot fail.
            let _ok = write!(text, "\n{} = [{}]", item.word(), values.join(", "));
        }
        text
    }
}

/// A text as TOML writes it, in quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => {
                // Writing to a text cannot fail.
                let _ok = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
