//! One tier judged: every planned step has to have an answer, and every answer has to be good.

use super::blame::{self, Blame};
use super::{Status, StepFinding, TierVerdict};
use crate::evidence::Evidence;
use crate::outcome::{Cause, Finding, Outcome};
use crate::plan::base::Base;
use crate::plan::origin::Origin;
use crate::plan::own_tests::FOLDER;
use crate::plan::scrutiny::{AppHas, Softened};
use crate::plan::step::{Action, Pass, Step};
use crate::plan::{Disposition, Plan, PlannedTier, Skip};
use crate::tier::Tier;

/// How many tests that failed are named.
const NAMED: usize = 4;

/// Judges the five tiers in order. `end` is the blame of the way the run ended, for steps that were never reached.
pub(super) fn judge(plan: &Plan, evidence: &Evidence, end: Option<Blame>) -> Vec<TierVerdict> {
    let beforehand = found_beforehand(plan, evidence);
    let mut verdicts: Vec<TierVerdict> = Vec::with_capacity(Tier::ALL.len());
    for tier in Tier::ALL {
        let earlier = verdicts.iter().find(|verdict| !verdict.status.lets_pass());
        let root = beforehand.or(earlier.map(|verdict| Root { tier: verdict.tier, blame: verdict.blame }));
        verdicts.push(match plan.tier(tier) {
            Some(planned) => judge_one(plan, planned, evidence, root, end),
            None => TierVerdict::without_answer(tier, "the plan does not mention it", Blame::Harness),
        });
    }
    for verdict in &mut verdicts {
        weigh(plan, verdict);
    }
    verdicts
}

/// An answer that rests on a setting which head softened is none. An upgrade that failed says what operators' apps lack.
fn weigh(plan: &Plan, verdict: &mut TierVerdict) {
    let softened = plan.softened.iter().find(|one| rests_on(plan, one, verdict));
    if let Some(softened) = softened {
        verdict.status = Status::Unver;
        verdict.reason = Some(softened.words.clone());
        verdict.blame = Some(Blame::Recipe);
        return;
    }
    let lacking: Vec<&str> =
        plan.work.iter().filter(|work| work.app == AppHas::Not).map(|work| work.name.as_str()).collect();
    if let (Tier::Upgrade, Status::Fail, Some(reason), false) =
        (verdict.tier, verdict.status, &mut verdict.reason, lacking.is_empty())
    {
        let lacking = lacking.join(", ");
        *reason = format!("no app made at base has {lacking} as head's .env.sample has; {reason}");
    }
}

/// The first tier that did not pass: later ones that were not reached take over its blame.
#[derive(Clone, Copy)]
struct Root {
    tier: Tier,
    blame: Option<Blame>,
}

/// A tier that failed though nothing was done for the tiers before it: its tests were found broken before the deploy, which is why
/// the earlier tiers, too, were not reached.
fn found_beforehand(plan: &Plan, evidence: &Evidence) -> Option<Root> {
    let mut planned = plan.tiers.iter().filter(|planned| planned.disposition.runs());
    let answered = |planned: &&PlannedTier| planned.steps.iter().any(|step| evidence.outcome(&step.id).is_some());
    planned.next().filter(|first| !answered(first))?;
    let failed = |planned: &PlannedTier| {
        planned.steps.iter().find_map(|step| match evidence.outcome(&step.id) {
            Some(Outcome::Failed(finding)) if finding.cause == Cause::TestBroken => blame::of(finding.cause),
            Some(_) | None => None,
        })
    };
    let later = planned.find(answered)?;
    failed(later).map(|blame| Root { tier: later.tier, blame: Some(blame) })
}

fn judge_one(
    plan: &Plan,
    planned: &PlannedTier,
    evidence: &Evidence,
    root: Option<Root>,
    end: Option<Blame>,
) -> TierVerdict {
    let tier = planned.tier;
    if let Disposition::Skip { reason, .. } = &planned.disposition {
        return TierVerdict {
            tier,
            status: Status::Skip,
            reason: Some(reason.clone()),
            blame: None,
            findings: Vec::new(),
            notes: Vec::new(),
            inherited: false,
        };
    }
    if planned.steps.is_empty() {
        return TierVerdict::without_answer(tier, "the plan has no step that could prove it", Blame::Harness);
    }
    let mut sum = Sum { inherit: root.and_then(|root| root.blame).or(end), ..Sum::default() };
    for step in &planned.steps {
        sum.take(plan, tier, step, evidence.outcome(&step.id));
    }
    sum.verdict(tier, planned, root)
}

