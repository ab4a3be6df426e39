//! How a recipe stands over many runs of the same commit: what was seen in each run, and how often each check passes.
//!
//! A check that neither always passes nor always fails is *flaky*. That is a word of its own: such a recipe is not green because its
//! last run was.

pub mod document;
pub mod rate;
pub mod report;
mod text;

use crate::ids::{Commit, RunId, StepId};
use crate::noise::Figure;
use crate::outcome::Cause;
use crate::report::text::first_line;
use crate::report::{ReportView, StepRow};
use crate::testcase::{CaseEnd, TestCase};
use crate::tier::Tier;
use crate::verdict::blame::Blame;
use crate::verdict::budget::{Agreement, BudgetVerdict};
use crate::verdict::{Color, Status};
use serde::{Serialize, Serializer};
use std::fmt;

/// One run, as far as many runs are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedRun {
    /// Its number, from 1.
    pub number: u32,
    /// The run.
    pub run: RunId,
    /// Its verdict in one word.
    pub color: Color,
    /// Whose fault it is that it is not green.
    pub blame: Option<Blame>,
    /// The most important reason that it is not green.
    pub cause: Option<String>,
    /// The exit code of the run.
    pub exit_code: u8,
    /// The commit where it began.
    pub base: Option<Commit>,
    /// What the guards of its budget say.
    pub budget: BudgetVerdict,
    /// What was looked at, in order, and how it ended.
    pub checks: Vec<(CheckName, CheckSeen)>,
    /// How long what passed took, in milliseconds.
    pub times: Vec<(TimedName, u64)>,
}

/// Something that passes or fails in every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckName {
    /// A tier as a whole.
    Tier(Tier),
    /// A step, such as one of the recipe's own tests.
    Step(StepId),
    /// One test of a file whose runner tells them apart.
    Case {
        /// The file's step.
        step: StepId,
        /// The test, as its runner names it.
        case: String,
    },
    /// The guards of the deploy budget agree.
    Budget,
    /// Nothing is left behind, and no secret was let out.
    Clean,
}

/// How a check ended in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckSeen {
    /// It passed.
    Passed,
    /// It failed.
    Failed {
        /// Why.
        why: String,
    },
    /// It was skipped.
    Skipped,
    /// It should have given an answer and did not.
    Silent {
        /// Why.
        why: String,
    },
    /// Something before it did not pass.
    NotReached,
}

/// Something that takes time in every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimedName {
    /// From the start to the verdict.
    Verdict,
    /// From the verdict to the end, without promotion.
    Teardown,
    /// A tier.
    Tier(Tier),
    /// A step.
    Step(StepId),
    /// A service, from the deploy to its first task that runs, as a step saw it.
    Service {
        /// The step.
        step: StepId,
        /// The service.
        service: String,
    },
}

/// How long something took over all runs in which it passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoiseBand {
    /// What.
    pub what: TimedName,
    /// In how many runs.
    pub runs: usize,
    /// The figures.
    #[serde(flatten)]
    pub figure: Figure,
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tier(tier) => write!(f, "tier {tier}"),
            Self::Step(step) => write!(f, "{step}"),
            Self::Case { step, case } => write!(f, "{step}: {}", first_line(case)),
            Self::Budget => f.write_str("deploy budget"),
            Self::Clean => f.write_str("nothing left behind"),
        }
    }
}

impl fmt::Display for TimedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict => f.write_str("to the verdict"),
            Self::Teardown => f.write_str("teardown"),
            Self::Tier(tier) => write!(f, "tier {tier}"),
            Self::Step(step) => write!(f, "{step}"),
            Self::Service { step, service } => write!(f, "{step}: {service} runs after"),
        }
    }
}

impl Serialize for CheckName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for TimedName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ObservedRun {
    /// What is kept of a run that is over.
    #[must_use]
    pub fn of(number: u32, view: &ReportView, exit_code: u8) -> Self {
        let verdict = &view.verdict;
        Self {
            number,
            run: view.run.clone(),
            color: verdict.color,
            blame: verdict.blame,
            cause: verdict.reasons.first().map(|reason| first_line(reason).to_owned()),
            exit_code,
            base: view.base.commit().cloned(),
            budget: verdict.budget.clone(),
            checks: checks(view),
            times: times(view),
        }
    }

    /// Whether it is green, for good.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.color == Color::Green && self.exit_code == crate::exit::GREEN
    }
}

