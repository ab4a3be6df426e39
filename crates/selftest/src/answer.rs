//! What the program said to a case.

use crate::case::LintSeverity;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The tiers, in the order in which they are performed.
const TIERS: [&str; 5] = ["install", "upgrade", "backup", "restore", "custom"];

/// What `cc-ci run` or `cc-ci plan` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseAnswer {
    /// The exit code; `None` when it was killed.
    pub exit: Option<i32>,
    /// The verdict, when the run came to one.
    pub verdict: Option<CaseVerdict>,
    /// Its first line: the verdict's first reason, or the error.
    pub first_line: String,
    /// Everything it printed, and its results as text.
    pub report: String,
    /// The run's id, when there was one.
    pub run: Option<String>,
    /// From start to end.
    pub took: Duration,
}

/// The verdict of a run, as `results.json` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseVerdict {
    /// `green`, `red` or `unverified`.
    pub color: String,
    /// The first tier that neither passed nor was skipped.
    pub tier: Option<String>,
    /// Whose fault it is.
    pub blame: Option<String>,
    /// 0 to 5; `None` when the run has none.
    pub level: Option<u64>,
    /// The published version that the app was first deployed at.
    pub base: Option<String>,
    /// What was left on the engine.
    pub left_behind: Vec<String>,
}

impl CaseAnswer {
    /// What a program said that ended with `exit`, printed `out`, and wrote `err` to standard error.
    #[must_use]
    pub fn read(exit: Option<i32>, out: &str, err: &str, took: Duration) -> Self {
        let results: Option<Value> = serde_json::from_str(out).ok();
        let verdict = results.as_ref().filter(|results| results["verdict"].is_string()).map(CaseVerdict::read);
        let reason = results.as_ref().and_then(|results| results["reasons"][0].as_str());
        let error = err.lines().find(|line| line.starts_with("error: "));
        // The place of an error stands in the line below it.
        let place = || err.lines().skip_while(|line| !line.starts_with("error: ")).nth(1).unwrap_or_default().trim();
        let first_line = match (reason, error) {
            (Some(reason), _) => reason.lines().next().unwrap_or_default().to_owned(),
            (None, Some(error)) => format!("{error} {}", place()),
            (None, None) => String::new(),
        };
        let run = results.as_ref().and_then(|results| results["run_id"].as_str()).map(str::to_owned);
        Self { exit, verdict, first_line, report: format!("{out}\n{err}"), run, took }
    }
}

impl CaseVerdict {
    fn read(results: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let status = |tier: &str| results["results"][tier].as_str();
        let passed = |tier: &&str| matches!(status(tier), Some("pass" | "skip"));
        // A tier that broke says more than an earlier one that has no answer.
        let broke = TIERS.iter().find(|tier| status(tier) == Some("fail"));
        let left = results["left_behind"].as_array().into_iter().flatten();
        Self {
            color: text(&results["verdict"]).unwrap_or_default(),
            tier: broke.or_else(|| TIERS.iter().find(|tier| !passed(tier))).map(|tier| (*tier).to_owned()),
            blame: text(&results["blame"]),
            level: results["level"].as_u64(),
            base: text(&results["base"]["version"]),
            left_behind: left.map(ToString::to_string).collect(),
        }
    }
}

/// The rules that speak in a report of lint as JSON, each with its gravest severity.
#[must_use]
pub fn rules(report: &Value) -> BTreeMap<String, LintSeverity> {
    let mut rules = BTreeMap::new();
    for finding in report["findings"].as_array().into_iter().flatten() {
        let severity = if finding["severity"] == "error" { LintSeverity::Error } else { LintSeverity::Warning };
        if let Some(rule) = finding["rule"].as_str() {
            let gravest = rules.entry(rule.to_owned()).or_insert(severity);
            *gravest = severity.max(*gravest);
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tier_that_fails_says_more_than_an_earlier_one_without_an_answer() {
        let tier = |upgrade: &str, custom: &str| {
            let results =
                json!({"install": "pass", "upgrade": upgrade, "backup": "skip", "restore": "pass", "custom": custom});
            CaseVerdict::read(&json!({"verdict": "red", "results": results})).tier
        };
        assert_eq!(tier("unver", "fail").as_deref(), Some("custom"));
        assert_eq!(tier("fail", "fail").as_deref(), Some("upgrade"));
        assert_eq!(tier("unver", "pass").as_deref(), Some("upgrade"));
        assert_eq!(tier("pass", "pass"), None);
    }
}
