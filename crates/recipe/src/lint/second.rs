//! What `abra recipe lint` says otherwise than our own rules of the same number.

use super::LintReport;
use crate::abra::opinion::{Obeys, RuleAnswer, SecondOpinion};

/// Where abra and our own rules of the same number say different things, a line each.
#[must_use]
pub fn differences(opinion: &SecondOpinion, ours: &LintReport) -> Vec<String> {
    let rules = match opinion {
        SecondOpinion::Given { rules, .. } => rules,
        SecondOpinion::NotGiven { .. } => return Vec::new(),
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
pub fn lines(opinion: &SecondOpinion, ours: &LintReport) -> Vec<String> {
    let differences = differences(opinion, ours);
    let head = match opinion {
        SecondOpinion::NotGiven { version, why } => {
            format!("abra {version} has no opinion: {}", why.lines().next().unwrap_or_default())
        }
        SecondOpinion::Given { version, rules } if differences.is_empty() => {
            format!("abra {version} says the same of its {} rules", rules.len())
        }
        SecondOpinion::Given { version, .. } => format!("abra {version} differs:"),
    };
    std::iter::once(head).chain(differences.into_iter().map(|line| format!("  {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::LintFinding;
    use crate::source::Severity;

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

    fn answer(rule: &str, severity: &str, answer: Obeys, resolve: &str) -> RuleAnswer {
        RuleAnswer { rule: rule.to_owned(), severity: severity.to_owned(), answer, resolve: resolve.to_owned() }
    }

    fn opinion() -> SecondOpinion {
        let rules = vec![
            answer("R001", "warn", Obeys::Satisfied, "set a version"),
            answer("R006", "warn", Obeys::Unsatisfied, "publish a version"),
            answer("R010", "error", Obeys::Skipped, "traefik.enable=true"),
            answer("R011", "error", Obeys::Unsatisfied, "ensure image"),
            answer("R015", "warn", Obeys::Unsatisfied, "reduce length"),
        ];
        SecondOpinion::Given { version: "0.13.0".to_owned(), rules }
    }

    #[test]
    fn differences_are_named() {
        insta::assert_snapshot!(lines(&opinion(), &ours("R015")).join("\n"), @r"
        abra 0.13.0 differs:
          R006: abra says no (warn: publish a version), cc-ci does not check it
          R011: abra says no (error: ensure image), cc-ci finds nothing
        ");
        let first = |rule: &str| differences(&opinion(), &ours(rule))[0].clone();
        assert_eq!(first("R001"), "R001: abra is satisfied, cc-ci is not");
        assert!(
            differences(&opinion(), &ours("R010")).contains(&"R010: abra skips it, cc-ci finds something".to_owned())
        );
    }

    #[test]
    fn no_opinion_differs_in_nothing() {
        let none = SecondOpinion::NotGiven { version: "0.13.0".to_owned(), why: "no .env.sample\nat all".to_owned() };
        assert_eq!(lines(&none, &ours("R001")), ["abra 0.13.0 has no opinion: no .env.sample"]);
    }
}
