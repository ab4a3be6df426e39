//! The recipe that is read, and the list of what it was found to ask for.

use super::{Item, PolicyRequest};
use crate::Recipe;
use crate::source::Problem;

/// The recipe that is read, and what it was found to ask for.
pub(super) struct Asking<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) found: Vec<PolicyRequest>,
}

impl Asking<'_> {
    /// Notes one request of the compose file's `key`. Names that change with every run stand in it as variables, so that a
    /// policy file can name them.
    pub(super) fn ask(&mut self, item: Item, value: impl AsRef<str>, key: &str) {
        let place = self.recipe.compose.at(key, Problem::error("", ""));
        let value = self.lasting(value.as_ref());
        self.ask_at(item, value, place);
    }

    /// Notes one request at a place of its own.
    pub(super) fn ask_at(&mut self, item: Item, value: String, place: Problem) {
        let what = format!("asks for {} (`{value}`)", item.what());
        let hint = format!(
            "remove it; or the operator allows it, outside of the recipe, in policy.toml: `{} = [{value:?}]`; `cc-ci plan` writes \
             the whole entry",
            item.word()
        );
        let problem = Problem { what, ..place.hint(hint) };
        let request = PolicyRequest { item, value, problem };
        if !self.found.contains(&request) {
            self.found.push(request);
        }
    }

    /// Whether a name on the engine begins with the stack's.
    pub(super) fn own(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.recipe.stack.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.']))
    }

    /// Whether a host is the app's domain, or below it.
    pub(super) fn own_host(&self, host: &str) -> bool {
        let Some(domain) = &self.recipe.domain else { return false };
        let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
        host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// A text with the app's domain and its stack's name as variables.
    fn lasting(&self, text: &str) -> String {
        let text = match self.recipe.domain.as_deref().filter(|domain| !domain.is_empty()) {
            Some(domain) => text.replace(domain, "${DOMAIN}"),
            None => text.to_owned(),
        };
        if self.recipe.stack.is_empty() { text } else { text.replace(&self.recipe.stack, "${STACK_NAME}") }
    }
}

/// The key of an entry's name where it has one, else that of the entry.
pub(super) fn named(section: &str, id: &str, name: Option<&String>) -> String {
    if name.is_some() { format!("{section}.{id}.name") } else { format!("{section}.{id}") }
}
