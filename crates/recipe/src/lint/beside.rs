//! `CC901`, `CC902`: what `plan` would refuse of a recipe's settings and tests, which are read elsewhere.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::source::Severity;

pub(super) const RULES: [Rule; 2] = [
    Rule {
        id: "CC901",
        title: "the settings for CI can be used",
        severity: Some(Severity::Error),
        what: "`tests/ci.toml` is TOML, and each of its keys is a setting with a value that it takes.",
        why: "`cc-ci plan` and `cc-ci run` end before anything is deployed.",
        mend: "The finding names the key and, where it is known, what was probably meant.",
        example: "[helth]          # no setting has this name\npath = \"/ping\"",
        check: RuleCheck::Offline(settings),
    },
    Rule {
        id: "CC902",
        title: "tests and hooks run",
        severity: Some(Severity::Error),
        what: "Every file of `tests` that looks like a test or a hook is one that runs: by its folder, its name, its execute bit, and \
            because it holds something to run.",
        why: "Without it a run would show less than its author believes, so `cc-ci plan` and `cc-ci run` refuse the folder.",
        mend: "The finding says what is in the way.",
        example: "chmod +x tests/custom/login.sh   # git keeps that bit",
        check: RuleCheck::Offline(tests),
    },
];

fn settings(input: &LintInput<'_>) -> Vec<RuleHit> {
    input.beside.settings.iter().map(RuleHit::of_problem).collect()
}

fn tests(input: &LintInput<'_>) -> Vec<RuleHit> {
    input.beside.tests.iter().map(RuleHit::of_problem).collect()
}
