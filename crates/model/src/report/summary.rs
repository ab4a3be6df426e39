//! The RUN SUMMARY: what a person reads on the terminal when the run is over (OUT-2).

use super::life::{HowFar, Life};
use super::text::{first_line, seconds};
use super::{ReportView, TierRow};
use crate::event::Triage;
use crate::exit;
use crate::object::ObjectKind;
use crate::plan::Skip;
use crate::testcase::{CaseEnd, Count};
use crate::verdict::{Color, Status};
use cc_ci_recipe::lint::{self, second};
use cc_ci_recipe::source::Severity;
use std::fmt::Write;

/// How many lines of a dead attempt's log the summary shows; the artifact has them all.
const LOG_LINES: usize = 12;

/// How many failed steps of one tier the summary shows; the artifact has them all.
const FAILED_LINES: usize = 15;

/// How many test cases of one file the summary shows; the artifact has them all.
const CASE_LINES: usize = 30;

/// How many errors of lint the summary shows; the artifact has them all.
const LINT_LINES: usize = 10;

/// Draws the summary. Plain text, no colour, ends with a line break.
#[must_use]
pub fn render(view: &ReportView) -> String {
    let mut out = String::new();
    line(&mut out, &format!("RUN SUMMARY  {}", subject(view)));
    line(&mut out, "");
    if let Some(first) = view.triage.first().filter(|_| view.verdict.color != Color::Green) {
        triage(&mut out, first);
        line(&mut out, "");
    }
    for row in &view.tiers {
        tier(&mut out, view, row);
    }
    line(&mut out, "");
    failures(&mut out, view);
    cases(&mut out, view);
    budget(&mut out, view);
    let dependencies = view.dependencies();
    line(&mut out, &format!("dependencies: {}", list(&dependencies, "none")));
    skipped(&mut out, view);
    if !view.pruned.is_empty() {
        line(&mut out, &format!("dropped by head, removed: {}", view.pruned.join(", ")));
    }
    level(&mut out, view);
    timings(&mut out, view);
    if let Some(promotion) = &view.promotion {
        line(&mut out, &format!("promotion: {}", first_line(promotion)));
    }
    objects(&mut out, view);
    for (name, value) in &view.customization {
        line(&mut out, &format!("changed by: {name} = {}", first_line(value)));
    }
    usage(&mut out, view);
    for note in &view.notes {
        line(&mut out, &format!("note: {}", first_line(note)));
    }
    if view.verdict.reasons.len() > 1 && !view.goes_on() {
        line(&mut out, "why not green:");
        for reason in &view.verdict.reasons {
            line(&mut out, &format!("  - {}", first_line(reason)));
        }
    }
    line(&mut out, "");
    line(&mut out, &headline(view));
    out
}

/// The verdict in one line: colour, blame, and the most important reason. A record without an end is called so first.
#[must_use]
pub fn headline(view: &ReportView) -> String {
    let so_far = so_far(view);
    let code = exit::of_verdict(&view.verdict);
    match (view.life, view.unfinished()) {
        (Life::Preparing | Life::Running, _) => {
            let so_far = view.due_ms.map(|_| format!(". So far: {so_far}")).unwrap_or_default();
            format!("RUNNING, {}{so_far}", view.whereabouts().unwrap_or_default())
        }
        (Life::Died, Some(why)) => format!("NOT FINISHED, exit code {code}: {why}. So far: {so_far}"),
        (Life::Died, None) | (Life::Over, _) => so_far,
    }
}

/// The verdict in one line, for a run that goes on: it can only get worse, if something is left behind.
#[must_use]
pub fn so_far(view: &ReportView) -> String {
    let verdict = &view.verdict;
    let word = verdict.color.word().to_uppercase();
    let took = view.due_ms.map(|ms| format!(" after {}", seconds(ms))).unwrap_or_default();
    let by = verdict.capped_by();
    // A reason for the level holds commas of its own.
    let between = if by.is_some() { "; " } else { ", " };
    let level = verdict.level_in_words() + &by.map(|why| format!(": {why}")).unwrap_or_default();
    let cause = verdict.blame.zip(verdict.reasons.first());
    let blame = cause.map(|(blame, _)| format!("blame: {blame}"));
    let so_far = verdict.provisional.then(|| "before teardown".to_owned());
    let told = [level].into_iter().chain(blame).chain(so_far).collect::<Vec<_>>().join(between);
    let reason = cause.map(|(_, reason)| format!(": {}", first_line(reason))).unwrap_or_default();
    format!("{word} ({told}){took}{reason}")
}

fn subject(view: &ReportView) -> String {
    let version = view.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    format!("{}{version} @ {}  (run {}, base: {})", view.recipe, view.shown_head, view.run, base(view))
}

fn base(view: &ReportView) -> String {
    match &view.base {
        crate::plan::base::Base::Published { version, .. } => version.clone(),
        crate::plan::base::Base::Commit { commit, .. } => commit.short().to_owned(),
        crate::plan::base::Base::Head { .. } => "head itself".to_owned(),
    }
}