/// Whether a good answer about a tier rests on a setting that head softened. Where the app starts at head, the install tier is
/// what the upgrade tier would have been.
fn rests_on(plan: &Plan, softened: &Softened, verdict: &TierVerdict) -> bool {
    let starts_at_head = plan.base.commit().is_none();
    match verdict.status {
        Status::Pass if verdict.tier == Tier::Install => starts_at_head && softened.tiers.contains(&Tier::Upgrade),
        Status::Pass => softened.tiers.contains(&verdict.tier),
        Status::Skip => {
            let planned = plan.tier(verdict.tier).map(|planned| &planned.disposition);
            let is_own = match planned {
                Some(Disposition::Skip { why: Skip::OwnSettings, .. }) => true,
                // Head has no test any more.
                Some(Disposition::Skip { why: Skip::Structural, .. }) => verdict.tier == Tier::Custom,
                Some(Disposition::Skip { .. } | Disposition::Run) | None => false,
            };
            is_own && softened.tiers.contains(&verdict.tier)
        }
        Status::Fail | Status::Unver => false,
    }
}

/// What the steps of one tier add up to.
#[derive(Default)]
struct Sum {
    inherit: Option<Blame>,
    findings: Vec<StepFinding>,
    notes: Vec<String>,
    passed: usize,
    tests: usize,
    tests_skipped: Vec<String>,
}

impl Sum {
    fn take(&mut self, plan: &Plan, tier: Tier, step: &Step, outcome: Option<&Outcome>) {
        self.tests += usize::from(step.action.as_test().is_some());
        match outcome {
            None => match needed(plan, step, "nothing says what became of it") {
                // Only where nothing explains why it was not reached.
                Some(finding) if self.findings.is_empty() && self.inherit.is_none() => {
                    self.add(plan, tier, step, &finding, Proof::Bad);
                }
                Some(_) | None => {
                    let finding = Finding::new(Cause::NotReached, "not reached");
                    self.add(plan, tier, step, &finding, Proof::None);
                }
            },
            Some(Outcome::Passed { note }) => {
                self.passed += 1;
                self.notes.extend(note.clone());
            }
            Some(Outcome::Skipped { reason }) => match &step.action {
                Action::Test { .. } => match needed(plan, step, reason) {
                    Some(finding) => self.add(plan, tier, step, &finding, Proof::Bad),
                    None => {
                        self.tests_skipped.push(format!("{}: {reason}", step.id));
                        self.notes.push(format!("{} skipped: {reason}", step.id));
                    }
                },
                Action::Hook { .. } => self.notes.push(format!("{} skipped: {reason}", step.id)),
                Action::Operate(_)
                | Action::Check(_)
                | Action::Probe { .. }
                | Action::Verify { .. }
                | Action::Dependency { .. } => {
                    let finding =
                        Finding::new(Cause::Harness, format!("skipped, which only tests and hooks may be: {reason}"));
                    self.add(plan, tier, step, &finding, Proof::None);
                }
            },
            Some(Outcome::Failed(finding)) => self.add(plan, tier, step, finding, Proof::Bad),
            Some(Outcome::Unverified(finding)) => self.add(plan, tier, step, finding, Proof::None),
        }
    }

    fn add(&mut self, plan: &Plan, tier: Tier, step: &Step, finding: &Finding, answer: Proof) {
        let blame = match blame::of(finding.cause) {
            Some(blame) => of_dependency(step, at_base(plan, tier, step, blame)),
            None => self.findings.first().map(|first| first.blame).or(self.inherit).unwrap_or(Blame::Harness),
        };
        let status = match answer {
            Proof::Bad if blame.is_about_the_subject() => Status::Fail,
            Proof::Bad | Proof::None => Status::Unver,
        };
        self.findings.push(StepFinding { step: step.id.clone(), status, blame, finding: finding.clone() });
    }

