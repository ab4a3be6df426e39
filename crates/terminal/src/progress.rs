//! What to show of a run, event by event. Pure: events in, lines out.

mod moving;

use crate::{Paint, Style};
use cc_ci_model::event::{Event, Shot, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::plan::{Disposition, Plan};
use cc_ci_model::report::{ReportView, summary};
use cc_ci_model::testcase::{CaseEnd, TestCase};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::judge;
use cc_ci_model::verdict::level::AT_MOST;
use cc_ci_recipe::lint::{self, LintReport};

/// In a log, what a step waits for is repeated at most this often. Milliseconds.
const QUIET: u64 = 10_000;

/// A run as shown so far.
#[derive(Debug)]
pub(crate) struct Progress {
    style: Style,
    paint: Paint,
    now: u64,
    tier: Option<(Tier, u64)>,
    worst: Worst,
    step: Option<Doing>,
    pulling: Option<String>,
    said: u64,
    stage: RunPart,
    evidence: Evidence,
}

/// The step under way.
#[derive(Debug)]
struct Doing {
    what: String,
    since: u64,
    on: Option<String>,
    limit: Option<u64>,
}

/// How the tier under way stands so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worst {
    Passed,
    Unverified,
    Failed,
}

/// Which part of the run is under way when no tier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunPart {
    Preparing,
    Testing,
    TearingDown,
    Over,
}

impl Progress {
    /// Nothing seen yet.
    #[must_use]
    pub(crate) fn new(style: Style, paint: Paint) -> Self {
        Self {
            style,
            paint,
            now: 0,
            tier: None,
            worst: Worst::Passed,
            step: None,
            pulling: None,
            said: 0,
            stage: RunPart::Preparing,
            evidence: Evidence::default(),
        }
    }

    /// Takes note of one event; answers with the lines that stay.
    pub(crate) fn take(&mut self, stamped: &Stamped) -> Vec<String> {
        self.now = stamped.ms;
        self.evidence.add(stamped);
        let lines = self.lines(&stamped.event);
        if !lines.is_empty() {
            self.said = stamped.ms;
        }
        let stamp = self.paint.faint(&format!("[{:>7}]", seconds(stamped.ms)));
        lines.into_iter().map(|line| format!("{stamp} {line}")).collect()
    }

