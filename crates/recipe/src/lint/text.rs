//! Lint for a reader: a line per finding, what to do about it, and a count.

use super::{LintFinding, LintReport, second};
use crate::source::Severity;

/// The whole report. Ends with a line break.
#[must_use]
pub fn render(report: &LintReport) -> String {
    let mut lines: Vec<String> = Vec::new();
    for finding in &report.findings {
        lines.push(line(finding));
        lines.extend(finding.hint.as_ref().map(|hint| format!("  hint: {hint}")));
    }
    let compared = match &report.compared_with {
        Some(base) => format!("compared with {base}"),
        None => "compared with nothing".to_owned(),
    };
    lines.push(format!("lint: {} ({compared}; not checked: {})", counts(report), report.unchecked.join(", ")));
    lines.extend(report.second.iter().flat_map(|opinion| second::lines(opinion, report)));
    lines.join("\n") + "\n"
}

/// `compose.yml:12: error CC101: …`.
#[must_use]
pub fn line(finding: &LintFinding) -> String {
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.clone(),
        (None, _) => "repository".to_owned(),
    };
    format!("{place}: {} {}: {}", word(finding.severity), finding.rule, finding.message)
}

/// `1 error (CC101), 2 warnings (R015, CC403)`, or `nothing found`.
#[must_use]
pub fn counts(report: &LintReport) -> String {
    let part = |severity, one: &str| {
        let count = report.count(severity);
        let many = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {one}{many} ({})", report.rules(severity).join(", ")))
    };
    let parts: Vec<String> =
        [part(Severity::Error, "error"), part(Severity::Warning, "warning")].into_iter().flatten().collect();
    if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") }
}

/// The severity as it is written everywhere.
#[must_use]
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
