//! The one view every output of a run is drawn from: what the plan, the evidence and the verdict say, side by side.

pub mod junit;
pub mod life;
pub mod plan;
pub mod results;
pub mod summary;
pub mod text;
pub mod timeline;
pub mod waits;

use crate::event::{BUSY_MACHINE, Screenshot, ServiceSeen, Shot, Triage};
use crate::evidence::{Evidence, ImageSeen, Leak, PromotionSeen, Span};
use crate::ids::{RecipeName, RunId, StackName, StepId};
use crate::object::Object;
use crate::outcome::{Finding, Outcome};
use crate::plan::base::Base;
use crate::plan::dependency::{Dependency, Mode};
use crate::plan::permit::Purpose;
use crate::plan::promotion::Promotion;
use crate::plan::{Disposition, Plan};
use crate::testcase::TestCase;
use crate::tier::Tier;
use crate::usage::advice::{IntervalAdvice, advise};
use crate::usage::compare::{Compared, compare};
use crate::verdict::{Status, Verdict};
use cc_ci_recipe::lint::{self, LintReport};
use life::Life;
use std::collections::BTreeMap;

/// Everything a report may show. Renderers take this and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportView {
    /// The run.
    pub run: RunId,
    /// The recipe under test.
    pub recipe: RecipeName,
    /// The commit under test in full, with `+U` where what lies uncommitted over it was tested.
    pub head: String,
    /// The same as it is shown to people: short.
    pub shown_head: String,
    /// The pull request it comes from.
    pub pr: Option<u64>,
    /// The version label at head, if it has one.
    pub version: Option<String>,
    /// Where the app was first deployed.
    pub base: Base,
    /// The run's stack.
    pub stack: StackName,
    /// The version of cc-ci that made the record.
    pub program: Option<String>,
    /// When the run started, RFC 3339, UTC.
    pub started: Option<String>,
    /// When it ended, or was due for its verdict, RFC 3339, UTC.
    pub finished: Option<String>,
    /// Whether the run goes on, is over, or died.
    pub life: Life,
    /// The verdict. Of a run that goes on it says how it would stand if nothing followed.
    pub verdict: Verdict,
    /// One row per tier, in order.
    pub tiers: Vec<TierRow>,
    /// What lint found; `None` in records without it.
    pub lint: Option<LintReport>,
    /// Services that failed, the earliest first.
    pub triage: Vec<Triage>,
    /// Deploys that were announced, with the reason the plan gives.
    pub deploys: Vec<DeployRow>,
    /// Other recipes the app needed, in the order of the plan.
    pub providers: Vec<DependencyRow>,
    /// Images as they were resolved.
    pub images: Vec<ImageSeen>,
    /// Services as steps saw them.
    pub services: Vec<(StepId, Vec<ServiceSeen>)>,
    /// What each service used at base and at head; empty where that was not compared.
    pub usage: Vec<Compared>,
    /// Health checks that make a run wait.
    pub advice: Vec<IntervalAdvice>,
    /// Services that head dropped and that were removed.
    pub pruned: Vec<String>,
    /// Milliseconds from the start to the verdict.
    pub due_ms: Option<u64>,
    /// Milliseconds from the start to the end, teardown included.
    pub end_ms: Option<u64>,
    /// What is to be said about promotion; `None` where there is nothing to say.
    pub promotion: Option<String>,
    /// Milliseconds that the promotion took, which are no part of teardown.
    pub promotion_ms: u64,
    /// Objects on the engine before the run.
    pub before: Option<[usize; 6]>,
    /// Objects on the engine after teardown.
    pub after: Option<[usize; 6]>,
    /// Objects teardown could not remove.
    pub left: Vec<Object>,
    /// Namespaces left in warm providers, each with the reason.
    pub namespaces_left: Vec<String>,
    /// Secrets found in artifacts.
    pub leaks: Vec<Leak>,
    /// What the run was changed by.
    pub customization: BTreeMap<String, String>,
    /// Why the run is a cold one although it was to be quick; `None` in all others.
    pub cold_after_all: Option<String>,
    /// What the plan wants the reader to know: adaptations, ignored files.
    pub notes: Vec<String>,
    /// Facts about the host.
    pub host: Vec<(String, String)>,
    /// What steps waited for, one after the other.
    pub waits: Vec<waits::Wait>,
    /// What became of the picture of the app; `None` in records without it.
    pub screenshot: Option<Screenshot>,
    /// Lines worth keeping, with the step they belong to.
    pub remarks: Vec<(Option<StepId>, String)>,
}

