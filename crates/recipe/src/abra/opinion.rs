//! What `abra recipe lint` thinks of a recipe: a second opinion beside our own lint, never a verdict.

use super::{said, table};
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

    #[test]
    fn the_table_decides() {
        let SecondOpinion::Given { rules, .. } = SecondOpinion::read("0.13.0", TABLE) else { panic!("no opinion") };
        let seen: Vec<String> =
            rules.iter().map(|row| format!("{} {} {:?}", row.rule, row.severity, row.answer)).collect();
        insta::assert_snapshot!(seen.join("\n"), @r"
        R001 warn Satisfied
        R006 warn Unsatisfied
        R010 error Skipped
        R011 error Unsatisfied
        R015 warn Unsatisfied
        ");
        assert_eq!(rules[3].resolve, "ensure image");
    }

    #[test]
    fn no_table_is_no_opinion() {
        let fatal = SecondOpinion::read("0.13.0", "FATA unable to validate recipe: no .env.sample");
        let why = "unable to validate recipe: no .env.sample".to_owned();
        assert_eq!(fatal, SecondOpinion::NotGiven { version: "0.13.0".to_owned(), why });
        let torn = TABLE.replace("❌", "?");
        assert!(matches!(SecondOpinion::read("0.13.0", &torn), SecondOpinion::NotGiven { .. }));
        assert!(matches!(SecondOpinion::read("0.13.0", "done"), SecondOpinion::NotGiven { .. }));
    }
}
