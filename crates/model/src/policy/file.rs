//! The operator's policy file: single items for single recipes, kept outside of every recipe.

use crate::ids::RecipeName;
use crate::plan::limits::{LONGEST, Limits, SHORTEST};
use crate::settings::document::{Document, Item as Entry};
use cc_ci_recipe::requests::Item;
use cc_ci_recipe::source::{Problem, nearest};
use std::collections::BTreeMap;

/// The file's name in the state folder.
pub const FILE: &str = "policy.toml";

/// The key that lets a recipe's hooks run on the host.
pub const HOST_HOOKS: &str = "host-hooks";

/// What an operator allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// By recipe, item and value: the place that allows it.
    allow: BTreeMap<(String, Item, String), String>,
    /// By recipe whose hooks may run on the host: the place that says so.
    host_hooks: BTreeMap<String, String>,
    /// The longest time limit of a whole run that a recipe may ask for, in seconds.
    longest_run: Option<u64>,
}

impl Policy {
    /// Reads a policy file:
    ///
    /// ```toml
    /// [limits]
    /// run = 7200
    ///
    /// [allow.mumble]
    /// host-port = ["64738/tcp", "64738/udp"]
    /// host-hooks = true
    /// ```
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
                    policy.recipe(&mut document, &inner);
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

    fn recipe(&mut self, document: &mut Document<'_>, recipe: &Entry<'_>) {
        if RecipeName::parse(&recipe.name).is_err() {
            let what = format!("`{}` is not the name of a recipe", recipe.name);
            document.report(recipe, what, "name one recipe; there is no wildcard");
            return;
        }
        let Some(items) = document.table(recipe) else { return };
        for entry in document.items(&recipe.key, items) {
            if entry.name == HOST_HOOKS {
                if document.flag(&entry) == Some(true) {
                    let place = format!("{}, line {}", document.file, entry.line);
                    self.host_hooks.insert(recipe.name.clone(), place);
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
                let place = format!("{}, line {}", document.file, entry.line);
                self.allow.insert((recipe.name.clone(), item, value), place);
            }
        }
    }

    /// The place that lets the hooks of `recipe` run on the host, if one does (TRUST-1).
    #[must_use]
    pub fn host_hooks(&self, recipe: &str) -> Option<&str> {
        self.host_hooks.get(recipe).map(String::as_str)
    }

    /// The longest time limit of a whole run that a recipe may ask for, in seconds; without a word of the operator an hour.
    #[must_use]
    pub fn longest_run(&self) -> u64 {
        self.longest_run.unwrap_or_else(|| Limits::default().run)
    }

    /// The place that allows `recipe` this value of `item`, if one does. Values are compared letter by letter.
    #[must_use]
    pub fn allows(&self, recipe: &str, item: Item, value: &str) -> Option<&str> {
        self.allow.get(&(recipe.to_owned(), item, value.to_owned())).map(String::as_str)
    }
}
