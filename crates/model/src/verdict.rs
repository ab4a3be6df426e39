//! From plan and evidence to a verdict: pure, total, and the only place where one is made (VER-1).

pub mod blame;
pub mod budget;
pub mod level;
pub mod promotion;
mod tiers;

use crate::event::RunEnd;
use crate::evidence::Evidence;
use crate::ids::{StackName, StepId};
use crate::object::Object;
use crate::outcome::{Finding, Outcome};
use crate::plan::Plan;
use crate::tier::Tier;
use blame::Blame;
use budget::{Agreement, BudgetVerdict};
use cc_ci_recipe::lint::LintReport;
use level::{Ladder, Rungs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The answer to "does this recipe work".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub color: Color,
    /// 0 to 5 (VER-2): what was climbed of the ladder. A run whose [`Verdict::ladder`] is none has no level to show; see
    /// [`Verdict::shown_level`].
    pub level: u8,
    /// How much of the ladder could be climbed.
    pub ladder: Ladder,
    /// The five tiers, in order.
    pub tiers: Vec<TierVerdict>,
    /// The five rungs the level is climbed on.
    pub rungs: Rungs,
    /// Whether the three guards on the deploy budget agree.
    pub budget: BudgetVerdict,
    /// Whose fault it is that the run is not green; `None` when it is.
    pub blame: Option<Blame>,
    /// What made it not green, most important first; empty exactly when it is green.
    pub reasons: Vec<String>,
    /// The run has not ended yet, so nothing is known about what it leaves behind. The final verdict is never better.
    pub provisional: bool,
}

impl Verdict {
    /// Whether the recipe passed, for good. A provisional verdict is not green yet, whatever its colour.
    #[must_use]
    pub fn is_green(&self) -> bool {
        match self.color {
            Color::Green => !self.provisional,
            Color::Red | Color::Unverified | Color::Cancelled => false,
        }
    }

    /// The level that may be shown; `None` for a run that was not asked to prove everything, or was about no commit.
    #[must_use]
    pub fn shown_level(&self) -> Option<u8> {
        match self.ladder {
            Ladder::Whole | Ladder::Capped { .. } | Ladder::Quick { .. } => Some(self.level),
            Ladder::None { .. } => None,
        }
    }

    /// Whether the level may stand by itself, where nobody sees how the run came to it: in a badge, or beside those of other runs.
    #[must_use]
    pub fn has_badge(&self) -> bool {
        match self.ladder {
            Ladder::Whole | Ladder::Capped { .. } => true,
            Ladder::Quick { .. } | Ladder::None { .. } => false,
        }
    }

    /// `level 4`, or `no level`.
    #[must_use]
    pub fn level_in_words(&self) -> String {
        self.shown_level().map_or_else(|| "no level".to_owned(), |level| format!("level {level}"))
    }

    /// Why the level is not more, or is missing, though nothing failed; `None` when the whole ladder could be climbed.
    #[must_use]
    pub fn capped_by(&self) -> Option<&str> {
        match &self.ladder {
            Ladder::Whole => None,
            Ladder::Capped { by } | Ladder::Quick { by } | Ladder::None { by } => Some(by),
        }
    }

    /// The verdict on one tier.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> Option<&TierVerdict> {
        self.tiers.iter().find(|verdict| verdict.tier == tier)
    }
}

/// A verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Everything planned was proven, within budget, and nothing was left.
    Green,
    /// A tier failed, the budget guards disagree, something leaked, or nothing ran (VER-3).
    Red,
    /// Something has no answer, and nothing failed: infrastructure, cc-ci itself, or nothing to prove it with.
    Unverified,
    /// A person or the run's deadline ended it before anything failed.
    Cancelled,
}

impl Color {
    /// The word used in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Red => "red",
            Self::Unverified => "unverified",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How a tier or rung stands (RUN-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Proven.
    Pass,
    /// Disproven.
    Fail,
    /// Does not apply, with a reason.
    Skip,
    /// Should have given an answer and did not.
    Unver,
}

impl Status {
    /// The word used in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unver => "unver",
        }
    }

    /// Whether what stands above may still count.
    #[must_use]
    pub fn lets_pass(self) -> bool {
        match self {
            Self::Pass | Self::Skip => true,
            Self::Fail | Self::Unver => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The verdict on one tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierVerdict {
    /// Which.
    pub tier: Tier,
    /// How it stands.
    pub status: Status,
    /// Why, unless it passed.
    pub reason: Option<String>,
    /// Whose fault it is, if it failed or has no answer.
    pub blame: Option<Blame>,
    /// Every step that did not pass, in order.
    pub findings: Vec<StepFinding>,
    /// What passing steps saw, and which tests were skipped.
    pub notes: Vec<String>,
    /// It has no answer only because an earlier tier did not pass.
    pub inherited: bool,
}

impl TierVerdict {
    fn without_answer(tier: Tier, reason: &str, blame: Blame) -> Self {
        Self {
            tier,
            status: Status::Unver,
            reason: Some(reason.to_owned()),
            blame: Some(blame),
            findings: Vec::new(),
            notes: Vec::new(),
            inherited: false,
        }
    }
}

/// A step that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFinding {
    /// Which.
    pub step: StepId,
    /// [`Status::Fail`] or [`Status::Unver`].
    pub status: Status,
    /// Whose fault it is.
    pub blame: Blame,
    /// What was found.
    pub finding: Finding,
}

impl StepFinding {
    /// `install/converged: app: …`.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.finding.service {
            Some(service) => format!("{}: {service}: {}", self.step, self.finding.summary),
            None => format!("{}: {}", self.step, self.finding.summary),
        }
    }
}

