//! What an operator allows to one repository.

use cc_ci_recipe::requests::Item;
use std::collections::BTreeMap;

/// What an operator allows to one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// By item and value: the place that allows it.
    pub(super) allow: BTreeMap<(Item, String), String>,
    /// The place that lets hooks run on the host.
    pub(super) host_hooks: Option<String>,
    /// A repository of the same name that is allowed something: its address, and the place.
    pub(super) namesake: Option<(String, String)>,
}

impl Policy {
    /// The place that allows this value of an item, if one does. Values are compared letter by letter.
    #[must_use]
    pub fn allows(&self, item: Item, value: &str) -> Option<&str> {
        self.allow.get(&(item, value.to_owned())).map(String::as_str)
    }

    /// The place that lets hooks run on the host, if one does (TRUST-1).
    #[must_use]
    pub fn host_hooks(&self) -> Option<&str> {
        self.host_hooks.as_deref()
    }

    /// A repository of the same name that is allowed something, and the place that does.
    #[must_use]
    pub fn namesake(&self) -> Option<(&str, &str)> {
        self.namesake.as_ref().map(|(address, place)| (address.as_str(), place.as_str()))
    }

    /// The same with single items that `by` allows for one run.
    #[must_use]
    pub fn with(mut self, items: &[(Item, String)], by: &str) -> Self {
        self.allow.extend(items.iter().map(|item| (item.clone(), by.to_owned())));
        self
    }
}