fn triage(out: &mut String, triage: &Triage) {
    line(
        out,
        &format!("FIRST TO FAIL  {} during {}: {}", triage.service, triage.step, first_line(&triage.finding.summary)),
    );
    for detail in &triage.finding.details {
        line(out, &format!("  {}", first_line(detail)));
    }
    match (triage.exit_code, triage.oom) {
        (Some(code), false) => line(out, &format!("  exit code {code}")),
        (Some(code), true) => line(out, &format!("  exit code {code}, killed by the kernel for its memory limit")),
        (None, true) => line(out, "  killed by the kernel for its memory limit"),
        (None, false) => {}
    }
    if let Some(health) = &triage.health {
        line(out, &format!("  last health probe: {}", first_line(health.trim())));
    }
    let from = triage.log.len().saturating_sub(LOG_LINES);
    for entry in triage.log.iter().skip(from) {
        line(out, &format!("  | {}", first_line(entry)));
    }
    if !triage.then.is_empty() {
        line(out, &format!("  then: {}", triage.then.join(", ")));
    }
}

fn tier(out: &mut String, view: &ReportView, row: &TierRow) {
    let took = row.span.ms().filter(|ms| *ms > 0).map_or_else(|| "-".to_owned(), seconds);
    let (word, note) = match view.tier_so_far(row) {
        HowFar::Done => (row.status.word(), row.note.as_deref().map(first_line).unwrap_or_default()),
        far @ (HowFar::Pending | HowFar::Running) => (far.word(), ""),
    };
    line(out, format!("{:<8} {word:<5} {took:>9}  {note}", row.tier.word()).trim_end());
}

fn budget(out: &mut String, view: &ReportView) {
    if view.goes_on() && view.due_ms.is_none() {
        line(out, "deploys: counted before the verdict");
        return;
    }
    line(out, &view.verdict.budget.line());
    for words in &view.verdict.budget.words {
        line(out, &format!("  {words}"));
    }
}

/// Every step that failed, where one tier has several; its line names only the first.
fn failures(out: &mut String, view: &ReportView) {
    for row in &view.tiers {
        let failed: Vec<_> = row.steps.iter().filter(|step| step.status == Status::Fail).collect();
        if failed.len() < 2 {
            continue;
        }
        for step in failed.iter().take(FAILED_LINES) {
            let why = step.finding.as_ref().map(|found| first_line(&found.summary)).unwrap_or_default();
            line(out, &format!("failed: {}: {why}", step.id));
        }
        if let Some(more) = failed.len().checked_sub(FAILED_LINES).filter(|more| *more > 0) {
            line(out, &format!("failed: and {more} more steps of {}, in results.json", row.tier));
        }
    }
}

/// The test functions of each file whose runner tells them apart; those that failed first, when there is not room for all.
fn cases(out: &mut String, view: &ReportView) {
    for step in view.tiers.iter().flat_map(|row| &row.steps).filter(|step| !step.cases.is_empty()) {
        line(out, &format!("tests of {}: {}", step.id, Count::of(&step.cases).words()));
        let mut all: Vec<_> = step.cases.iter().collect();
        if all.len() > CASE_LINES {
            all.sort_by_key(|case| match &case.end {
                CaseEnd::Failed { .. } => 0,
                CaseEnd::Skipped { .. } => 1,
                CaseEnd::Passed => 2,
            });
        }
        for case in all.iter().take(CASE_LINES) {
            let (word, why) = match &case.end {
                CaseEnd::Passed => ("pass", String::new()),
                CaseEnd::Failed { message, .. } => ("fail", format!(": {}", first_line(message))),
                CaseEnd::Skipped { reason } => ("skip", format!(": {}", first_line(reason))),
            };
            line(out, &format!("  {word}  {}{why}", first_line(&case.name)));
        }
        if let Some(more) = all.len().checked_sub(CASE_LINES).filter(|more| *more > 0) {
            line(out, &format!("  and {more} more in results.json"));
        }
    }
}

fn skipped(out: &mut String, view: &ReportView) {
    for row in view.tiers.iter().filter(|row| row.status == Status::Skip) {
        let why = match row.skip {
            Some(Skip::Structural) => "does not apply",
            Some(Skip::Declared) => "asked for",
            Some(Skip::NotAsked) => "not asked for",
            Some(Skip::OwnSettings) => "by the commit's own settings",
            Some(Skip::NoTags) => "no published version",
            Some(Skip::Quick) => "left out of a quick run",
            None => "unknown",
        };
        line(out, &format!("skipped: {} ({why}): {}", row.tier, row.note.as_deref().unwrap_or("no reason given")));
    }
    let tests = view.tiers.iter().flat_map(|row| &row.steps).filter(|step| step.status == Status::Skip);
    for step in tests {
        line(out, &format!("skipped: {}: {}", step.id, step.note.as_deref().unwrap_or("no reason given")));
    }
}

