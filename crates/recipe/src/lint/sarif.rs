//! Lint as SARIF 2.1.0, which code hosts show beside the lines of a change.

use super::text::word;
use super::{LintFinding, LintReport, Rule, RuleCheck, rules};
use crate::source::Severity;
use serde_json::{Value, json};

/// The log of one run of the tool `version`, as JSON.
#[must_use]
pub fn render(report: &LintReport, version: &str) -> Value {
    let rules: Vec<Rule> = rules().into_iter().filter(|rule| matches!(rule.check, RuleCheck::Offline(_))).collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &rules)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cc-ci lint",
                "version": version,
                "rules": rules.iter().map(descriptor).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.what },
        "help": { "text": format!("{} {}", rule.why, rule.mend) },
        "defaultConfiguration": { "level": word(rule.severity.unwrap_or(Severity::Warning)) },
    })
}

fn result(finding: &LintFinding, rules: &[Rule]) -> Value {
    let hint = finding.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": word(finding.severity),
        "message": { "text": format!("{}{hint}", finding.message) },
    });
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(file) = &finding.file {
        // Without a line it is about the whole file, which starts on the first.
        let region = json!({ "startLine": finding.line.unwrap_or(1) });
        let place = json!({ "artifactLocation": { "uri": uri(file) }, "region": region });
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

/// A relative path as a URI: everything but letters, digits and a few marks is escaped.
fn uri(path: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("release/1.0.0+1.2 ä"), "release/1.0.0%2B1.2%20%C3%A4");
    }
}