    fn verdict(self, tier: Tier, planned: &PlannedTier, root: Option<Root>) -> TierVerdict {
        let Self { findings, notes, passed, tests, tests_skipped, .. } = self;
        // What failed leads; then what gave no answer for a reason of its own; then what was merely not reached.
        let lead = findings
            .iter()
            .find(|finding| finding.status == Status::Fail)
            .or_else(|| findings.iter().find(|finding| finding.finding.cause != Cause::NotReached))
            .or_else(|| findings.first());
        let (status, reason, blame, inherited) = match lead {
            Some(lead) => {
                let unreached = lead.finding.cause == Cause::NotReached;
                let reason = match root {
                    Some(root) if unreached => format!("not reached: {} did not pass", root.tier),
                    Some(_) | None => line(planned, &findings, lead),
                };
                (lead.status, Some(reason), Some(lead.blame), unreached && root.is_some())
            }
            None if tests > 0 && tests_skipped.len() == tests => {
                let reason = format!("all {tests} of its tests were skipped ({})", tests_skipped.join("; "));
                (Status::Unver, Some(reason), Some(Blame::Test), false)
            }
            None if passed == 0 => {
                let reason = format!("none of its {} steps proved anything", planned.steps.len());
                (Status::Unver, Some(reason), Some(Blame::Test), false)
            }
            None => (Status::Pass, None, None, false),
        };
        TierVerdict { tier, status, reason, blame, findings, notes, inherited }
    }
}

/// What a tier failed for, in one line. Of several tests that failed all are named.
fn line(planned: &PlannedTier, findings: &[StepFinding], lead: &StepFinding) -> String {
    let test = |found: &StepFinding| planned.steps.iter().find(|step| step.id == found.step)?.action.as_test();
    let Some(first) = test(lead) else { return lead.line() };
    let step = planned.steps.iter().find(|step| step.id == lead.step);
    let after = match step.map(|step| step.pass) {
        Some(Pass::InPlace) => "in place, ",
        Some(Pass::OntoEmpty) => "onto empty volumes, ",
        Some(Pass::Restarted) => "after a restart, ",
        Some(Pass::Only) | None => "",
    };
    let failed: Vec<&str> = findings.iter().filter(|one| one.status == Status::Fail).filter_map(test).collect();
    if failed.len() < 2 {
        return format!("{after}{}", of_test(first, lead));
    }
    let all = planned.steps.iter().filter(|step| step.action.as_test().is_some()).count();
    let named: Vec<&str> = failed.iter().copied().take(NAMED).collect();
    let more = if failed.len() > named.len() { ", …" } else { "" };
    let first = of_test(first, lead);
    format!("{after}{} of {all} tests failed: {}{more}; the first: {first}", failed.len(), named.join(", "))
}

/// A test that failed, by the name its author knows; most findings begin with it.
fn of_test(path: &str, found: &StepFinding) -> String {
    let Finding { summary, service, .. } = &found.finding;
    let below = match Origin::of(path) {
        Origin::Recipe => format!("{FOLDER}/"),
        Origin::Catalogue => String::new(),
    };
    match summary.strip_prefix(path) {
        Some(rest) => format!("{below}{path}{rest}"),
        None => {
            let service = service.iter().map(|service| format!("{service}: ")).collect::<String>();
            format!("{below}{path}: {service}{summary}")
        }
    }
}

/// What kind of answer a step that did not pass gave.
#[derive(Clone, Copy)]
enum Proof {
    Bad,
    None,
}

/// A base that does not come up is not the head's fault (BASE-3). Only the install tier runs at base.
fn at_base(plan: &Plan, tier: Tier, step: &Step, blame: Blame) -> Blame {
    let starts_at_base = match &plan.base {
        Base::Published { .. } | Base::Commit { .. } => true,
        Base::Head { .. } => false,
    };
    let generic = match &step.action {
        Action::Operate(_) | Action::Check(_) | Action::Probe { .. } | Action::Verify { .. } => true,
        Action::Hook { .. } | Action::Test { .. } | Action::Dependency { .. } => false,
    };
    if blame == Blame::Recipe && tier == Tier::Install && starts_at_base && generic { Blame::Base } else { blame }
}

/// Whatever is wrong with a dependency is not the recipe's fault.
fn of_dependency(step: &Step, blame: Blame) -> Blame {
    match (&step.action, blame) {
        (Action::Dependency { .. }, Blame::Recipe | Blame::Base) => Blame::Dependency,
        (_, blame) => blame,
    }
}

/// A test that needs a dependency may neither be skipped nor be missing (DEP-4).
fn needed(plan: &Plan, step: &Step, why: &str) -> Option<Finding> {
    let Action::Test { path } = &step.action else { return None };
    let dependency = plan.needed_by(path)?;
    let summary = format!("needed dependency {} and did not run: {why}", dependency.recipe);
    Some(Finding::new(Cause::NeededTestNotRun, summary))
}
