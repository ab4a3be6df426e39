//! The comment on a pull request: the lines that matter, in Markdown that no log or name can break out of.

use crate::escape::plain;
use crate::palette;
use crate::subject;
use cc_ci_model::event::Triage;
use cc_ci_model::report::life::{HowFar, Life};
use cc_ci_model::report::text::{first_line, seconds};
use cc_ci_model::report::{ReportView, TierRow};
use cc_ci_model::verdict::{Color, Status};
use std::fmt::Write;

/// The most a comment may hold, in bytes; forges take about 60 000.
pub const LONGEST: usize = 16_000;

/// The most characters of one value.
const VALUE: usize = 300;

/// The most lines of a log, and the most characters of each.
const LOG_LINES: usize = 20;
const LOG_WIDTH: usize = 200;

/// The most reasons that are listed.
const REASONS: usize = 5;

/// Where the files of the run can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedAt {
    /// Nowhere: the comment has no pictures and no links.
    Nowhere,
    /// Below this address.
    At(Address),
}

/// An address that files are published below: `http` or `https`, without anything Markdown could take for its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// Not an address of a folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the address of a folder: it begins with http:// or https:// and has no blanks, quotes, brackets or backslashes"
)]
pub struct BadAddress(String);

impl Address {
    /// Reads an address; a slash at its end does not matter.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let web = text.starts_with("https://") || text.starts_with("http://");
        let clean = text.chars().all(|c| c.is_ascii_graphic() && !"<>()[]{}\"'`\\|^".contains(c));
        if web && clean { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(BadAddress(text.to_owned())) }
    }

    /// As it is written, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Draws the comment; never longer than [`LONGEST`].
#[must_use]
pub fn render(view: &ReportView, published: &PublishedAt) -> String {
    let whole = draw(view, published, true);
    if whole.len() <= LONGEST { whole } else { draw(view, published, false) }
}

fn draw(view: &ReportView, published: &PublishedAt, with_log: bool) -> String {
    let mut out = String::new();
    line(&mut out, &heading(view, published));
    line(&mut out, &facts(view));
    line(&mut out, "");
    if let Some(told) = &view.cold_after_all {
        line(&mut out, &format!("{}.", text(told)));
        line(&mut out, "");
    }
    if !subject::is_green(view) {
        let reasons = subject::reasons(view);
        for reason in reasons.iter().take(REASONS) {
            line(&mut out, &format!("- {}", text(first_line(reason))));
        }
        if let Some(more) = reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
            line(&mut out, &format!("- and {more} more"));
        }
        if let Some(first) = view.triage.first() {
            line(&mut out, &triage(first, view));
        }
        line(&mut out, "");
    }
    tiers(&mut out, view);
    line(&mut out, "");
    line(&mut out, &text(&subject::deploys(view)));
    if !subject::is_green(view)
        && with_log
        && let Some(first) = view.triage.first().filter(|first| !first.log.is_empty())
    {
        log(&mut out, first);
    }
    if let PublishedAt::At(Address(at)) = published {
        line(&mut out, "");
        line(&mut out, &format!("![{}]({at}/card.png)", text(&card_in_words(view))));
        line(&mut out, "");
        line(&mut out, &format!("[Everything about this run]({at}/index.html)"));
    }
    out
}

fn heading(view: &ReportView, published: &PublishedAt) -> String {
    let verdict = &view.verdict;
    let mark = match (view.life, verdict.color) {
        (Life::Preparing | Life::Running, _) => "⏳",
        (Life::Died, _) => "⚠️",
        (Life::Over, Color::Green) => "✅",
        (Life::Over, Color::Red) => "❌",
        (Life::Over, Color::Unverified) => "⚠️",
        (Life::Over, Color::Cancelled) => "⏹️",
    };
    let name = text(view.recipe.as_str());
    let word = subject::verdict(view).to_lowercase();
    if view.life != Life::Over {
        return format!("### {mark} {name}: {word}");
    }
    let badge = match (published, verdict.has_badge()) {
        (PublishedAt::Nowhere, _) | (_, false) => String::new(),
        (PublishedAt::At(Address(at)), true) => format!(" ![{}]({at}/badge.svg)", text(&verdict.level_in_words())),
    };
    let level = match (verdict.shown_level(), verdict.capped_by()) {
        (Some(level), None) => format!("level {level} of 5"),
        (Some(level), Some(by)) => format!("level {level} of 5 ({})", text(by)),
        (None, by) => format!("no level ({})", text(by.unwrap_or_default())),
    };
    format!("### {mark} {name}: {word}, {level}{badge}")
}

fn facts(view: &ReportView) -> String {
    let base = subject::base(view).map(|base| format!("{} → ", text(&base))).unwrap_or_default();
    let took = view.due_ms.map(|ms| format!(", verdict after {}", seconds(ms))).unwrap_or_default();
    let blame = subject::blame(view).map(|blame| format!(", blame: **{blame}**")).unwrap_or_default();
    format!("{base}**{}** at {}{took}{blame}", text(&subject::head(view)), text(&view.shown_head))
}

