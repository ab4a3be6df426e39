//! The page of a soak: what is flaky, and how far times lie apart; a document that needs nothing else.

use crate::page;
use askama::Template;
use cc_ci_model::exit;
use cc_ci_model::report::text;
use cc_ci_model::soak::ObservedRun;
use cc_ci_model::soak::report::SoakReport;

#[derive(Template)]
#[template(path = "soak.html")]
struct Soaked<'a> {
    report: &'a SoakReport,
    class: &'static str,
    word: &'static str,
    bad: Vec<&'a ObservedRun>,
}

/// The whole document.
pub fn document(report: &SoakReport) -> Result<String, askama::Error> {
    let (class, word) = match (report.exit_code(), report.flaky().next()) {
        (exit::GREEN, _) => ("green", "Green"),
        (_, Some(_)) => ("red", "Flaky"),
        (_, None) if !report.is_whole() => ("unverified", "Not finished"),
        (_, None) => ("red", "Not green"),
    };
    let plan = &report.plan;
    let title = format!("soak of {} {}: {}", plan.recipe, plan.head.short(), word.to_lowercase());
    let body = Soaked { report, class, word, bad: report.not_green().collect() }.render()?;
    page::framed(title, &body)
}

impl Soaked<'_> {
    fn seconds(ms: &u64) -> String {
        text::seconds(*ms)
    }
}
