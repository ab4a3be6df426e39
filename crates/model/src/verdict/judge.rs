//! Judges a run: its tiers and its budget, and why it is not green.

use super::blame::Blame;
use super::budget::{Agreement, BudgetVerdict};
use super::level::Rungs;
use super::{Color, Status, TierVerdict, Verdict, budget, level, tiers};
use crate::event::RunEnd;
use crate::evidence::Evidence;
use crate::ids::StackName;
use crate::object::Object;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::tier::Tier;
use cc_ci_recipe::lint::LintReport;

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