fn checks(view: &ReportView) -> Vec<(CheckName, CheckSeen)> {
    let mut seen = Vec::new();
    for row in &view.tiers {
        let why = || row.note.as_deref().map(first_line).unwrap_or_default().to_owned();
        let unreached = view.verdict.tier(row.tier).is_some_and(|tier| tier.inherited);
        seen.push((
            CheckName::Tier(row.tier),
            match row.status {
                Status::Pass => CheckSeen::Passed,
                Status::Fail => CheckSeen::Failed { why: why() },
                Status::Skip => CheckSeen::Skipped,
                Status::Unver if unreached => CheckSeen::NotReached,
                Status::Unver => CheckSeen::Silent { why: why() },
            },
        ));
        for step in &row.steps {
            seen.push((CheckName::Step(step.id.clone()), of_step(step)));
            seen.extend(step.cases.iter().map(|case| of_case(&step.id, case)));
        }
    }
    let budget = &view.verdict.budget;
    seen.push((
        CheckName::Budget,
        match budget.agreement {
            Agreement::Agreed => CheckSeen::Passed,
            Agreement::Disagreed => CheckSeen::Failed { why: budget.line() },
            Agreement::Unknown => CheckSeen::Silent { why: budget.line() },
        },
    ));
    seen.push((CheckName::Clean, clean(view)));
    seen
}

fn of_step(step: &StepRow) -> CheckSeen {
    let why = || step.finding.as_ref().map(|found| first_line(&found.summary).to_owned()).unwrap_or_default();
    match step.status {
        Status::Pass => CheckSeen::Passed,
        Status::Fail => CheckSeen::Failed { why: why() },
        Status::Skip => CheckSeen::Skipped,
        Status::Unver => match step.finding.as_ref().map(|found| found.cause) {
            Some(Cause::NotReached) | None => CheckSeen::NotReached,
            Some(_) => CheckSeen::Silent { why: why() },
        },
    }
}

fn of_case(step: &StepId, case: &TestCase) -> (CheckName, CheckSeen) {
    let name = CheckName::Case { step: step.clone(), case: case.name.clone() };
    (
        name,
        match &case.end {
            CaseEnd::Passed => CheckSeen::Passed,
            CaseEnd::Failed { message, .. } => CheckSeen::Failed { why: first_line(message).to_owned() },
            CaseEnd::Skipped { .. } => CheckSeen::Skipped,
        },
    )
}

fn clean(view: &ReportView) -> CheckSeen {
    let objects = view.left.iter().map(ToString::to_string).chain(view.namespaces_left.iter().cloned());
    let leaks = view.leaks.iter().map(|leak| format!("the value of secret {} in {}", leak.secret, leak.artifact));
    match objects.chain(leaks).next() {
        Some(first) => CheckSeen::Failed { why: first },
        None if view.after.is_none() => CheckSeen::Silent { why: "nobody looked after teardown".to_owned() },
        None => CheckSeen::Passed,
    }
}

/// How long what passed took; what failed took as long as its failure.
fn times(view: &ReportView) -> Vec<(TimedName, u64)> {
    let teardown = view.end_ms.zip(view.due_ms).map(|(end, due)| end.saturating_sub(due + view.promotion_ms));
    let whole = view.due_ms.filter(|_| view.verdict.color == Color::Green);
    let mut times: Vec<_> = whole.map(|ms| (TimedName::Verdict, ms)).into_iter().collect();
    times.extend(teardown.map(|ms| (TimedName::Teardown, ms)));
    for row in view.tiers.iter().filter(|row| row.status == Status::Pass) {
        times.extend(row.span.ms().map(|ms| (TimedName::Tier(row.tier), ms)));
    }
    let steps = view.tiers.iter().flat_map(|row| &row.steps);
    let passed = steps.filter(|step| step.status == Status::Pass);
    times.extend(passed.filter_map(|step| Some((TimedName::Step(step.id.clone()), step.ms?))));
    for (step, services) in &view.services {
        let ready = services.iter().filter_map(|seen| Some((seen.service.clone(), seen.ready_ms?)));
        times.extend(ready.map(|(service, ms)| (TimedName::Service { step: step.clone(), service }, ms)));
    }
    times
}

/// How far the times lie apart, in the order in which they were met.
#[must_use]
pub fn noise(runs: &[ObservedRun]) -> Vec<NoiseBand> {
    let mut order: Vec<&TimedName> = Vec::new();
    for (name, _) in runs.iter().flat_map(|run| &run.times) {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    let band = |what: &TimedName| {
        let of = runs.iter().flat_map(|run| &run.times).filter(|(name, _)| name == what).map(|(_, ms)| *ms);
        let values: Vec<u64> = of.collect();
        NoiseBand { what: what.clone(), runs: values.len(), figure: Figure::of(values) }
    };
    order.into_iter().map(band).collect()
}

#[cfg(test)]
mod tests;