/// Judges a run. Works on a finished record, and provisionally on one that has come as far as its verdict.
#[must_use]
pub fn judge(plan: &Plan, evidence: &Evidence) -> Verdict {
    let end = evidence.end.as_ref().map(|(end, _)| end);
    let tiers = tiers::judge(plan, evidence, end.and_then(blame_of_end));
    let budget = budget::judge(plan, evidence);
    let flaws = flaws(plan, evidence);
    let reasons = reasons(plan, evidence, &tiers, &budget, &flaws);

    let rungs = rungs(&tiers, evidence.lint.as_ref());
    // A record that cannot be trusted earns nothing.
    let (ladder, left_out) = level::ladder(plan);
    let level = if flaws.is_empty() { rungs.level(&left_out) } else { 0 };
    let color = color(&reasons);
    let blame = match color {
        Color::Green => None,
        Color::Red | Color::Unverified => reasons.first().map(|reason| reason.blame),
        Color::Cancelled => Some(Blame::Cancelled),
    };
    let provisional = evidence.end.is_none();
    Verdict {
        color,
        level,
        ladder,
        tiers,
        rungs,
        budget,
        blame,
        reasons: reasons.into_iter().map(|reason| reason.words).collect(),
        provisional,
    }
}

/// Why a run is not green.
struct Reason {
    words: String,
    blame: Blame,
    weight: Weight,
}

/// What a reason does to the colour.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Red,
    Ended,
    NoAnswer,
}

fn color(reasons: &[Reason]) -> Color {
    let any = |weight| reasons.iter().any(|reason| reason.weight == weight);
    if any(Weight::Red) {
        Color::Red
    } else if any(Weight::Ended) {
        Color::Cancelled
    } else if any(Weight::NoAnswer) {
        Color::Unverified
    } else {
        Color::Green
    }
}

/// Everything that makes the run not green, most important first: what is wrong with the recipe, what ended the run, what
/// cannot be trusted, what has no answer.
fn reasons(
    plan: &Plan,
    evidence: &Evidence,
    tiers: &[TierVerdict],
    budget: &BudgetVerdict,
    flaws: &[String],
) -> Vec<Reason> {
    let mut found: Vec<Reason> = Vec::new();
    let mut add = |weight, blame, words: String| found.push(Reason { words, blame, weight });

    for tier in tiers.iter().filter(|tier| tier.status == Status::Fail) {
        add(Weight::Red, tier.blame.unwrap_or(Blame::Harness), format!("{} failed: {}", tier.tier, words(tier)));
    }
    let end = evidence.end.as_ref().and_then(|(end, _)| reason_of_end(plan, end));
    let (gave_out, other_end) = match end {
        Some(end) if end.blame == Blame::Infrastructure => (Some(end), None),
        end => (None, end),
    };
    found.extend(gave_out);
    let mut add = |weight, blame, words: String| found.push(Reason { words, blame, weight });
    if budget.agreement == Agreement::Disagreed {
        let words = format!("{}: {}", budget.line(), budget.words.join("; "));
        add(Weight::Red, budget.blame.unwrap_or(Blame::Harness), words);
    }
    for object in &evidence.left {
        let held = evidence.held.get(object).map(|by| format!(", which is held by container {}", by.join(", ")));
        let words = format!("left behind: {object}{}", held.unwrap_or_default());
        add(Weight::Red, blame_of_leftover(plan, evidence, object), words);
    }
    for namespace in &evidence.namespaces_left {
        add(Weight::Red, Blame::Dependency, format!("left behind: namespace {namespace}"));
    }
    for leak in &evidence.leaks {
        // Keeping a secret out of an artifact is our work, whoever printed it.
        add(Weight::Red, Blame::Harness, format!("the value of secret {} stands in {}", leak.secret, leak.artifact));
    }
    if !tiers.iter().any(|tier| plan.runs(tier.tier)) {
        add(Weight::Red, Blame::Recipe, "nothing ran: every tier is skipped".to_owned());
    }
    found.extend(other_end);
    let mut add = |weight, blame, words: String| found.push(Reason { words, blame, weight });
    for flaw in flaws {
        add(Weight::NoAnswer, Blame::Harness, flaw.clone());
    }
    // A tier that was merely not reached needs no reason of its own: an earlier one has it.
    for tier in tiers.iter().filter(|tier| tier.status == Status::Unver && !tier.inherited) {
        let blame = tier.blame.unwrap_or(Blame::Harness);
        let weight = if blame == Blame::Cancelled { Weight::Ended } else { Weight::NoAnswer };
        add(weight, blame, format!("{} has no answer: {}", tier.tier, words(tier)));
    }
    absences(evidence, budget, &mut found);
    found
}

