//! What head's backup holds of what base's held, and what no backup holds.

use super::tree::Tree;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::coverage::{self, Coverage};

/// What base backs up and head does not any more: for an app that is upgraded, and for one that is made new of head, whose
/// template may switch the backup off.
pub(super) fn uncovered(base: &Tree, head: &Tree, new: Option<&Tree>) -> Vec<String> {
    let lost = |head: &Tree| coverage::lost(of(&base.recipe), of(&head.recipe));
    let upgraded = lost(head);
    if !upgraded.is_empty() {
        return upgraded;
    }
    let of_new = new.map(lost).unwrap_or_default();
    of_new.into_iter().map(|one| format!("in a new app, as `.env.sample` makes it, {one}")).collect()
}

/// The services whose data is in no backup.
pub(super) fn unsaved(head: &Tree) -> Vec<String> {
    coverage::unsaved(of(&head.recipe))
}

fn of(recipe: &Recipe) -> Coverage<'_> {
    Coverage { compose: &recipe.compose, backup: &recipe.backup, databases: &recipe.databases }
}
