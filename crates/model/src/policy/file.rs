//! The operator's policy file: single items for single recipes, kept outside of every recipe.

use super::address::RepositoryAddress;
use super::granted::Policy;
use crate::plan::limits::{LONGEST, Limits, SHORTEST};
use crate::settings::document::{Document, Item as Entry};
use cc_ci_recipe::requests::Item;
use cc_ci_recipe::source::{Problem, nearest};
use std::collections::BTreeMap;

/// The file's name in the state folder.
pub const FILE: &str = "policy.toml";

/// The key that lets a recipe's hooks run on the host.
pub const HOST_HOOKS: &str = "host-hooks";

/// What an operator allows, to all repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFile {
    /// By repository.
    policies: BTreeMap<RepositoryAddress, Policy>,
    /// The longest time limit of a whole run that a recipe may ask for, in seconds.
    longest_run: Option<u64>,
}

impl PolicyFile {
    /// Reads a policy file:
    ///
    /// ```toml
    /// [limits]
    /// run = 7200
    ///
    /// [allow.mumble]
    /// host-port = ["64738/tcp", "64738/udp"]
    ///
    /// [allow."git.example.org/recipes/own"]
    /// host-hooks = true
    /// ```
    ///
    /// A bare name is that of a recipe of the commons; other repositories are named by where they come from.
    ///
    /// # Errors
    /// Returns everything that is wrong with it: what cannot be read allows nothing.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut document = Document::new(file, text);
        let root = document.parse();
        let mut policy = Self::default();
        for entry in document.items("", &root) {
            if !["allow", "limits"].contains(&entry.name.as_str()) {
                document.report(&entry, format!("unknown key `{}`", entry.name), "the keys here are allow and limits");
                continue;
            }
            let Some(table) = document.table(&entry) else { continue };
            for inner in document.items(&entry.key, table) {
                if entry.name == "allow" {
                    policy.repository(&mut document, &inner);
                } else {
                    policy.limit(&mut document, &inner);
                }
            }
        }
        if document.problems.is_empty() { Ok(policy) } else { Err(document.problems) }
    }

    fn limit(&mut self, document: &mut Document<'_>, limit: &Entry<'_>) {
        if limit.name != "run" {
            document.report(limit, format!("unknown limit `{}`", limit.name), "the only limit here is run");
            return;
        }
        self.longest_run = document.number(limit, SHORTEST, LONGEST);
    }

    fn repository(&mut self, document: &mut Document<'_>, repository: &Entry<'_>) {
        let Some(address) = RepositoryAddress::parse(&repository.name) else {
            let what = format!("`{}` is no address of a repository", repository.name);
            let hint = "name one: `mumble` of the commons, or where it comes from, as in \"git.example.org/recipes/mumble\"; \
                        there is no wildcard";
            document.report(repository, what, hint);
            return;
        };
        let Some(items) = document.table(repository) else { return };
        let policy = self.policies.entry(address).or_default();
        for entry in document.items(&repository.key, items) {
            let place = format!("{}, line {}", document.file, entry.line);
            if entry.name == HOST_HOOKS {
                if document.flag(&entry) == Some(true) {
                    policy.host_hooks = Some(place);
                }
                continue;
            }
            let Some(item) = Item::ALL.into_iter().find(|item| item.word() == entry.name) else {
                let words = Item::ALL.map(Item::word).into_iter().chain([HOST_HOOKS]).collect::<Vec<_>>();
                let hint = match nearest(&entry.name, words.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the items are {}", words.join(", ")),
                };
                document.report(&entry, format!("unknown item `{}`", entry.name), &hint);
                continue;
            };
            for value in document.texts(&entry).unwrap_or_default() {
                policy.allow.insert((item, value), place.clone());
            }
        }
    }

    /// What is allowed to the repository that comes from `address`.
    #[must_use]
    pub fn of(&self, address: &RepositoryAddress) -> Policy {
        let own = self.policies.get(address).cloned().unwrap_or_default();
        let place = |policy: &Policy| policy.allow.values().chain(&policy.host_hooks).next().cloned();
        let mut others = self.policies.iter().filter(|(other, _)| *other != address && other.name() == address.name());
        let namesake = others.find_map(|(other, policy)| Some((other.full().to_owned(), place(policy)?)));
        Policy { namesake, ..own }
    }

    /// The longest time limit of a whole run that a recipe may ask for, in seconds; without a word of the operator an hour.
    #[must_use]
    pub fn longest_run(&self) -> u64 {
        self.longest_run.unwrap_or_else(|| Limits::default().run)
    }
}