/// What is missing at the end of a record. Where something else already explains why, it takes over that blame.
fn absences(evidence: &Evidence, budget: &BudgetVerdict, found: &mut Vec<Reason>) {
    let mut missing: Vec<String> = Vec::new();
    if budget.agreement == Agreement::Unknown {
        missing.push(format!("{}: {}", budget.line(), budget.words.join("; ")));
    }
    if evidence.due_ms.is_none() {
        missing.push("the run never came to its verdict".to_owned());
    }
    if evidence.end.is_some() {
        if evidence.before.is_none() {
            missing.push("the objects on the engine were not counted before the run".to_owned());
        }
        if evidence.after.is_none() {
            missing.push("the objects on the engine were not counted after teardown".to_owned());
        }
    }
    let blame = found.first().map_or(Blame::Harness, |first| first.blame);
    found.extend(missing.into_iter().map(|words| Reason { words, blame, weight: Weight::NoAnswer }));
}

/// What makes the record itself unusable.
fn flaws(plan: &Plan, evidence: &Evidence) -> Vec<String> {
    let mut flaws = evidence.flaws.clone();
    match &evidence.plan {
        Some(recorded) if **recorded == *plan => {}
        Some(_) => flaws.push("the record was made for another plan than the one it is judged by".to_owned()),
        None => flaws.push("the record holds no plan".to_owned()),
    }
    for (id, seen) in &evidence.steps {
        let planned = plan.tiers.iter().flat_map(|tier| &tier.steps).any(|step| step.id == *id);
        match &seen.outcome {
            Some(Outcome::Failed(_) | Outcome::Unverified(_)) if !planned => {
                flaws.push(format!("step {id} did not pass, and the plan does not hold it"));
            }
            Some(Outcome::Failed(_) | Outcome::Unverified(_) | Outcome::Passed { .. } | Outcome::Skipped { .. })
            | None => {}
        }
    }
    flaws
}

fn words(tier: &TierVerdict) -> &str {
    tier.reason.as_deref().unwrap_or("no reason was given")
}

fn reason_of_end(plan: &Plan, end: &RunEnd) -> Option<Reason> {
    let (weight, blame, words) = match end {
        RunEnd::Completed => return None,
        RunEnd::Cancelled { by } => (Weight::Ended, Blame::Cancelled, format!("cancelled by {by}")),
        RunEnd::Deadline => {
            (Weight::Ended, Blame::Cancelled, format!("the run's time limit of {} s passed", plan.limits.run))
        }
        RunEnd::Infrastructure { finding } => (Weight::NoAnswer, Blame::Infrastructure, finding.summary.clone()),
        RunEnd::Broken { error } => (Weight::NoAnswer, Blame::Harness, format!("cc-ci failed: {error}")),
    };
    Some(Reason { words, blame, weight })
}

fn blame_of_end(end: &RunEnd) -> Option<Blame> {
    match end {
        RunEnd::Completed => None,
        RunEnd::Cancelled { .. } | RunEnd::Deadline => Some(Blame::Cancelled),
        RunEnd::Infrastructure { .. } => Some(Blame::Infrastructure),
        RunEnd::Broken { .. } => Some(Blame::Harness),
    }
}

/// An object of the run that teardown left is our fault, unless the engine or the host gave out; one that
/// carries neither a stack's name nor the run's was made by the recipe's hooks or tests. What a container of somebody else
/// holds, a hook on the host brought about, or where there is none, somebody on this host.
fn blame_of_leftover(plan: &Plan, evidence: &Evidence, object: &Object) -> Blame {
    let stacks = plan.cold().map(|dependency| &dependency.stack).chain([&plan.stack]);
    let mut names = stacks.map(StackName::as_str).chain([plan.run.as_str()]);
    let ours = names.any(|name| object.name.contains(name));
    match ours {
        true if evidence.held.contains_key(object) && plan.has_host_hooks() => Blame::Test,
        true if evidence.held.contains_key(object) => Blame::Infrastructure,
        true if evidence.host_gave_out() => Blame::Infrastructure,
        true => Blame::Harness,
        false => Blame::Test,
    }
}

fn rungs(tiers: &[TierVerdict], lint: Option<&LintReport>) -> Rungs {
    let status = |tier: Tier| tiers.iter().find(|verdict| verdict.tier == tier).map_or(Status::Unver, |v| v.status);
    Rungs {
        install: status(Tier::Install),
        upgrade: status(Tier::Upgrade),
        backup_restore: level::both(status(Tier::Backup), status(Tier::Restore)),
        functional: status(Tier::Custom),
        lint: match lint.map(LintReport::passed) {
            Some(true) => Status::Pass,
            Some(false) => Status::Fail,
            None => Status::Unver,
        },
    }
}