/// One tier of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierRow {
    /// Which.
    pub tier: Tier,
    /// How it stands.
    pub status: Status,
    /// When it ran.
    pub span: Span,
    /// Why it did not pass, or what was seen when it did.
    pub note: Option<String>,
    /// For a skipped tier, whether the plan or a person said so.
    pub skip: Option<crate::plan::Skip>,
    /// Its steps, in order.
    pub steps: Vec<StepRow>,
}

/// One step of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// Which.
    pub id: StepId,
    /// How it stands.
    pub status: Status,
    /// When it began, milliseconds since the start.
    pub began_ms: Option<u64>,
    /// How long it took, in milliseconds; `None` when it never ended.
    pub ms: Option<u64>,
    /// What was seen, or why it was skipped.
    pub note: Option<String>,
    /// What was found, unless it passed.
    pub finding: Option<Finding>,
    /// The test cases it consists of, where its runner tells them apart.
    pub cases: Vec<TestCase>,
}

/// One deploy of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployRow {
    /// The stack.
    pub stack: StackName,
    /// What it was for.
    pub purpose: Purpose,
    /// Why the plan permitted it.
    pub reason: Option<String>,
}

/// One dependency of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyRow {
    /// Its recipe.
    pub recipe: RecipeName,
    /// Its version, or its commit where it has none.
    pub version: String,
    /// Cold or warm.
    pub mode: Mode,
    /// Why in that mode.
    pub why: String,
    /// Its stack.
    pub stack: StackName,
    /// What was taken from it.
    pub capabilities: Vec<String>,
    /// The steps whose tests need it, each with whether it ran (DEP-4).
    pub needed_by: Vec<(StepId, bool)>,
}

impl DependencyRow {
    /// How many tests need it, and how many of them ran.
    #[must_use]
    pub fn tests(&self) -> (usize, usize) {
        (self.needed_by.len(), self.needed_by.iter().filter(|(_, ran)| *ran).count())
    }
}

impl ReportView {
    /// Draws the view. A record without an end is taken for that of a run that died; see [`ReportView::seen_as`].
    #[must_use]
    pub fn new(plan: &Plan, evidence: &Evidence, verdict: &Verdict) -> Self {
        let end_ms = evidence.end.as_ref().map(|(_, ms)| *ms);
        let started = evidence.start.as_ref().map(|start| start.started.clone());
        let finished = started.as_deref().and_then(|started| text::later(started, end_ms.or(evidence.due_ms)?));
        Self {
            run: plan.run.clone(),
            recipe: plan.recipe.clone(),
            head: plan.state.shown(plan.head.as_str()),
            shown_head: plan.shown_head(),
            version: plan.head_version.clone(),
            base: plan.base.clone(),
            stack: plan.stack.clone(),
            pr: evidence.start.as_ref().and_then(|start| start.pr),
            program: evidence.start.as_ref().map(|start| start.program.clone()),
            started,
            finished,
            life: Life::of(evidence),
            verdict: verdict.clone(),
            tiers: Tier::ALL.into_iter().map(|tier| tier_row(tier, plan, evidence, verdict)).collect(),
            lint: evidence.lint.clone(),
            triage: evidence.triage.clone(),
            deploys: deploys(plan, evidence),
            providers: providers(plan, evidence),
            images: evidence.images.clone(),
            services: evidence.services.clone(),
            usage: compare(&evidence.usage),
            advice: advise(&evidence.usage),
            pruned: evidence.pruned.clone(),
            due_ms: evidence.due_ms,
            end_ms,
            promotion: promotion(plan, evidence),
            promotion_ms: promotion_ms(evidence),
            before: evidence.before,
            after: evidence.after,
            left: evidence.left.clone(),
            namespaces_left: evidence.namespaces_left.clone(),
            leaks: evidence.leaks.clone(),
            customization: plan.customization.clone(),
            notes: plan.cold_after_all.iter().chain(&plan.notes).cloned().chain(busy(evidence)).collect(),
            cold_after_all: plan.cold_after_all.clone(),
            host: evidence.host.clone(),
            waits: waits::of(evidence),
            screenshot: evidence.screenshot.clone(),
            remarks: evidence.notes.clone(),
        }
    }

