//! Many runs in words.

use super::rate::{CheckRate, Steadiness};
use super::report::{SoakPlan, SoakReport};
use super::{CheckName, NoiseBand, ObservedRun, TimedName};
use crate::report::text::{count, first_line, seconds, whole};

/// How many checks the last line names.
const NAMED: usize = 5;

/// Steps that never take so long, in milliseconds, have no line of their own.
const BRIEF: u64 = 500;

impl SoakPlan {
    /// What is run how often and what it costs, before it starts.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { recipe, head, base, runs, jobs, deploys_each } = self;
        let base = base.as_ref().map(|version| format!(", each from {version}")).unwrap_or_default();
        let jobs = if *jobs > 1 { format!(", {jobs} at a time") } else { String::new() };
        vec![
            format!("soak {recipe} @ {}: {}{base}{jobs}", head.short(), count(*runs, "run")),
            format!(
                "{} x {} = {}",
                count(*runs, "run"),
                count(*deploys_each, "deploy"),
                count(self.deploys(), "deploy")
            ),
        ]
    }
}

impl ObservedRun {
    /// One line: `3 of 20  red (blame: test): custom failed: …  run 2026…`.
    #[must_use]
    pub fn line(&self, of: u32) -> String {
        let blame = self.blame.map(|blame| format!(" (blame: {blame})")).unwrap_or_default();
        let cause = self.cause.as_ref().map(|cause| format!(": {}", first_line(cause))).unwrap_or_default();
        let took = self.times.iter().find(|(name, _)| *name == TimedName::Verdict);
        let took = took.map(|(_, ms)| format!(" after {}", seconds(*ms))).unwrap_or_default();
        let number = format!("{} of {of}", self.number);
        format!("{number:>10}  {}{took}{blame}{cause}  (run {})", self.color, self.run)
    }
}

impl SoakReport {
    /// As text for a reader: what is not green first, then rates and noise bands, the answer last.
    #[must_use]
    pub fn text(&self) -> String {
        render(self)
    }

    /// The answer in one line.
    #[must_use]
    pub fn headline(&self) -> String {
        headline(self)
    }
}

fn render(report: &SoakReport) -> String {
    let mut lines = report.plan.lines();
    lines.push(String::new());
    let bad: Vec<&ObservedRun> = report.not_green().collect();
    if !bad.is_empty() {
        lines.push("runs that are not green".to_owned());
        lines.extend(bad.iter().map(|run| run.line(report.plan.runs)));
        lines.push(String::new());
    }
    lines.extend(checks(report));
    lines.push(String::new());
    lines.extend(bands(report));
    lines.push(String::new());
    let stated = report.stated();
    let kept = if report.keeps_its_budget() { "as stated" } else { "NOT as stated" };
    lines.push(format!("{} in {}, {kept}: {stated}", report.deploys.line(), count(report.runs.len(), "run")));
    if !report.has_one_base() {
        lines.push("the runs did not all begin at the same base: they are not about the same thing".to_owned());
    }
    lines.push(String::new());
    lines.push(headline(report));
    whole(&lines)
}

fn headline(report: &SoakReport) -> String {
    let (made, asked) = (report.runs.len(), report.plan.runs);
    let bad = report.not_green().count();
    let unfinished = match (&report.ended_by, &report.not_begun) {
        (Some(by), _) => format!("NOT FINISHED  {made} of {asked} runs were made, then {by} ended it. "),
        (None, Some(one)) => {
            format!(
                "NOT FINISHED  {made} of {asked} runs were made; run {} could not begin: {}. ",
                one.number,
                first_line(&one.why)
            )
        }
        (None, None) if !report.is_whole() => format!("NOT FINISHED  {made} of {asked} runs were made. "),
        (None, None) => String::new(),
    };
    let flaky: Vec<&CheckRate> = report.flaky().filter(|rate| !is_sum(&rate.check)).collect();
    let said = if !flaky.is_empty() {
        let named = flaky.iter().take(NAMED).map(|rate| format!("{} ({} of {made} fail)", rate.check, rate.failed));
        let more = if flaky.len() > NAMED { ", …" } else { "" };
        format!("FLAKY  {bad} of {made} runs are not green: {}{more}", named.collect::<Vec<_>>().join(", "))
    } else if let Some(first) = report.not_green().next() {
        let cause = first.cause.as_deref().map(first_line).unwrap_or("no reason was given");
        let word = if bad == made { "RED" } else { "NOT GREEN" };
        format!("{word}  {bad} of {made} runs are not green: {cause}")
    } else if made == 0 {
        "no run was made".to_owned()
    } else if !report.keeps_its_budget() || !report.has_one_base() {
        format!("RED  {made} of {made} runs are green, but not what was stated beforehand")
    } else {
        format!("GREEN  {made} of {made} runs are green")
    };
    format!("{unfinished}{said}")
}

/// A tier is as flaky as its steps, and these are named.
fn is_sum(check: &CheckName) -> bool {
    match check {
        CheckName::Tier(_) => true,
        CheckName::Step(_) | CheckName::Case { .. } | CheckName::Budget | CheckName::Clean => false,
    }
}

/// A line for each tier, and for each check that does not always pass.
fn checks(report: &SoakReport) -> Vec<String> {
    let shown = |rate: &&CheckRate| rate.is_odd() || is_sum(&rate.check);
    let mut lines =
        vec![format!("{:<36} {:>5} {:>5} {:>5} {:>5} {:>9}", "", "pass", "fail", "skip", "none", "unreached")];
    for rate in report.rates.iter().filter(shown) {
        let CheckRate { check, passed, failed, skipped, silent, not_reached, .. } = rate;
        let numbers = format!("{passed:>5} {failed:>5} {skipped:>5} {silent:>5} {not_reached:>9}");
        lines.push(format!("{:<36} {numbers}  {}", check.to_string(), odd(rate)));
    }
    let steady = report.rates.iter().filter(|rate| rate.steadiness == Steadiness::Passes && !shown(rate)).count();
    lines.push(format!("{} passed in every run that reached them", count(steady, "more check")));
    lines
}

fn odd(rate: &CheckRate) -> String {
    if !rate.is_odd() {
        return String::new();
    }
    let runs: Vec<String> = rate.runs.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if rate.runs.len() > NAMED { ", …" } else { "" };
    let plural = if rate.runs.len() == 1 { "" } else { "s" };
    let runs = if runs.is_empty() { String::new() } else { format!(" in run{plural} {}{more}", runs.join(", ")) };
    let why = rate.why.as_ref().map(|why| format!(": {}", first_line(why))).unwrap_or_default();
    format!("{}{runs}{why}", rate.steadiness.word())
}

fn bands(report: &SoakReport) -> Vec<String> {
    let line = |what: &str, runs: &str, cells: [&str; 3]| {
        let [least, median, most] = cells;
        format!("{what:<48} {runs:>5} {least:>9} {median:>9} {most:>9}")
    };
    let mut lines = vec![line("how long what passed took", "runs", ["least", "median", "most"])];
    let long = |band: &&NoiseBand| match band.what {
        TimedName::Verdict | TimedName::Teardown | TimedName::Tier(_) => true,
        TimedName::Step(_) | TimedName::Service { .. } => band.figure.most_ms >= BRIEF,
    };
    for NoiseBand { what, runs, figure } in report.noise.iter().filter(long) {
        let cells = [figure.least_ms, figure.median_ms, figure.most_ms].map(seconds);
        lines.push(line(&what.to_string(), &runs.to_string(), cells.each_ref().map(String::as_str)));
    }
    lines
}
