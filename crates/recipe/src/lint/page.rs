//! The reference page of the rules, one section each, made from the table that the checks are run from.

use super::{Rule, RuleCheck, rules};
use crate::source::Severity;

/// The page, in Markdown.
#[must_use]
pub fn page() -> String {
    let rules = rules();
    let row = |rule: &Rule| {
        let id = rule.id;
        format!("| [{id}](#{}) | {} | {} |\n", id.to_lowercase(), severity(rule), rule.title)
    };
    let rows: String = rules.iter().map(row).collect();
    let sections: String = rules.iter().map(section).collect();
    format!("{INTRO}\n| rule | severity | asks for |\n|---|---|---|\n{rows}{sections}")
}

const INTRO: &str = "# Lint rules\n\n\
    `cc-ci lint` reads a recipe at one commit, without network and without Docker. `R001` to `R016` are the rules of \
    `abra recipe lint`, with its numbers and severities; the `CC` rules are what it lacks and real recipes break on. Findings \
    of severity error fail the fifth rung of a run and `cc-ci lint`; they never decide between red and green.\n";

fn severity(rule: &Rule) -> &'static str {
    match (rule.check, rule.severity) {
        (_, None) => "not known, not checked",
        (RuleCheck::Unchecked(_), Some(Severity::Error)) => "error, not checked",
        (RuleCheck::Unchecked(_), Some(Severity::Warning)) => "warning, not checked",
        (RuleCheck::Offline(_), Some(Severity::Error)) => "error",
        (RuleCheck::Offline(_), Some(Severity::Warning)) => "warning",
    }
}

fn section(rule: &Rule) -> String {
    let mut parts = vec![
        format!("\n## {}\n\n**{}** ({})\n", rule.id, rule.title, severity(rule)),
        format!("What: {}\n", rule.what),
        format!("Why: {}\n", rule.why),
        format!("To mend it: {}\n", rule.mend),
    ];
    match rule.check {
        RuleCheck::Offline(_) => {}
        RuleCheck::Unchecked(why) => parts.push(format!("Not checked here: {why}.\n")),
    }
    parts.push(format!("```text\n{}\n```\n", rule.example));
    parts.join("\n")
}