    /// Whether there is a picture of the app.
    #[must_use]
    pub fn has_screenshot(&self) -> bool {
        self.screenshot.as_ref().is_some_and(|screenshot| screenshot.shot == Shot::Taken)
    }

    /// What lint found, in a few words.
    #[must_use]
    pub fn lint_note(&self) -> String {
        self.lint.as_ref().map_or_else(|| "the record does not say what lint found".to_owned(), lint::text::counts)
    }

    /// Milliseconds spent pulling images, added up, and how many were pulled.
    #[must_use]
    pub fn pulls(&self) -> (u64, usize) {
        let pulled = self.images.iter().filter_map(|image| image.pulled_ms);
        (pulled.clone().sum(), pulled.count())
    }

    /// The slowest steps, slowest first.
    #[must_use]
    pub fn slowest(&self, most: usize) -> Vec<(&StepId, u64)> {
        let mut steps: Vec<_> = self
            .tiers
            .iter()
            .flat_map(|tier| &tier.steps)
            .filter_map(|step| Some((&step.id, step.ms.filter(|ms| *ms > 0)?)))
            .collect();
        steps.sort_by(|(one_id, one), (other_id, other)| other.cmp(one).then_with(|| one_id.cmp(other_id)));
        steps.truncate(most);
        steps
    }

    /// Each dependency in a few words, with what became of the tests that need it.
    #[must_use]
    pub fn dependencies(&self) -> Vec<String> {
        let line = |row: &DependencyRow| {
            let provided = match row.capabilities.as_slice() {
                [] => String::new(),
                some => format!(", provides {}", some.join(", ")),
            };
            let tests = match row.tests() {
                (0, _) => String::new(),
                (needed, ran) => format!(", {ran} of {needed} tests that need it ran"),
            };
            format!("{} {} ({}, stack {}{provided}{tests})", row.recipe, row.version, row.mode, row.stack)
        };
        self.providers.iter().map(line).collect()
    }
}

/// What a reader should know about how busy the machine was.
fn busy(evidence: &Evidence) -> Option<String> {
    let (name, value) = evidence.host.iter().find(|(name, _)| name == BUSY_MACHINE)?;
    Some(format!("{name}: {value}"))
}

fn tier_row(tier: Tier, plan: &Plan, evidence: &Evidence, verdict: &Verdict) -> TierRow {
    let judged = verdict.tier(tier);
    let planned = plan.tier(tier);
    let status = judged.map_or(Status::Unver, |judged| judged.status);
    let note = judged.and_then(|judged| match &judged.reason {
        Some(reason) => Some(reason.clone()),
        None if judged.notes.is_empty() => None,
        None => Some(judged.notes.join("; ")),
    });
    let steps = planned.map(|planned| &planned.steps).into_iter().flatten();
    TierRow {
        tier,
        status,
        span: evidence.tiers.get(&tier).copied().unwrap_or_default(),
        note,
        skip: planned.and_then(|planned| match &planned.disposition {
            Disposition::Run => None,
            Disposition::Skip { why, .. } => Some(*why),
        }),
        steps: steps.map(|step| step_row(&step.id, evidence, verdict)).collect(),
    }
}

