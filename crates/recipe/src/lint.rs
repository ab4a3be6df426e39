//! Lint: what can be said about a recipe without deploying it (VER-5). Every rule is a row of a table with its own page.
//!
//! `R001` to `R016` are abra's, with its numbers and severities. The `CC` rules are what abra lacks and real recipes break
//! on. Nothing here decides between red and green.

mod asks;
mod backups;
mod beside;
mod changes;
mod compose;
mod configs;
mod deploys;
mod ignored;
mod images;
mod labels;
pub mod page;
mod peers;
mod promises;
mod published;
mod reading;
mod routes;
pub mod sarif;
pub mod second;
mod secrets;
mod templates;
pub mod text;
mod variables;
mod versions;

use crate::abra::opinion::SecondOpinion;
use crate::compose::{Compose, KeyPlace};
use crate::source::{Problem, Severity, Topic};
use crate::version::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use reading::{Reading, Set};
pub use versions::version_label;

/// What the rules look at.
#[derive(Debug)]
pub struct LintInput<'a> {
    /// The recipe at the commit that is linted.
    pub head: Reading<'a>,
    /// What operators run today, for the rules that compare; without it they find nothing.
    pub base: Option<LintBase<'a>>,
    /// The repository's tags.
    pub tags: &'a [Tag],
    /// The commit that is linted, in hexadecimal.
    pub commit: &'a str,
    /// What is wrong with what this crate does not read.
    pub beside: Beside<'a>,
}

/// What is wrong with a recipe's settings for CI and with its tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// With `ci.toml`.
    pub settings: &'a [Problem],
    /// With tests and hooks.
    pub tests: &'a [Problem],
}

/// The tree that head is compared with.
#[derive(Debug)]
pub struct LintBase<'a> {
    /// What findings call it: a version, or a revision.
    pub name: String,
    /// The recipe there.
    pub reading: Reading<'a>,
}

/// One rule, and its page.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// `R001` or `CC101`; never given to another rule.
    pub id: &'static str,
    /// What the rule asks for, in a few words.
    pub title: &'static str,
    /// How much a finding matters; `None` where nobody knows what abra says.
    pub severity: Option<Severity>,
    /// What is looked at, exactly.
    pub what: &'static str,
    /// What goes wrong otherwise.
    pub why: &'static str,
    /// What to do about a finding.
    pub mend: &'static str,
    /// A few lines, wrong and right.
    pub example: &'static str,
    /// How it is checked.
    pub check: RuleCheck,
}

/// How a rule is checked.
#[derive(Debug, Clone, Copy)]
pub enum RuleCheck {
    /// By this function, from the files alone.
    Offline(fn(&LintInput<'_>) -> Vec<RuleHit>),
    /// Not at all, for this reason.
    Unchecked(&'static str),
}

/// What a rule found, before it is stamped with the rule's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHit {
    place: Option<(String, Option<u32>)>,
    message: String,
    hint: Option<String>,
}

impl RuleHit {
    /// About the repository as a whole.
    fn new(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), hint: None }
    }

    /// In a file as a whole.
    fn file(self, file: &str) -> Self {
        Self { place: Some((file.to_owned(), None)), ..self }
    }

    /// At a line, counted from 1.
    fn line(self, file: &str, line: u32) -> Self {
        Self { place: Some((file.to_owned(), Some(line))), ..self }
    }

    /// Where a key of the compose files stands.
    fn key(self, compose: &Compose, key: &str) -> Self {
        match compose.place(key) {
            Some(KeyPlace { file, line }) => self.line(file, *line),
            None => self.file(COMPOSE),
        }
    }

    /// What to do now.
    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// A problem that reading has found already.
    fn of_problem(problem: &Problem) -> Self {
        let message = match &problem.key {
            Some(key) => format!("{key}: {}", problem.what),
            None => problem.what.clone(),
        };
        let place = (problem.file.clone(), problem.line);
        Self { place: Some(place), message, hint: problem.hint.clone() }
    }
}

/// The first compose file.
const COMPOSE: &str = "compose.yml";
/// The template of the app's environment.
const SAMPLE: &str = ".env.sample";

