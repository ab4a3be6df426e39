//! Repositories that are looked after, and the forges they are on.

use cc_ci_model::ids::RecipeName;
use cc_ci_pages::comment::Address;
use std::time::SystemTime;

/// A repository that is looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRow {
    /// The forge it is on, by its name in [`ForgeRow::name`].
    pub forge: String,
    /// Whose it is.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The recipe it holds.
    pub recipe: RecipeName,
    /// Its page on the forge.
    pub address: Option<Address>,
    /// When its comments were last read; `None` when they never were.
    pub polled: Option<SystemTime>,
    /// Since when they cannot be read, and why.
    pub failing: Option<Failing>,
}

/// A forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgeRow {
    /// What it is called here.
    pub name: String,
    /// When it last answered; `None` when it never did.
    pub answered: Option<SystemTime>,
    /// Since when it does not, and why.
    pub failing: Option<Failing>,
    /// By how many seconds its clock is ahead of ours.
    pub ahead_s: i64,
}

/// Something that does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: SystemTime,
    /// What was answered last.
    pub why: String,
}