fn level(out: &mut String, view: &ReportView) {
    let rungs: Vec<String> =
        view.verdict.rungs.named().iter().map(|(name, status)| format!("{name} {status}")).collect();
    let level = match view.verdict.shown_level() {
        _ if view.goes_on() => "no level before the end".to_owned(),
        Some(level) => format!("level {level} of 5: {}", rungs.join(", ")),
        None => format!("no level: {}", rungs.join(", ")),
    };
    line(out, &level);
    if let Some(by) = view.verdict.capped_by() {
        line(out, &format!("  why no more: {by}"));
    }
    line(out, &format!("lint: {}", view.lint_note()));
    let errors = view.lint.iter().flat_map(|report| &report.findings).filter(|one| one.severity == Severity::Error);
    for finding in errors.clone().take(LINT_LINES) {
        line(out, &format!("  {}", first_line(&lint::text::line(finding))));
    }
    if let Some(more) = errors.count().checked_sub(LINT_LINES).filter(|more| *more > 0) {
        line(out, &format!("  and {more} more in lint.txt"));
    }
    for second in view.lint.iter().filter_map(|report| Some(second::lines(report.second.as_ref()?, report))).flatten() {
        line(out, &format!("  {}", first_line(&second)));
    }
}

fn timings(out: &mut String, view: &ReportView) {
    let verdict =
        view.due_ms.map_or_else(|| view.no_verdict().to_owned(), |ms| format!("verdict after {}", seconds(ms)));
    let (pull_ms, pulled) = view.pulls();
    let pulls = if pulled == 0 {
        format!("no image of {} was pulled", view.images.len())
    } else {
        format!("pulling {pulled} of {} images {} (apart from the tiers)", view.images.len(), seconds(pull_ms))
    };
    let teardown = match (view.due_ms, view.end_ms) {
        (Some(due), Some(end)) => {
            format!("; teardown {}", seconds(end.saturating_sub(due).saturating_sub(view.promotion_ms)))
        }
        (None, _) | (_, None) => String::new(),
    };
    line(out, &format!("time: {verdict}; {pulls}{teardown}"));
    let slowest: Vec<String> = view.slowest(4).iter().map(|(step, ms)| format!("{step} {}", seconds(*ms))).collect();
    if !slowest.is_empty() {
        line(out, &format!("slowest: {}", slowest.join(", ")));
    }
}

/// What head uses against base, and what of that is worth a note.
fn usage(out: &mut String, view: &ReportView) {
    if !view.usage.is_empty() {
        line(out, "base against head, which decides nothing:");
    }
    for compared in &view.usage {
        line(out, &format!("  {}", compared.line()));
    }
    for note in view.usage.iter().flat_map(|compared| &compared.notes) {
        line(out, &format!("note: {note}"));
    }
    for advice in &view.advice {
        line(out, &format!("note: {}", advice.line()));
    }
}

fn objects(out: &mut String, view: &ReportView) {
    match view.life {
        Life::Over => {}
        Life::Preparing | Life::Running => return line(out, "objects left: counted after teardown"),
        Life::Died => {
            let why = "not known, the record ends before teardown; `cc-ci clean` removes what a dead run left";
            return line(out, &format!("objects left: {why}"));
        }
    }
    let counts = match (view.before, view.after) {
        (Some(before), Some(after)) => {
            let kinds: Vec<String> = ObjectKind::ALL
                .iter()
                .zip(before.iter().zip(after))
                .map(|(kind, (before, after))| format!("{kind}s {before} -> {after}"))
                .collect();
            kinds.join(", ")
        }
        (None, _) | (_, None) => "not counted".to_owned(),
    };
    let names: Vec<String> = view.left.iter().map(ToString::to_string).collect();
    line(out, &format!("objects left: {} ({counts})", list(&names, "none")));
    if let (Some(before), Some(after), true) = (view.before, view.after, view.left.is_empty()) {
        let more: Vec<String> = ObjectKind::ALL
            .iter()
            .zip(before.iter().zip(after))
            .filter(|(_, (before, after))| after > *before)
            .map(|(kind, (before, after))| format!("{kind}s +{}", after - before))
            .collect();
        if !more.is_empty() {
            line(
                out,
                &format!(
                    "  more than before: {}; none known to be of this run, so other work on this engine",
                    more.join(", ")
                ),
            );
        }
    }
    for namespace in &view.namespaces_left {
        line(out, &format!("namespace left: {namespace}"));
    }
    for leak in &view.leaks {
        line(out, &format!("SECRET LEAKED: the value of {} stands in {}", leak.secret, leak.artifact));
    }
}

fn list(items: &[String], none: &str) -> String {
    if items.is_empty() { none.to_owned() } else { items.join(", ") }
}

fn line(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
