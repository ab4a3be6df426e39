//! CC701: what the compose policy would refuse.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::Recipe;
use crate::recipe::Environment;
use crate::requests::requests;
use crate::source::Severity;

pub(super) const RULES: [Rule; 1] = [Rule {
    id: "CC701",
    title: "nothing is asked for that needs an operator's word",
    severity: Some(Severity::Warning),
    what: "The recipe asks for nothing beyond its own containers, volumes, networks, names and routes; the page of the compose \
        policy lists what counts.",
    why: "`cc-ci plan` and `cc-ci run` refuse such a recipe before anything is deployed, unless the operator of that CI allows \
        the very item. Operators of apps, too, should know what a recipe wants of their machine.",
    mend: "Do without, or say in the README why the app needs it, and ask the operator to allow it in `policy.toml`.",
    example: "services:\n  app:\n    cap_add: [NET_ADMIN]   # refused, unless policy.toml allows it",
    check: RuleCheck::Offline(asks),
}];

/// Names that no recipe has in it by chance.
const DOMAIN: &str = "lint.cc-ci.test";
const STACK: &str = "lint_cc-ci_test";

/// Asked of the compose files that are deployed by default, like `plan` does.
fn asks(input: &LintInput<'_>) -> Vec<RuleHit> {
    let head = &input.head;
    let given: Environment = [("STACK_NAME", STACK), ("DOMAIN", DOMAIN), ("LETS_ENCRYPT_ENV", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    // What cannot be read is the business of CC001.
    let Ok((recipe, _)) = Recipe::read(&head.stack, head.files, &given, &[]) else { return Vec::new() };
    requests(&recipe).into_iter().map(|request| RuleHit::of_problem(&request.problem)).collect()
}