/// One thing that a rule found wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LintFinding {
    /// The file, relative to the recipe's root; `null` when it is about the repository, such as its tags.
    pub file: Option<String>,
    /// The line in that file, counted from 1.
    pub line: Option<u32>,
    /// The rule's number, such as `CC101`.
    pub rule: String,
    /// `error` or `warning`; only errors fail the lint rung.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do now, where that is known.
    pub hint: Option<String>,
}

/// What lint has to say about a recipe at one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintReport {
    /// What head was compared with: a version, or a revision; `null` for nothing.
    pub compared_with: Option<String>,
    /// Everything found, by file and line.
    pub findings: Vec<LintFinding>,
    /// Numbers of rules that were not checked: they need the network, or a compose file that can be read, or nobody knows
    /// what they ask for.
    pub unchecked: Vec<String>,
    /// What `abra recipe lint` says to the same, in a run that `abra` deploys. It fails nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondOpinion>,
}

impl LintReport {
    /// Whether nothing of severity error was found: then the lint rung passes.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The numbers of rules with findings of this severity, each once, in order.
    #[must_use]
    pub fn rules(&self, severity: Severity) -> Vec<String> {
        let with = self.findings.iter().filter(|finding| finding.severity == severity);
        let rules: std::collections::BTreeSet<&str> = with.map(|finding| finding.rule.as_str()).collect();
        rules.into_iter().map(str::to_owned).collect()
    }

    /// Only what is found here and not in `other`, however the lines have moved.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        let mut known: BTreeMap<Sameness, usize> = BTreeMap::new();
        for finding in &other.findings {
            *known.entry(sameness(finding)).or_default() += 1;
        }
        self.findings.retain(|finding| match known.get_mut(&sameness(finding)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            Some(_) | None => true,
        });
        self
    }
}

/// What makes a finding in two trees the same one: rule, file and words.
type Sameness = (String, Option<String>, String);

fn sameness(finding: &LintFinding) -> Sameness {
    (finding.rule.clone(), finding.file.clone(), finding.message.clone())
}

/// Every rule: abra's in their order, then ours by family.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let families: [&[Rule]; 16] = [
        &asks::RULES,
        &deploys::RULES,
        &promises::RULES,
        &routes::RULES,
        &images::RULES,
        &published::RULES,
        &compose::RULES,
        &ignored::RULES,
        &configs::RULES,
        &secrets::RULES,
        &labels::RULES,
        &backups::RULES,
        &versions::RULES,
        &changes::RULES,
        &peers::RULES,
        &beside::RULES,
    ];
    let mut rules: Vec<Rule> = families.into_iter().flatten().chain(&variables::RULES).copied().collect();
    rules.sort_by_key(|rule| (rule.id.starts_with("CC"), rule.id));
    rules
}

/// Rules that can be checked when a compose file cannot be read; all others would accuse it of what it may well hold.
const BESIDE_COMPOSE: [&str; 8] = ["R006", "R007", "R008", "R014", "CC001", "CC503", "CC901", "CC902"];

/// Checks every rule.
#[must_use]
pub fn lint(input: &LintInput<'_>) -> LintReport {
    let mut report =
        LintReport { compared_with: input.base.as_ref().map(|base| base.name.clone()), ..LintReport::default() };
    let readable = input.head.problems_anywhere(Topic::Unreadable).is_empty();
    for rule in rules() {
        match (rule.check, rule.severity) {
            (RuleCheck::Offline(_), _) if !readable && !BESIDE_COMPOSE.contains(&rule.id) => {
                report.unchecked.push(rule.id.to_owned());
            }
            (RuleCheck::Offline(check), Some(severity)) => {
                report.findings.extend(check(input).into_iter().map(|found| stamp(rule.id, severity, found)));
            }
            (RuleCheck::Unchecked(_), _) | (RuleCheck::Offline(_), None) => report.unchecked.push(rule.id.to_owned()),
        }
    }
    report.findings.sort();
    report.findings.dedup();
    report
}

fn stamp(rule: &str, severity: Severity, found: RuleHit) -> LintFinding {
    let (file, line) = found.place.map_or((None, None), |(file, line)| (Some(file), line));
    LintFinding { file, line, rule: rule.to_owned(), severity, message: found.message, hint: found.hint }
}
