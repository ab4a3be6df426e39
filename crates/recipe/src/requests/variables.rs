//! Requests of variables that are given to the app, and that a recipe would give itself.

use super::Item;
use super::asking::Asking;
use crate::source::Problem;

/// Variables that are given to the app. `abra.sh` is read last, so an export there would win over what was given.
const GIVEN: [&str; 3] = ["DOMAIN", "LETS_ENCRYPT_ENV", "STACK_NAME"];

/// What `abra.sh` exports. Variables by which programs of the machine are steered are refused when the recipe is read.
pub(super) fn ask(asking: &mut Asking<'_>) {
    for export in asking.recipe.abra_sh.exports.iter().filter(|one| GIVEN.contains(&one.name.as_str())) {
        let place = Problem::error("abra.sh", "").line(export.line).key(&export.name);
        asking.ask_at(Item::Variable, format!("{}={}", export.name, export.value), place);
    }
}