    fn lines(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::RunStarted { run, recipe, head, .. } => {
                vec![format!("run {run}: {recipe} at {}", head.short())]
            }
            Event::Planned { plan } => planned(plan),
            Event::Linted(report) => vec![self.linted(report)],
            Event::HostFact { name, value } => vec![format!("host: {name}: {value}")],
            Event::Pulling { image, layers, of, bytes } => {
                let line = pulling(image, *layers, *of, *bytes);
                self.pulling = Some(line.clone());
                match self.style {
                    Style::Plain if self.now.saturating_sub(self.said) >= QUIET => vec![line],
                    Style::Plain | Style::Live => vec![],
                }
            }
            Event::ImageResolved { image, pulled_ms, .. } => {
                self.pulling = None;
                match pulled_ms {
                    Some(ms) => vec![format!("image {image}: pulled in {}", seconds(*ms))],
                    None => vec![],
                }
            }
            Event::TierStarted { tier } => {
                self.tier = Some((*tier, self.now));
                self.worst = Worst::Passed;
                self.stage = RunPart::Testing;
                vec![]
            }
            Event::StepStarted { step } => {
                self.step = Some(Doing { what: step.to_string(), since: self.now, on: None, limit: None });
                vec![]
            }
            Event::Waiting { step, on, limit } => self.waiting(step.as_str(), on, *limit),
            Event::Noted { step, text } => match (step, self.style) {
                (None, _) => vec![text.clone()],
                (Some(_), Style::Plain) => vec![format!("    {text}")],
                (Some(_), Style::Live) => vec![],
            },
            Event::TestCases { cases, .. } => test_cases(cases),
            Event::StepEnded { step, outcome, ms } => self.step_ended(step.as_str(), outcome, *ms),
            Event::TierEnded { tier } => self.tier_ended(*tier),
            Event::Pruned { service } => vec![format!("service {service}: dropped by head, removed")],
            Event::Triage(triage) => {
                let line = format!("first to fail: service {}: {}", triage.service, triage.finding.summary);
                vec![self.paint.bad(&line)]
            }
            Event::Screenshot(screenshot) => match &screenshot.shot {
                Shot::Taken => vec![],
                Shot::Refused { why } | Shot::Missed { why } => vec![format!("no picture of the app: {why}")],
            },
            Event::VerdictDue => {
                self.tier = None;
                self.stage = RunPart::TearingDown;
                vec![self.provisional(), "tearing down".to_owned()]
            }
            Event::Promoting { version } => vec![format!("keeping {version} as the canonical, with 0 deploys")],
            Event::Promoted(promoted) => vec![format!("{} is the canonical now", promoted.version)],
            Event::NotPromoted { why } => vec![format!("not promoted: {why}")],
            Event::LeftBehind { object, held_by: _ } => vec![self.paint.bad(&format!("left behind: {object}"))],
            Event::NamespaceLeft { provider, namespace, why } => {
                vec![self.paint.bad(&format!("left behind: namespace {namespace} in {provider}: {why}"))]
            }
            Event::SecretLeaked { artifact, secret } => {
                vec![self.paint.bad(&format!("secret {secret} found in {artifact}"))]
            }
            Event::RunEnded { .. } => {
                self.stage = RunPart::Over;
                vec![]
            }
            Event::Deploying { .. }
            | Event::ServicesSeen { .. }
            | Event::Measured { .. }
            | Event::Budget(_)
            | Event::Inventory { .. } => vec![],
        }
    }

    fn linted(&self, report: &LintReport) -> String {
        let line = format!("lint: {}", lint::text::counts(report));
        if report.passed() { line } else { self.paint.doubtful(&line) }
    }

    /// The verdict as it stands before teardown: it can only get worse, if something is left behind.
    fn provisional(&self) -> String {
        let evidence = &self.evidence;
        match &evidence.plan {
            Some(plan) => summary::so_far(&ReportView::new(plan, evidence, &judge(plan, evidence))),
            None => format!("verdict due after {}", seconds(self.now)),
        }
    }

    fn waiting(&mut self, step: &str, on: &str, limit: u64) -> Vec<String> {
        let since = self.step.as_ref().map_or(self.now, |doing| doing.since);
        self.step = Some(Doing { what: step.to_owned(), since, on: Some(on.to_owned()), limit: Some(limit) });
        match self.style {
            Style::Plain if self.now.saturating_sub(self.said.max(since)) >= QUIET => {
                vec![format!("{step}: waiting: {on} ({}/{limit} s)", self.now.saturating_sub(since) / 1000)]
            }
            Style::Plain | Style::Live => vec![],
        }
    }

    fn step_ended(&mut self, step: &str, outcome: &Outcome, ms: u64) -> Vec<String> {
        if self.step.as_ref().is_some_and(|doing| doing.what == step) {
            self.step = None;
        }
        let took = seconds(ms);
        let (line, keep) = match outcome {
            Outcome::Passed { note: Some(note) } => {
                (format!("{step}: {} in {took}: {note}", self.paint.good("passed")), false)
            }
            Outcome::Passed { note: None } => (format!("{step}: {} in {took}", self.paint.good("passed")), false),
            Outcome::Skipped { reason } => (format!("{step}: skipped: {reason}"), true),
            Outcome::Failed(finding) => {
                self.worst = Worst::Failed;
                (format!("{step}: {} after {took}: {}", self.paint.bad("failed"), finding.summary), true)
            }
            Outcome::Unverified(finding) => {
                self.worst = self.worst.max(Worst::Unverified);
                (format!("{step}: {}: {}", self.paint.doubtful("no answer"), finding.summary), true)
            }
        };
        match self.style {
            Style::Plain => vec![line],
            Style::Live if keep => vec![line],
            Style::Live => vec![],
        }
    }

    fn tier_ended(&mut self, tier: Tier) -> Vec<String> {
        let since = self.tier.take().map_or(self.now, |(_, since)| since);
        let word = match self.worst {
            Worst::Passed => self.paint.good("done"),
            Worst::Unverified => self.paint.doubtful("no answer"),
            Worst::Failed => self.paint.bad("failed"),
        };
        vec![format!("{:<8} {word} in {}", tier.word(), seconds(self.now.saturating_sub(since)))]
    }

    /// Whether it is coloured.
    #[must_use]
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }
}

/// How far a pull has come.
fn pulling(image: &str, layers: u32, of: u32, bytes: u64) -> String {
    format!("pulling {layers} of {of} layers, {}.{} MB: {image}", bytes / 1_000_000, bytes / 100_000 % 10)
}

fn planned(plan: &Plan) -> Vec<String> {
    let tiers = plan.tiers.iter().filter(|tier| tier.disposition.runs()).map(|tier| tier.tier.word());
    let mut lines = vec![format!(
        "plan: {} deploy of {} ({}); tiers {}",
        plan.deploys_expected(),
        plan.stack,
        plan.base.reason(),
        tiers.collect::<Vec<_>>().join(", ")
    )];
    match plan.kind {
        Kind::Quick { .. } => lines.push(format!("plan: {AT_MOST}")),
        Kind::Cold | Kind::Verify { .. } => {}
    }
    lines.extend(plan.cold_after_all.iter().map(|told| format!("plan: {told}")));
    for tier in &plan.tiers {
        match &tier.disposition {
            Disposition::Run => {}
            Disposition::Skip { reason, .. } => lines.push(format!("plan: {} skipped: {reason}", tier.tier)),
        }
    }
    lines.extend(plan.customization.iter().map(|(name, value)| format!("changed by: {name} = {value}")));
    lines.extend(plan.notes.iter().map(|note| format!("plan: {note}")));
    lines
}

