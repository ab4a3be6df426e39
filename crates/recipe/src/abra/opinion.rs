//! What `abra recipe lint` thinks of a recipe: a second opinion beside our own lint, never a verdict.

use super::{said, table};
use crate::lint::LintReport;
use serde::{Deserialize, Serialize};

/// The answer of `abra recipe lint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "opinion", rename_all = "kebab-case")]
pub enum SecondOpinion {
    /// It looked at every rule.
    Given {
        /// Which abra.
        version: String,
        /// Its table.
        rules: Vec<RuleAnswer>,
    },
    /// It could not look.
    NotGiven {
        /// Which abra.
        version: String,
        /// Its error.
        why: String,
    },
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleAnswer {
    /// `R001`.
    pub rule: String,
    /// `warn` or `error`, as abra writes it: what R016 asks for, and how strictly, is known to nobody but abra (S4).
    pub severity: String,
    /// Whether the recipe obeys.
    pub answer: Obeys,
    /// What to do, in abra's words.
    pub resolve: String,
}

/// Whether a recipe obeys a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obeys {
    /// It does.
    Satisfied,
    /// It does not.
    Unsatisfied,
    /// The rule does not apply.
    Skipped,
}

impl SecondOpinion {
    /// Reads what the command said. Its exit code is 0 even when rules of severity error fail, so the table decides (S4).
    #[must_use]
    pub fn read(version: &str, text: &str) -> Self {
        let version = version.to_owned();
        if let Some(why) = said::fatal(text) {
            return Self::NotGiven { version, why };
        }
        let wanted = ["ref", "severity", "satisfied", "skipped", "resolve"];
        let rows = table::columns(text, wanted).unwrap_or_default();
        let rules: Option<Vec<RuleAnswer>> = rows
            .into_iter()
            .filter(|[rule, ..]| !rule.is_empty())
            .map(|[rule, severity, satisfied, skipped, resolve]| {
                let answer = answer(&satisfied, &skipped)?;
                Some(RuleAnswer { rule, severity, answer, resolve })
            })
            .collect();
        match rules {
            Some(rules) if !rules.is_empty() => Self::Given { version, rules },
            Some(_) | None => {
                Self::NotGiven { version, why: format!("its table cannot be read: {}", said::last_words(text)) }
            }
        }
    }

    /// Where abra and our own rules of the same number say different things, a line each.
    #[must_use]
    pub fn differences(&self, ours: &LintReport) -> Vec<String> {
        let rules = match self {
            Self::Given { rules, .. } => rules,
            Self::NotGiven { .. } => return Vec::new(),
        };
        let found = |rule: &str| ours.findings.iter().any(|finding| finding.rule == rule);
        let lines = rules.iter().filter_map(|row| {
            let RuleAnswer { rule, severity, answer, resolve } = row;
            let no = || format!("{rule}: abra says no ({severity}: {resolve})");
            match (answer, found(rule), ours.unchecked.contains(rule)) {
                (Obeys::Unsatisfied, _, true) => Some(format!("{}, cc-ci does not check it", no())),
                (Obeys::Unsatisfied, false, false) => Some(format!("{}, cc-ci finds nothing", no())),
                (Obeys::Satisfied, true, _) => Some(format!("{rule}: abra is satisfied, cc-ci is not")),
                (Obeys::Skipped, true, _) => Some(format!("{rule}: abra skips it, cc-ci finds something")),
                (Obeys::Unsatisfied, true, false) | (Obeys::Satisfied | Obeys::Skipped, false, _) => None,
            }
        });
        lines.collect()
    }

    /// The opinion for a reader: one line, and one for each difference.
    #[must_use]
    pub fn lines(&self, ours: &LintReport) -> Vec<String> {
        let differences = self.differences(ours);
        let head = match self {
            Self::NotGiven { version, why } => {
                format!("abra {version} has no opinion: {}", why.lines().next().unwrap_or_default())
            }
            Self::Given { version, rules } if differences.is_empty() => {
                format!("abra {version} says the same of its {} rules", rules.len())
            }
            Self::Given { version, .. } => format!("abra {version} differs:"),
        };
        std::iter::once(head).chain(differences.into_iter().map(|line| format!("  {line}"))).collect()
    }
}

fn answer(satisfied: &str, skipped: &str) -> Option<Obeys> {
    let yes = |cell: &str| matches!(cell.to_lowercase().as_str(), "✅" | "✔" | "✓" | "yes" | "true");
    let no = |cell: &str| matches!(cell.to_lowercase().as_str(), "❌" | "✘" | "✗" | "no" | "false");
    if yes(skipped) {
        Some(Obeys::Skipped)
    } else if yes(satisfied) {
        Some(Obeys::Satisfied)
    } else {
        no(satisfied).then_some(Obeys::Unsatisfied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::LintFinding;
    use crate::source::Severity;

    const TABLE: &str = "\
┌──────┬────────────────────────┬──────────┬───────────┬─────────┬──────────────────────┐
│ REF  │ RULE                   │ SEVERITY │ SATISFIED │ SKIPPED │ RESOLVE              │
├──────┼────────────────────────┼──────────┼───────────┼─────────┼──────────────────────┤
│ R001 │ compose config version │ warn     │ ✅        │ -       │ set version: \"3.8\"   │
│ R006 │ published version      │ warn     │ ❌        │ -       │ publish a version    │
│ R010 │ traefik routing        │ error    │ -         │ ✅      │ traefik.enable=true  │
│ R011 │ all services have one  │ error    │ ❌        │ -       │ ensure image         │
│ R015 │ long secret names      │ warn     │ ❌        │ -       │ reduce length        │
└──────┴────────────────────────┴──────────┴───────────┴─────────┴──────────────────────┘
WARN critical errors present in shop config
";

    fn ours(rule: &str) -> LintReport {
        let finding = LintFinding {
            file: None,
            line: None,
            rule: rule.to_owned(),
            severity: Severity::Warning,
            message: "m".to_owned(),
            hint: None,
        };
        LintReport { findings: vec![finding], unchecked: vec!["R006".to_owned()], ..LintReport::default() }
    }

    #[test]
    fn the_table_decides_and_differences_are_named() {
        let opinion = SecondOpinion::read("0.13.0", TABLE);
        insta::assert_snapshot!(opinion.lines(&ours("R015")).join("\n"), @r"
        abra 0.13.0 differs:
          R006: abra says no (warn: publish a version), cc-ci does not check it
          R011: abra says no (error: ensure image), cc-ci finds nothing
        ");
        assert!(opinion.differences(&ours("R001")).contains(&"R001: abra is satisfied, cc-ci is not".to_owned()));
    }

    #[test]
    fn no_table_is_no_opinion() {
        let fatal = SecondOpinion::read("0.13.0", "FATA unable to validate recipe: no .env.sample");
        let lines = fatal.lines(&LintReport::default());
        assert_eq!(lines, ["abra 0.13.0 has no opinion: unable to validate recipe: no .env.sample"]);
        let torn = TABLE.replace("❌", "?");
        assert!(matches!(SecondOpinion::read("0.13.0", &torn), SecondOpinion::NotGiven { .. }));
        assert!(matches!(SecondOpinion::read("0.13.0", "done"), SecondOpinion::NotGiven { .. }));
    }
}
