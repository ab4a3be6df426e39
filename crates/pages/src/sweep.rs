//! The page of a sweep: what changed, what is flaky, what each recipe came to and how long it took; a document that needs nothing else.

use crate::page;
use askama::Template;
use cc_ci_model::exit;
use cc_ci_model::report::text;
use cc_ci_model::sweep::report::{Reason, SweepReport};
use cc_ci_model::sweep::rows::{AnswerBefore, ProviderCame, ProviderRow, RanRow, RowEnd, SweepRow};

#[derive(Template)]
#[template(path = "sweep.html")]
struct Swept<'a> {
    report: &'a SweepReport,
    class: &'static str,
    word: &'static str,
    reasons: Vec<Reason>,
    changed: Vec<(&'a SweepRow, &'a RanRow, &'a AnswerBefore)>,
    rows: Vec<Row<'a>>,
}

/// A recipe, as its row shows it.
struct Row<'a> {
    name: &'a str,
    version: &'a str,
    class: &'static str,
    answer: String,
    level: Option<u8>,
    took: String,
    run: String,
    why: &'a str,
}

/// The whole document.
pub fn document(report: &SweepReport) -> Result<String, askama::Error> {
    let (class, word) = match report.exit_code() {
        exit::GREEN => ("green", "Green"),
        _ if report.ended_by.is_some() => ("unverified", "Not finished"),
        exit::RED => ("red", "Red"),
        _ => ("unverified", "Not green"),
    };
    let title = format!("sweep of {}: {}", text::count(report.rows.len(), "recipe"), word.to_lowercase());
    let changed = report.ran().filter_map(|(row, run)| Some((row, run, run.changed()?))).collect();
    let rows = report.rows.iter().map(row).collect();
    let body = Swept { report, class, word, reasons: report.reasons(), changed, rows }.render()?;
    page::framed(title, &body)
}

fn row(row: &SweepRow) -> Row<'_> {
    let (class, answer, level, took, run) = match &row.end {
        RowEnd::Ran(run) => {
            let blame = run.blame.map(|blame| format!(" (blame: {blame})")).unwrap_or_default();
            let cause = run.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
            let class = if run.is_green() { "pass" } else { "fail" };
            let answer = format!("{}{blame}{cause}", run.color);
            (class, answer, run.level, text::seconds(run.ms), run.run.to_string())
        }
        RowEnd::Unchanged { run, at, level } => {
            ("pass", format!("unchanged since {at}"), *level, "0 deploys".to_owned(), run.to_string())
        }
        RowEnd::Skipped { .. } => ("skip", row.answer(), None, String::new(), String::new()),
        RowEnd::Unverified { .. } | RowEnd::NotBegun { .. } | RowEnd::NotReached | RowEnd::Unaccounted { .. } => {
            ("fail", row.answer(), None, String::new(), String::new())
        }
    };
    let (version, why) = (row.version.as_deref().unwrap_or("–"), row.why.as_deref().unwrap_or_default());
    Row { name: &row.name, version, class, answer, level, took, run, why }
}

impl Swept<'_> {
    fn came(row: &ProviderRow) -> String {
        match &row.came {
            ProviderCame::Up { ms } => format!("brought up in {}", text::seconds(*ms)),
            ProviderCame::NotUp { why, .. } => format!("did not come up: {why}"),
            ProviderCame::Died { ms, why } => format!("brought up in {}, then died: {why}", text::seconds(*ms)),
            ProviderCame::NotReached => "not reached".to_owned(),
        }
    }

    fn users(&self, row: &ProviderRow) -> String {
        let users: Vec<&str> = self.report.users(&row.recipe).collect();
        if users.is_empty() { "nobody".to_owned() } else { users.join(", ") }
    }

    fn level(level: &Option<u8>) -> String {
        level.map_or_else(|| "none".to_owned(), |level: u8| level.to_string())
    }

    fn seconds(ms: &u64) -> String {
        text::seconds(*ms)
    }
}