fn triage(first: &Triage, view: &ReportView) -> String {
    let code = first.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
    let (service, step) = (text(&first.service), text(first.step.as_str()));
    let summary = first_line(&first.finding.summary);
    // The reasons above may have said it.
    let said = view.verdict.reasons.iter().take(REASONS).any(|reason| reason.contains(summary));
    let summary = if said { String::new() } else { format!(": {}", text(summary)) };
    format!("- first to fail: **{service}** during {step}{code}{summary}")
}

fn tiers(out: &mut String, view: &ReportView) {
    line(out, "| tier | result | time | |");
    line(out, "|---|---|---|---|");
    for row in &view.tiers {
        let took = row.span.ms().filter(|ms| *ms > 0).map_or_else(|| "–".to_owned(), seconds);
        let (result, note) = match view.tier_so_far(row) {
            HowFar::Done => (result(row.status), note(row).map(text).unwrap_or_default()),
            far @ (HowFar::Pending | HowFar::Running) => (far.word().to_owned(), String::new()),
        };
        line(out, &format!("| {} | {result} | {took} | {note} |", row.tier));
    }
    line(out, &format!("| lint | {} | | {} |", result(view.verdict.rungs.lint), text(&view.lint_note())));
}

/// What stands in a tier's row; what failed is said above already.
fn note(row: &TierRow) -> Option<&str> {
    match row.status {
        Status::Pass | Status::Skip | Status::Unver => row.note.as_deref().map(first_line),
        Status::Fail => None,
    }
}

fn result(status: Status) -> String {
    match status {
        Status::Pass | Status::Skip => palette::word(status).to_owned(),
        Status::Fail | Status::Unver => format!("**{}**", palette::word(status)),
    }
}

fn log(out: &mut String, first: &Triage) {
    let lines: Vec<String> = first
        .log
        .iter()
        .skip(first.log.len().saturating_sub(LOG_LINES))
        .map(|entry| plain(entry).replace('\n', " ").chars().take(LOG_WIDTH).collect())
        .collect();
    let text = lines.join("\n");
    let fence = fence(&text);
    line(out, "");
    line(out, &format!("<details><summary>last lines of {}</summary>", self::text(&first.service)));
    line(out, "");
    line(out, &format!("{fence}text\n{text}\n{fence}"));
    line(out, "");
    line(out, "</details>");
}

/// More backticks than stand anywhere in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// What the card shows, for those who do not see it.
fn card_in_words(view: &ReportView) -> String {
    let rungs = view.verdict.rungs.named().map(|(name, status)| format!("{name} {}", subject::rung(view, status)));
    let level = subject::level(view).map_or_else(|| "no level".to_owned(), |level| format!("level {level}"));
    format!("{} {}, {level}: {}", view.recipe, subject::verdict(view).to_lowercase(), rungs.join(", "))
}

/// One value as Markdown shows it letter by letter: no markup, no HTML, no mention, no reference, no link of its own.
fn text(value: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let value = plain(value);
    let mut rest = value.chars();
    let mut room = VALUE;
    while let Some(c) = rest.next() {
        if room == 0 {
            out.push('…');
            break;
        }
        room -= 1;
        match c {
            '\n' | '\t' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Names, numbers and addresses are made links after Markdown was read, so an escape does not stop that.
            '@' => out.push_str("@\u{200b}"),
            '#' | '!' => {
                out.push('\\');
                out.push(c);
                out.push('\u{200b}');
            }
            ':' if rest.as_str().starts_with('/') => out.push_str(":\u{200b}"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("\u{200b}."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = c;
    }
    out.trim().to_owned()
}

fn line(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_is_markup_mention_or_link() {
        assert_eq!(text("a|b`c`*d*"), r"a\|b\`c\`\*d\*");
        assert_eq!(text("<img src=x onerror=y>"), "&lt;img src=x onerror=y&gt;");
        assert_eq!(text("@admin see #12 and !7"), "@\u{200b}admin see \\#\u{200b}12 and \\!\u{200b}7");
        assert_eq!(text("https://x.org www.x.org"), "https:\u{200b}//x.org www\u{200b}.x.org");
        assert_eq!(text("[a](b)\n# c"), "\\[a\\](b) \\#\u{200b} c");
        assert_eq!(text(&"x".repeat(1000)).chars().count(), VALUE + 1);
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fence("no ticks"), "```");
        assert_eq!(fence("```` and ``"), "`````");
    }

    #[test]
    fn an_address_cannot_end_a_link() {
        assert_eq!(
            Address::parse("https://ci.example/runs/1/").unwrap(),
            Address("https://ci.example/runs/1".to_owned())
        );
        for bad in
            ["", "ci.example", "javascript:alert(1)", "https://x/)(", "https://x/ y", "https://x/\"", "https://ü/"]
        {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