fn step_row(id: &StepId, evidence: &Evidence, verdict: &Verdict) -> StepRow {
    let seen = evidence.steps.get(id);
    let found = verdict.tiers.iter().flat_map(|tier| &tier.findings).find(|found| found.step == *id);
    let (status, note) = match (found, seen.and_then(|seen| seen.outcome.as_ref())) {
        (Some(found), _) => (found.status, None),
        (None, Some(Outcome::Passed { note })) => (Status::Pass, note.clone()),
        (None, Some(Outcome::Skipped { reason })) => (Status::Skip, Some(reason.clone())),
        (None, Some(Outcome::Failed(_) | Outcome::Unverified(_)) | None) => (Status::Unver, None),
    };
    StepRow {
        id: id.clone(),
        status,
        began_ms: seen.and_then(|seen| seen.began_ms),
        ms: seen.and_then(|seen| seen.outcome.as_ref().map(|_| seen.ms)),
        note,
        finding: found.map(|found| found.finding.clone()),
        cases: evidence.cases.get(id).cloned().unwrap_or_default(),
    }
}

fn providers(plan: &Plan, evidence: &Evidence) -> Vec<DependencyRow> {
    let steps = || plan.tiers.iter().flat_map(|tier| &tier.steps);
    let ran = |id: &StepId| {
        evidence.outcome(id).is_some_and(|outcome| match outcome {
            Outcome::Passed { .. } | Outcome::Failed(_) => true,
            Outcome::Skipped { .. } | Outcome::Unverified(_) => false,
        })
    };
    let row = |dependency: &Dependency| DependencyRow {
        recipe: dependency.recipe.clone(),
        version: dependency.shown().to_owned(),
        mode: dependency.mode,
        why: dependency.why.clone(),
        stack: dependency.stack.clone(),
        capabilities: dependency.provides.iter().map(|taken| taken.capability.clone()).collect(),
        needed_by: steps()
            .filter(|step| step.action.as_test().is_some_and(|path| dependency.is_needed_by(path)))
            .map(|step| (step.id.clone(), ran(&step.id)))
            .collect(),
    };
    plan.dependencies.iter().map(row).collect()
}

fn promotion_ms(evidence: &Evidence) -> u64 {
    match &evidence.promotion {
        Some(PromotionSeen::Done(done)) => done.ms,
        Some(PromotionSeen::Begun | PromotionSeen::Refused { .. }) | None => 0,
    }
}

/// What became of the promotion, in words.
fn promotion(plan: &Plan, evidence: &Evidence) -> Option<String> {
    let none = |why: &str| format!("none: {why} (0 deploys)");
    match (&evidence.promotion, &plan.promotion) {
        (Some(PromotionSeen::Done(done)), _) => {
            let data = match done.volumes {
                0 => "no volumes".to_owned(),
                volumes => {
                    let (files, size) = (text::count(done.files, "file"), text::size(done.bytes));
                    format!("snapshot of {}, {files}, {size}", text::count(volumes, "volume"))
                }
            };
            let (version, secrets, took) = (&done.version, text::count(done.secrets, "secret"), text::seconds(done.ms));
            Some(format!("{version}: {data}, {secrets} kept, {took} ({} deploys)", done.deploys))
        }
        (Some(PromotionSeen::Refused { why }), _) => Some(none(why)),
        (Some(PromotionSeen::Begun), _) => Some("begun; the record does not say what came of it".to_owned()),
        (None, Promotion::No { why }) => Some(none(why)),
        (None, Promotion::NotEnrolled | Promotion::IfGreen { .. }) => None,
    }
}

fn deploys(plan: &Plan, evidence: &Evidence) -> Vec<DeployRow> {
    evidence
        .deploys
        .iter()
        .map(|(stack, purpose)| DeployRow {
            stack: stack.clone(),
            purpose: purpose.clone(),
            reason: plan.permits.iter().find(|grant| grant.purpose == *purpose).map(|grant| grant.reason.clone()),
        })
        .collect()
}
