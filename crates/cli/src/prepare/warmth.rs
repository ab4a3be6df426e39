//! Whether a warm dependency is up, as far as a plan may know.

use cc_ci_model::ids::{Commit, Domain, RecipeName, StackName};
use std::marker::PhantomData;
use std::path::Path;

/// How a plan looks for warm dependencies.
pub enum Warmth<'a> {
    /// By what lies in the state folder.
    Said(PhantomData<&'a ()>),
}

/// What is known about a warm dependency.
#[derive(Debug, Clone)]
pub struct Record {
    /// The commit it runs at.
    pub commit: Commit,
    /// Its published version.
    pub version: Option<String>,
    /// Its stack.
    pub stack: StackName,
    /// Its domain.
    pub domain: Domain,
}

/// A warm dependency that can be used.
#[derive(Debug, Clone)]
pub struct Warm {
    /// What is known about it.
    pub record: Record,
    /// Why it is used.
    pub why: String,
}

impl Warmth<'_> {
    /// The warm one, or why there is none to use.
    pub async fn of(&self, _state: &Path, _recipe: &RecipeName) -> Result<Warm, String> {
        Err("no warm one is up".to_owned())
    }
}