/// Milliseconds for a reader.
#[must_use]
pub(crate) fn seconds(ms: u64) -> String {
    if ms < 60_000 {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    } else {
        format!("{} m {:02} s", ms / 60_000, ms / 1000 % 60)
    }
}

/// The test functions that did not pass; the step's own line counts the others.
fn test_cases(cases: &[TestCase]) -> Vec<String> {
    let told = cases.iter().filter_map(|case| match &case.end {
        CaseEnd::Passed => None,
        CaseEnd::Failed { message, .. } => Some(format!("    {}: failed: {message}", case.name)),
        CaseEnd::Skipped { reason } => Some(format!("    {}: skipped: {reason}", case.name)),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::StepId;
    use cc_ci_model::outcome::{Cause, Finding};
    use std::time::Duration;

    /// A step as a record names it.
    fn step(what: &str) -> StepId {
        serde_json::from_value(format!("install/{what}").into()).unwrap()
    }

    fn story() -> Vec<(u64, Event)> {
        let passed = |note: Option<&str>| Outcome::Passed { note: note.map(str::to_owned) };
        let waiting = |on: &str| Event::Waiting { step: step("converged"), on: on.to_owned(), limit: 300 };
        let failed = Outcome::Failed(Finding::new(Cause::NotServing, "404 on /"));
        vec![
            (0, Event::TierStarted { tier: Tier::Install }),
            (10, Event::StepStarted { step: step("deploy") }),
            (900, Event::StepEnded { step: step("deploy"), outcome: passed(None), ms: 890 }),
            (900, Event::StepStarted { step: step("converged") }),
            (1000, waiting("app: starting 0/1")),
            (12_000, waiting("db: starting 0/1")),
            (13_000, waiting("db: starting 0/1")),
            (14_000, Event::StepEnded { step: step("converged"), outcome: passed(Some("2 services")), ms: 13_100 }),
            (14_000, Event::StepStarted { step: step("serving") }),
            (15_000, Event::StepEnded { step: step("serving"), outcome: failed, ms: 1000 }),
            (15_000, Event::TierEnded { tier: Tier::Install }),
            (75_500, Event::VerdictDue),
        ]
    }

    fn shown(style: Style) -> String {
        let mut progress = Progress::new(style, Paint::Plain);
        let mut lines = Vec::new();
        for (seq, (ms, event)) in story().into_iter().enumerate() {
            lines.extend(progress.take(&Stamped { seq: seq as u64, ms, event }));
            lines.extend(progress.live(Duration::from_millis(500), 80).map(|live| format!("~ {live}")));
        }
        lines.join("\n")
    }

    #[test]
    fn a_log_gets_a_line_per_step() {
        insta::assert_snapshot!(shown(Style::Plain), @r"
        [  0.9 s] install/deploy: passed in 0.8 s
        [ 12.0 s] install/converged: waiting: db: starting 0/1 (11/300 s)
        [ 14.0 s] install/converged: passed in 13.1 s: 2 services
        [ 15.0 s] install/serving: failed after 1.0 s: 404 on /
        [ 15.0 s] install  failed in 15.0 s
        [1 m 15 s] verdict due after 1 m 15 s
        [1 m 15 s] tearing down
        ");
    }

    #[test]
    fn a_terminal_gets_a_line_per_tier_and_one_that_moves() {
        insta::assert_snapshot!(shown(Style::Live), @r"
        ~ install  (0.5 s)
        ~ install: deploy  0 s  (0.5 s)
        ~ install  (1.4 s)
        ~ install: converged  0 s  (1.4 s)
        ~ install: converged: app: starting 0/1  0/300 s  (1.5 s)
        ~ install: converged: db: starting 0/1  11/300 s  (12.5 s)
        ~ install: converged: db: starting 0/1  12/300 s  (13.5 s)
        ~ install  (14.5 s)
        ~ install: serving  0 s  (14.5 s)
        [ 15.0 s] install/serving: failed after 1.0 s: 404 on /
        ~ install  (15.5 s)
        [ 15.0 s] install  failed in 15.0 s
        ~ next tier  (15.5 s)
        [1 m 15 s] verdict due after 1 m 15 s
        [1 m 15 s] tearing down
        ~ tearing down  (1 m 16 s)
        ");
    }

    #[test]
    fn colour_is_only_where_it_is_wanted() {
        assert_eq!(Paint::Plain.bad("x"), "x");
        assert_eq!(Paint::Ansi.bad("x"), "\x1b[31mx\x1b[0m");
    }
}
